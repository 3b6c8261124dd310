"""What Stripe's events mean for orders. An event is a hint: the object is fetched anew and our rows converge to it."""

from connect.errors import Ignored, NotYetKnown
from connect.models import StripeEvent
from connect.registry import on
from ticketing.models import Payment
from ticketing.services.charges import record_charge_money
from ticketing.services.disputes import sync_dispute
from ticketing.services.fulfillment import note_decline, settle_payment
from ticketing.services.orders import UNDER_WAY
from ticketing.services.receivables import recover_from_organization
from ticketing.services.refund_sweeps import sync_refund, sync_refunds_of


@on(
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    endpoint="platform",
)
def settle_session(event: StripeEvent) -> None:
    if event.payload["data"]["object"].get("mode") != "payment":
        raise Ignored("not a payment for tickets")
    if settle_payment(event.object_id) is None:
        raise Ignored("not a session of ours")


@on("payment_intent.payment_failed", endpoint="platform")
def note_declined_payment(event: StripeEvent) -> None:
    intent = event.payload["data"]["object"]
    code = (intent.get("metadata") or {}).get("order", "")
    error = intent.get("last_payment_error") or {}
    if not note_decline(code, failure_code=error.get("decline_code") or error.get("code") or ""):
        raise Ignored("no order of ours waits for this payment")


@on("charge.updated", endpoint="platform")
def record_charge(event: StripeEvent) -> None:
    payment = record_charge_money(event.object_id)
    if payment is not None:
        recover_from_organization(payment.order.organization_id)
        return
    code = (event.payload["data"]["object"].get("metadata") or {}).get("order", "")
    if Payment.objects.filter(order__code=code).exists():
        raise NotYetKnown("the payment isn't settled yet")
    raise Ignored("not a charge of ours")


@on("refund.created", "refund.updated", "refund.failed", endpoint="platform")
def record_refund(event: StripeEvent) -> None:
    refund = event.payload["data"]["object"]
    if sync_refund(event.object_id) is None:
        _explain_unknown_refund(refund.get("payment_intent") or "")


@on("charge.refunded", endpoint="platform")
def record_refunds_of_charge(event: StripeEvent) -> None:
    charge = event.payload["data"]["object"]
    if not sync_refunds_of(event.object_id):
        code = (charge.get("metadata") or {}).get("order", "")
        # Paid and refunded before we heard of either: the payment doesn't know its intent yet.
        if Payment.objects.filter(order__code=code, payment_intent_id=None, status__in=UNDER_WAY).exists():
            raise NotYetKnown("the payment isn't settled yet")
        _explain_unknown_refund(charge.get("payment_intent") or "")


@on(
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    endpoint="platform",
)
def follow_dispute(event: StripeEvent) -> None:
    dispute = event.payload["data"]["object"]
    if sync_dispute(event.object_id) is None:
        if Payment.objects.filter(payment_intent_id=dispute.get("payment_intent") or "").exists():
            raise NotYetKnown("the payment isn't settled yet")
        raise Ignored("not a dispute of ours")


def _explain_unknown_refund(payment_intent_id: str) -> None:
    payment = Payment.objects.filter(payment_intent_id=payment_intent_id).first()
    if payment is not None and payment.status in UNDER_WAY:
        raise NotYetKnown("the payment isn't settled yet")
    raise Ignored("not a refund of ours")
