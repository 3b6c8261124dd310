"""What the tests of billing share: the two plans, a subscriber, and short names for what they look at."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from sandbox.server import Sandbox

DAY = 24 * 3600
FAILING = "4000000000000341"


@dataclass
class Billing:
    """Two plans, $29 a month and $290 a year, and whoever subscribes to them."""

    sandbox: Sandbox
    client: stripe.StripeClient
    monthly: Any
    yearly: Any

    def session(self, **more: Any) -> Any:
        """Open a session for the monthly plan."""
        params: dict[str, Any] = {
            "mode": "subscription",
            "line_items": [{"price": self.monthly.id, "quantity": 1}],
            "success_url": "http://product.test/premium/success?session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://product.test/premium/?canceled=true",
            "client_reference_id": "7",
            "subscription_data": {"metadata": {"user_id": "7"}},
        }
        return self.client.v1.checkout.sessions.create(params | more)  # type: ignore[arg-type]

    def subscribe(self, **more: Any) -> Any:
        """Subscribe a new customer to the monthly plan and settle."""
        customer = self.client.v1.customers.create({"email": "ada@example.com", "name": "Ada Obi"})
        session = self.session(customer=customer.id, **more)
        self.sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay")
        self.sandbox.pump()
        return self.subscription(self.client.v1.checkout.sessions.retrieve(session.id).subscription)

    def subscription(self, one: Any) -> Any:
        """Return a subscription as it is now."""
        return self.client.v1.subscriptions.retrieve(getattr(one, "id", one))

    def invoice(self, one: Any) -> Any:
        """Return a subscription's newest invoice."""
        return self.client.v1.invoices.retrieve(self.subscription(one).latest_invoice)

    def customer(self, one: Any) -> Any:
        """Return a subscription's customer."""
        return self.client.v1.customers.retrieve(one.customer)

    def advance(self, one: Any, payment: str | None = "succeeds") -> Any:
        """Advance a subscription and settle; returns it as it is then."""
        body = {"advance": True} | ({"payment": payment} if payment else {})
        status, answer = self.sandbox.control("POST", f"/_sandbox/subscriptions/{one.id}", body)
        assert status == 200, answer
        self.sandbox.pump()
        return self.subscription(one)

    def set_card(self, one: Any, card: str) -> None:
        """Give a subscription another card."""
        status, answer = self.sandbox.control("POST", f"/_sandbox/subscriptions/{one.id}", {"card": card})
        assert status == 200, answer

    def move(self, seconds: float) -> None:
        """Move the clock on and settle."""
        self.sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": seconds})
        self.sandbox.pump()

    def switch(self, one: Any, price: Any, **more: Any) -> Any:
        """Change a subscription's price, charged at once."""
        params: Any = {
            "items": [{"id": item(one).id, "price": price.id}],
            "proration_behavior": "always_invoice",
        }
        return self.client.v1.subscriptions.update(one.id, params | more)

    def preview(self, one: Any, price: Any, **more: Any) -> Any:
        """Return the invoice that a change would make."""
        details = {
            "items": [{"id": item(one).id, "price": price.id}],
            "proration_behavior": "always_invoice",
        } | more
        params: Any = {"subscription": one.id, "subscription_details": details}
        return self.client.v1.invoices.create_preview(params)

    def new_events(self, seen: int) -> list[str]:
        """Return the types of the events since there were so many."""
        return [event["type"] for event in self.sandbox.world.state.values("event")[seen:]]

    def count_events(self) -> int:
        """Return how many events there are."""
        return len(self.sandbox.world.state.values("event"))


def item(one: Any) -> Any:
    """Return a subscription's item."""
    return one["items"]["data"][0]


def period(one: Any) -> tuple[int, int]:
    """Return a subscription's current period."""
    return item(one).current_period_start, item(one).current_period_end


def utc(*parts: int) -> int:
    """Return the Unix time of a moment in UTC."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]
