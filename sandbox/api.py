"""Answers requests under /v1/: log, faults, key, version, route, parameters, idempotency, the call, expansion."""

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import faults, params, resources
from sandbox.call import ROUTES, Call, Route
from sandbox.errors import StripeError, account_forbidden, invalid
from sandbox.expand import expand
from sandbox.faults import Fault, Faults
from sandbox.idempotency import IdempotencyKeys
from sandbox.ids import new_id
from sandbox.world import API_VERSION, PLATFORM, World

FORM = "application/x-www-form-urlencoded"
_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z_]+)?$")


@dataclass
class Request:
    """An HTTP request as it came in; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Response:
    """An HTTP response. `hold` and `drop`: a fault wants the connection held or closed instead of an answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    hold: bool = False
    drop: bool = False


class Api:
    """The /v1/ half of the sandbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.keys = IdempotencyKeys(world)
        resources.load_all()

    def handle(self, request: Request) -> Response:
        """Answer one request; it is logged whatever becomes of it."""
        entry = self._log(request)
        fault = self.faults.take(request.method, request.path)
        if fault and fault.effect in ("timeout", "drop_connection"):
            return Response(0, b"", hold=fault.effect == "timeout", drop=fault.effect == "drop_connection")
        if fault and fault.effect == "latency_ms":
            self._delayed_keys(request, fault)
        response = self._answer(request, entry, fault)
        if fault and fault.effect == "timeout_after_success":
            response.hold = True
        return response

    # The steps

    def _answer(self, request: Request, entry: dict[str, Any], fault: Fault | None) -> Response:
        request_id = new_id("req", 14)
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        try:
            error = faults.error_of(fault.effect) if fault else None
            if error:
                raise error
            status, body, more = self._execute(request, entry, request_id, fault)
            headers |= more
        except StripeError as error:
            status, body = error.status, json.dumps(error.body(), indent=2)
            headers |= error.headers
        key = request.headers.get("idempotency-key")
        if key and request.method == "POST":
            headers["Idempotency-Key"] = key
        if account := request.headers.get("stripe-account"):
            headers["Stripe-Account"] = account
        self._finish_log(entry, status, body, request_id)
        return Response(status, body.encode(), headers)

    def _execute(
        self, request: Request, entry: dict[str, Any], request_id: str, fault: Fault | None
    ) -> tuple[int, str, dict[str, str]]:
        key = _secret_key(request.headers)
        _check_version(request.headers.get("stripe-version"))
        route, arguments = _find_route(request)
        raw = _parameters(request)
        entry["params"] = raw
        self.world.witness("request", request.method, request.path, route.path, raw)
        account = self._account(request, key)
        idempotency_key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if not idempotency_key:
            return *self._run(request, route, arguments, raw, account, key, request_id, None), {}
        kept = self.keys.begin(account, idempotency_key, request.path, raw)
        if kept:
            return *kept, {"Idempotent-Replayed": "true"}
        try:
            _pause(fault)
            return *self._run(request, route, arguments, raw, account, key, request_id, idempotency_key), {}
        finally:
            self.keys.end(account, idempotency_key)

    def _run(
        self,
        request: Request,
        route: Route,
        arguments: dict[str, str],
        raw: dict[str, Any],
        account: str,
        key: str,
        request_id: str,
        idempotency_key: str | None,
    ) -> tuple[int, str]:
        """Check the parameters and make the call, in one transaction with what its key remembers."""
        checked = params.check(request.method.lower(), route.path, raw)
        expansions = checked.pop("expand", [])
        call = Call(self.world, request.method, request.path, route.path, arguments, checked, account, key)
        with self.world.state.transaction():
            self.world.request = {"id": request_id, "idempotency_key": idempotency_key}
            status = 200
            try:
                answer = expand(self.world.state, route.answer(call), expansions)
            except StripeError as error:
                if not (error.kept and idempotency_key):
                    raise
                answer, status = error.body(), error.status
            finally:
                self.world.request = {"id": None, "idempotency_key": None}
            body = json.dumps(answer, indent=2)
            if idempotency_key:
                self.keys.keep(account, idempotency_key, request.path, raw, status, body)
            return status, body

    def _account(self, request: Request, key: str) -> str:
        account = request.headers.get("stripe-account", "")
        if account == PLATFORM:
            return ""
        if account:
            found = self.world.state.get("account", account)
            if found is None or self.world.state.get("_revoked", account):
                raise account_forbidden(account, key)
        return account

    @staticmethod
    def _delayed_keys(request: Request, fault: Fault) -> None:
        # A request under a key waits inside its key's claim, so that a second one meets the first under way.
        if not (request.method == "POST" and request.headers.get("idempotency-key")):
            _pause(fault)

    # The log of requests

    def _log(self, request: Request) -> dict[str, Any]:
        names = ("idempotency_key", "stripe_account", "stripe_version")
        entry: dict[str, Any] = {
            "id": f"log_{time.time_ns()}_{new_id('log', 6)}",
            "method": request.method,
            "path": request.path,
            "params": {},
            "headers": {name: request.headers.get(name.replace("_", "-")) for name in names},
            "status": None,
            "response_id": None,
            "at": time.time(),
        }
        try:
            entry["params"] = params.decode(_text(request))
        except StripeError:
            # Unreadable parameters are answered with their error further on; the log shows the request without.
            entry["params"] = {}
        self.world.state.put("_request", entry["id"], entry)
        return entry

    def _finish_log(self, entry: dict[str, Any], status: int, body: str, request_id: str) -> None:
        with self.world.state.transaction():
            answer = json.loads(body)
            entry["status"] = status
            entry["response_id"] = answer.get("id") if isinstance(answer, dict) else None
            entry["request_id"] = request_id
            self.world.state.put("_request", entry["id"], entry)
            self.world.witness("answer", status, body)


def _pause(fault: Fault | None) -> None:
    if fault and fault.effect == "latency_ms":
        time.sleep(fault.value / 1000)


def _secret_key(headers: Mapping[str, str]) -> str:
    """Return the request's key; any test key will do, Bearer or Basic."""
    scheme, _space, credentials = headers.get("authorization", "").partition(" ")
    key = credentials.strip() if scheme.lower() == "bearer" else ""
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if not key:
        raise StripeError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if not key.startswith(("sk_test_", "rk_test_")) or len(key) < 10:
        raise StripeError(f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}", status=401)
    return key


def _check_version(version: str | None) -> None:
    if version and not _VERSION.match(version):
        raise StripeError(f"Invalid Stripe API version: {version}")


def _find_route(request: Request) -> tuple[Route, dict[str, str]]:
    parts = request.path.rstrip("/").split("/")
    for route in ROUTES:
        if route.method == request.method:
            arguments = route.match(parts)
            if arguments is not None:
                return route, arguments
    raise StripeError(
        f"Unrecognized request URL ({request.method}: {request.path}). Please see https://stripe.com/docs or we can "
        "help at https://support.stripe.com/.",
        status=404,
    )


def _parameters(request: Request) -> dict[str, Any]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and request.body and content_type not in ("", FORM):
        raise invalid(
            f"Invalid request (check that your POST content type is {FORM}). If you have questions, we can help at "
            "https://support.stripe.com/."
        )
    return params.decode(_text(request))


def _text(request: Request) -> str:
    try:
        return request.query if request.method in ("GET", "DELETE") else request.body.decode()
    except UnicodeDecodeError:
        raise invalid("Invalid request: the body is not UTF-8.") from None
