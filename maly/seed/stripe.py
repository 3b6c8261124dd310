"""What people do on Stripe's pages, done by the sandbox's control calls."""

import json
import urllib.request
from typing import Any

from django.core.management.base import CommandError


class Stripe:
    """The sandbox's control calls; a real Stripe has none, so its demo begins without accounts and orders."""

    def __init__(self, base: str) -> None:
        if not base:
            raise CommandError(
                "This scenario needs the Stripe sandbox: unset STRIPE_SECRET_KEY, or seed `empty`."
            )
        self.base = base

    def complete_onboarding(self, account_id: str) -> None:
        """Fill in every page of an account's onboarding."""
        self._call(f"accounts/{account_id}", {"complete": True})

    def pay(self, session_id: str, card: str = "4242424242424242") -> dict[str, Any]:
        """Pay a Checkout Session with a test card."""
        return self._call(f"checkout/{session_id}/pay", {"card": card})

    def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  our own sandbox
            f"{self.base}/_sandbox/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return dict(json.load(answer))
