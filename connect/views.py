"""Where Stripe posts its events."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connect.errors import BadWebhook
from connect.services.inbox import store_event
from connect.tasks import process_stripe_event
from maly.poke import poke

LARGEST_BODY = 512 * 1024


@login_not_required
@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest, endpoint: str) -> HttpResponse:
    """Verify, store, answer: 200 once the event is safe, 503 when it isn't, so that Stripe sends it again."""
    if _length(request) > LARGEST_BODY or len(request.body) > LARGEST_BODY:
        return _refuse(413, "too_large", "An event has 512 KB at most.")
    try:
        event_pk = store_event(endpoint, request.body, request.headers.get("Stripe-Signature", ""))
    except BadWebhook as error:
        return _refuse(error.status, error.code, error.detail)
    except (OperationalError, InterfaceError):
        return _refuse(503, "unavailable", "The event couldn't be stored. Send it again.")
    if event_pk is not None:
        poke(process_stripe_event, event_pk)
    return JsonResponse({"received": True})


def _length(request: HttpRequest) -> int:
    stated: Any = request.META.get("CONTENT_LENGTH") or 0
    return int(stated) if str(stated).isdecimal() else 0


def _refuse(status: int, code: str, detail: str) -> HttpResponse:
    kind = "server_error" if status >= 500 else "client_error"
    body = {"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]}
    return JsonResponse(body, status=status, headers={"Retry-After": "30"} if status == 503 else {})
