"""What people do on Stripe's pages, done by the sandbox's control calls."""

import json
import urllib.error
import urllib.request
from typing import Any


class Refused(Exception):  # noqa: N818
    """Raised when the sandbox won't; the message is its answer."""


class Stripe:
    """The sandbox's control calls; a real Stripe has none, so its demo begins without accounts and orders."""

    def __init__(self, base: str) -> None:
        self.base = base

    def end_onboarding(self, account_id: str, outcome: str = "verified") -> None:
        """Go through the pages of an account's onboarding, to one of the sandbox's outcomes."""
        self._call(f"accounts/{account_id}", {"outcome": outcome})

    def pay(self, session_id: str, card: str = "4242424242424242") -> dict[str, Any]:
        """Pay a Checkout Session with a test card."""
        return self._call(f"checkout/{session_id}/pay", {"card": card})

    def dispute(self, charge_id: str, *, reason: str, days: int) -> str:
        """Have the buyer's bank dispute a charge, to be answered within so many days; the dispute's id."""
        answer = self._call(f"charges/{charge_id}/dispute", {"reason": reason, "days": days})
        return str(answer["id"])

    def pay_out(self, account_id: str, **outcome: str) -> str:
        """Pay out what is available at once, or fail to; the payout's id."""
        return str(self._call("payouts", {"account": account_id, **outcome})["id"])

    def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  our own sandbox
            f"{self.base}/_sandbox/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            raise Refused(error.read().decode()) from None
