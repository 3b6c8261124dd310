"""What Stripe's events mean for Premium. An event is a hint: the object is fetched anew and our rows converge to it."""

from connect.errors import Ignored
from connect.models import StripeEvent
from connect.registry import on
from premium.services.checkouts import sync_session
from premium.services.disputes import sync_dispute
from premium.services.invoices import record_charge, record_invoice
from premium.services.refunds import sync_refund, sync_refunds_of
from premium.services.subscriptions import sync_subscription


@on(
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    endpoint="platform",
)
def follow_checkout(event: StripeEvent) -> None:
    if event.payload["data"]["object"].get("mode") != "subscription":
        raise Ignored("not a session for Premium")
    if sync_session(event.object_id) is None:
        raise Ignored("not a session of ours")


@on(
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    endpoint="platform",
)
def follow_subscription(event: StripeEvent) -> None:
    if sync_subscription(event.object_id) is None:
        raise Ignored("not a subscription of ours")


@on("invoice.paid", "invoice.payment_failed", endpoint="platform")
def follow_invoice(event: StripeEvent) -> None:
    invoice = record_invoice(event.object_id)
    if invoice is None:
        raise Ignored("not an invoice of ours")
    if invoice.stripe_subscription_id:
        sync_subscription(invoice.stripe_subscription_id)


@on("charge.updated", endpoint="platform")
def follow_charge(event: StripeEvent) -> None:
    if record_charge(_payment_intent(event)) is None:
        raise Ignored("not a charge of an invoice")


@on("refund.created", "refund.updated", "refund.failed", endpoint="platform")
def follow_refund(event: StripeEvent) -> None:
    if sync_refund(event.object_id) is None:
        raise Ignored("not a refund of an invoice")


@on("charge.refunded", endpoint="platform")
def follow_refunds_of_charge(event: StripeEvent) -> None:
    if not sync_refunds_of(_payment_intent(event)):
        raise Ignored("not a charge of an invoice")


@on(
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    endpoint="platform",
)
def follow_dispute(event: StripeEvent) -> None:
    if sync_dispute(event.object_id) is None:
        raise Ignored("not a dispute of an invoice")


def _payment_intent(event: StripeEvent) -> str:
    return event.payload["data"]["object"].get("payment_intent") or ""
