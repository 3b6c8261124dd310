"""The webhook endpoints that events are delivered to, and which types each of them listens to."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.state import StripeObject
from sandbox.world import API_VERSION

PLATFORM_EVENTS = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "charge.updated",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice.payment_failed",
    "payment_intent.payment_failed",
    "payout.canceled",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "payout.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
CONNECT_EVENTS = (
    "account.application.deauthorized",
    "account.updated",
    "capability.updated",
    "payout.canceled",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "payout.updated",
)


@dataclass(frozen=True)
class Endpoint:
    """A receiver of events: of the platform's own, or (`connect`) of its connected accounts'."""

    id: str
    url: str
    secret: str
    connect: bool
    enabled_events: tuple[str, ...]
    created: int

    def takes(self, event_type: str, account: str) -> bool:
        """Tell whether an event of this type and account ('' the platform) is delivered here."""
        if self.connect != bool(account):
            return False
        return self.enabled_events == ("*",) or event_type in self.enabled_events

    def as_object(self) -> StripeObject:
        """Return the endpoint as the API shows it; the secret is shown to nobody."""
        return {
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": API_VERSION,
            "application": None,
            "created": self.created,
            "description": None,
            "enabled_events": list(self.enabled_events),
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            "url": self.url,
        }


def make_endpoints(endpoints: Iterable[tuple[str, str, bool]]) -> list[Endpoint]:
    """Return endpoints for (url, secret, connect), each listening to the events that the product handles.

    Ids follow the place in the list, so that deliveries kept in the journal find their endpoint after a restart.
    """
    now = int(time.time())
    return [
        Endpoint(
            f"we_sandbox{place}", url, secret, connect, CONNECT_EVENTS if connect else PLATFORM_EVENTS, now
        )
        for place, (url, secret, connect) in enumerate(endpoints, start=1)
    ]
