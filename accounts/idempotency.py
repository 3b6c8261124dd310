"""`Idempotency-Key` for API views."""

import hashlib
import json
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import Claim, KeptAnswer, claim_key, hash_request, keep_answer
from maly.errors import Invalid

HEADER = "Idempotency-Key"
LONGEST_KEY = 255


class Replay(Exception):  # noqa: N818
    """Raised to leave the view with the kept answer."""

    def __init__(self, answer: KeptAnswer) -> None:
        self.answer = answer


class IdempotentMixin(APIView):
    """Stands before APIView in the bases of a view whose POST moves money or stock.

    A request without the header is untouched. The key is claimed after authentication and throttling, and whatever the
    view answers is kept, refusals too. `self.idempotency` is the caller and the key, for services that store them.
    """

    idempotency: tuple[str, str] | None = None
    _claim: Claim | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None:
            return
        if not key.strip() or not key.isprintable() or len(key) > LONGEST_KEY:
            raise Invalid(
                _("%(header)s must have 1 to %(longest_key)s printable characters.")
                % {"header": HEADER, "longest_key": LONGEST_KEY}
            )
        self.idempotency = (self.idempotency_caller(request), key)
        request_hash = hash_request("POST", request.path, request.data)
        outcome = claim_key(self.idempotency[0], key=key, request_hash=request_hash)
        if isinstance(outcome, KeptAnswer):
            raise Replay(outcome)
        self._claim = outcome

    def idempotency_caller(self, request: Request) -> str:
        """Whose key it is: the user's, or a guest's, known by the email in the body, else by the link they follow."""
        if request.user.is_authenticated:
            return f"user:{request.user.pk}"
        email = request.data.get("email") if isinstance(request.data, dict) else None
        who = email.strip().lower() if isinstance(email, str) else request.get_full_path()
        return f"guest:{hashlib.sha256(who.encode()).hexdigest()}"

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replay):
            return Response(exc.answer.body, exc.answer.status, headers={"Idempotent-Replayed": "true"})
        try:
            return super().handle_exception(exc)
        except Exception:
            self._keep(500, None)
            raise

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        self._keep(response.status_code, getattr(response, "data", None))
        return response

    def _keep(self, status: int, data: Any) -> None:
        if self._claim is None:
            return
        body = None if data is None else json.loads(JSONRenderer().render(data))
        keep_answer(self._claim, status=status, body=body)
        self._claim = None
