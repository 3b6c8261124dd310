"""Signed webhooks as Stripe sends them, for tests."""

import hashlib
import hmac
import json
import time
from typing import Any

from django.http import HttpResponse
from django.test import Client

PLATFORM = "/api/webhooks/stripe"
CONNECT = "/api/webhooks/stripe/connect"
SECRETS = {PLATFORM: "whsec_test_platform"}
CONNECT_SECRET = "whsec_test_connect"


def make_event(type_: str = "account.updated", **changes: Any) -> dict[str, Any]:
    """An event of a connected account, in Stripe's shape."""
    account = changes.pop("account", "acct_1Example00000000")
    event = {
        "id": "evt_1Example",
        "object": "event",
        "type": type_,
        "api_version": "2026-08-26.dahlia",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "data": {"object": {"id": account or "obj_1", "object": "account"}},
    }
    return {**event, **({"account": account} if account else {}), **changes}


def sign(body: bytes, secret: str, *, at: int | None = None) -> str:
    """The `Stripe-Signature` header."""
    stamp = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


def deliver(
    event: Any, *, path: str = CONNECT, secret: str | None = None, signature: str | None = None
) -> HttpResponse:
    """Post an event (or a raw body) to an endpoint, signed with its secret."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    if signature is None:
        signature = sign(body, secret or SECRETS.get(path, CONNECT_SECRET))
    client = Client(headers={"Stripe-Signature": signature})
    return client.post(path, body, content_type="application/json")
