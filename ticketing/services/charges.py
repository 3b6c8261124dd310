"""What Stripe made of a charge: its transfer, its application fee, its own fee. All come after the charge itself."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from connect import gateway
from connect.errors import GatewayRefused, GatewayUnavailable
from connect.stripe_objects import Charge
from maly.crash import crash_point
from ticketing import postings
from ticketing.models import Payment
from ticketing.postings import review
from ticketing.services.orders import lock_payment

# Captures are asynchronous for Connect: null on the fresh charge, then `charge.updated`, else this sweep.
MISSING_AFTER = timedelta(minutes=2)


def record_charge_money(charge_id: str) -> Payment | None:
    """Fetch a charge and keep its transfer, fee and balance transaction ids and Stripe's fee (minor units).

    None when it is no charge of ours, or of a payment that isn't settled yet. Amounts that Stripe decides are read from
    its objects, never recomputed. Safe to call twice. Raises GatewayUnavailable, GatewayRefused.
    """
    charge = gateway.retrieve_charge(charge_id)
    crash_point("charge.fetched")
    if charge.payment_intent_id is None:
        return None
    payment = Payment.objects.filter(payment_intent_id=charge.payment_intent_id).first()
    if payment is None:
        return None
    with transaction.atomic():
        order, payment = lock_payment(payment.pk, payment.order_id)
        payment.save(update_fields=note_charge(payment, charge))
        if payment.succeeded_at is not None:
            postings.sale(order, payment, at=charge.created_at)
            postings.charge_money(order, payment, at=charge.created_at)
        elif payment.received is not None:
            review.review_received(order, payment, at=charge.created_at)
    crash_point("charge.recorded")
    return payment


def with_charge_money(payment: Payment) -> Payment:
    """The payment with the ids of its transfer and application fee, asked for where they weren't known yet.

    Raises GatewayUnavailable, GatewayRefused.
    """
    if payment.transfer_id and (payment.application_fee_id or not payment.charged_fee_amount):
        return payment
    return _record(payment) or payment


def record_missing_charge_money(*, now: datetime | None = None, limit: int = 100) -> int:
    """Ask again about charges whose money is unknown 2 minutes after they were paid; returns how many are known."""
    before = (now or timezone.now()) - MISSING_AFTER
    unknown = Payment.objects.filter(stripe_fee_amount__isnull=True, payment_intent_id__isnull=False)
    paid = unknown.filter(status=Payment.Status.SUCCEEDED, succeeded_at__lte=before)
    in_review = unknown.filter(status=Payment.Status.REVIEW, received__isnull=False)
    recorded = 0
    for asked in [*paid.order_by("succeeded_at")[:limit], *in_review.order_by("pk")[:limit]]:
        try:
            payment = _record(asked)
        except (GatewayUnavailable, GatewayRefused):
            continue
        recorded += bool(payment and payment.stripe_fee_amount is not None)
    return recorded


def _record(payment: Payment) -> Payment | None:
    """Record the money of a payment's charge; one that its session didn't tell of yet is asked for there."""
    charge_id = payment.charge_id
    if charge_id is None and payment.session_id:
        intent = gateway.retrieve_session(payment.session_id).payment_intent
        charge_id = intent.charge.id if intent and intent.charge else None
    return record_charge_money(charge_id) if charge_id else None


def note_charge(payment: Payment, charge: Charge) -> list[str]:
    """Copy what the charge knows by now onto the payment; returns the fields to save. Never takes anything back."""
    payment.charge_id = charge.id
    facts = {
        "transfer_id": charge.transfer_id,
        "application_fee_id": charge.application_fee_id,
        "balance_transaction_id": charge.balance_transaction_id,
        "stripe_fee_amount": charge.stripe_fee_amount,
        "card_brand": charge.card_brand,
        "card_last4": charge.card_last4,
    }
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    for name, value in known.items():
        setattr(payment, name, value)
    return ["charge_id", *known]
