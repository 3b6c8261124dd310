"""What Stripe's events mean for orders. An event is a hint: the object is fetched anew and our rows converge to it."""

from connect.errors import Ignored, NotYetKnown
from connect.models import StripeEvent
from connect.registry import on
from ticketing.models import Payment
from ticketing.services.charges import record_charge_money
from ticketing.services.fulfillment import note_decline, settle_payment


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
    if record_charge_money(event.object_id) is not None:
        return
    code = (event.payload["data"]["object"].get("metadata") or {}).get("order", "")
    if Payment.objects.filter(order__code=code).exists():
        raise NotYetKnown("the payment isn't settled yet")
    raise Ignored("not a charge of ours")
