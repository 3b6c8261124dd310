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
    crash_point("charge.recorded")
    return payment


def with_charge_money(payment: Payment) -> Payment:
    """The payment with the ids of its transfer and application fee, asked for where they weren't known yet.

    Raises GatewayUnavailable, GatewayRefused.
    """
    if payment.transfer_id and (payment.application_fee_id or not payment.application_fee_amount):
        return payment
    assert payment.charge_id is not None, payment.pk
    return record_charge_money(payment.charge_id) or payment


def record_missing_charge_money(*, now: datetime | None = None, limit: int = 100) -> int:
    """Ask again about charges whose money is unknown 2 minutes after they were paid; returns how many are known."""
    before = (now or timezone.now()) - MISSING_AFTER
    waiting = Payment.objects.filter(
        status=Payment.Status.SUCCEEDED,
        stripe_fee_amount__isnull=True,
        succeeded_at__lte=before,
        charge_id__isnull=False,
    )
    recorded = 0
    for charge_id in waiting.order_by("succeeded_at").values_list("charge_id", flat=True)[:limit]:
        assert charge_id is not None
        try:
            payment = record_charge_money(charge_id)
        except (GatewayUnavailable, GatewayRefused):
            continue
        recorded += bool(payment and payment.stripe_fee_amount is not None)
    return recorded


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
