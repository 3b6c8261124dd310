"""Asking Stripe for a refund that is written down: under its key, again when no answer came, otherwise when refused."""

import logging
import uuid

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.services import audit
from connect import refund_calls
from connect.errors import GatewayError, GatewayRefused, GatewayUnavailable
from connect.stripe_objects import Refund as StripeRefund
from maly.crash import crash_point
from ticketing.models import Payment, Refund
from ticketing.services.fee_refunds import give_fee_back
from ticketing.services.receivables import recover_receivable
from ticketing.services.refund_records import lock_refund, record_refund
from ticketing.services.sessions import lease_time

logger = logging.getLogger(__name__)


def carry_out_refund(refund_id: int) -> Refund:
    """Ask Stripe for a requested refund under its key and record the answer; then the fee and what is owed.

    Safe to call twice and beside itself. Where the organizer's balance is short, the refund is made without reversal.
    """
    refund = _claim(refund_id)
    if refund is None:
        return Refund.objects.get(pk=refund_id)
    try:
        try:
            answer = _ask(refund)
        except refund_calls.BalanceShort:
            refund = _go_without_reversal(refund)
            answer = _ask(refund)
    except GatewayRefused as error:
        return _refuse(refund, error)
    except GatewayUnavailable:
        logger.warning("refund_unknown refund=%s", refund.code)
        Refund.objects.filter(pk=refund.pk).update(lease_until=None)
        return refund
    crash_point("refund.created")
    recorded = record_refund(answer)
    assert recorded is not None, refund.code
    crash_point("refund.recorded")
    finish_refund(recorded)
    return recorded


def finish_refund(refund: Refund) -> None:
    """Do what comes after a refund: the exact fee, and the organizer's part where it wasn't reversed at once."""
    for fee_refund in refund.fee_refunds.filter(status="requested"):
        give_fee_back(fee_refund.pk)
    receivable = getattr(refund, "receivable", None)
    if receivable is not None:
        recover_receivable(receivable.pk)


def learn_refunds(payment: Payment) -> None:
    """Record what Stripe knows of a payment's refunds and we don't; a Stripe that is away is asked by a sweep."""
    try:
        for known in refund_calls.list_refunds(payment_intent_id=payment.payment_intent_id):
            if not Refund.objects.filter(stripe_refund_id=known.id).exists():
                record_refund(refund_calls.retrieve_refund(known.id))
    except GatewayError as error:
        logger.warning("refunds_not_learned payment=%s error=%s", payment.pk, type(error).__name__)


def _claim(refund_id: int) -> Refund | None:
    """Take the lease on a requested refund; None while somebody else has it, or when it is decided."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    mine = Refund.objects.filter(free, pk=refund_id, status=Refund.Status.REQUESTED)
    # Two calls at most, each tried as often as the gateway does.
    if not mine.update(lease_until=now + 2 * lease_time()):
        return None
    return Refund.objects.select_related("order", "payment").get(pk=refund_id)


def _ask(refund: Refund) -> StripeRefund:
    """Make the call of a refund's row; one whose key Stripe may have forgotten is looked up first."""
    payment = refund.payment
    assert payment.payment_intent_id is not None, refund.code
    assert refund.idempotency_key is not None, refund.code
    if refund.created_at < timezone.now() - refund_calls.KEY_IS_KNOWN_FOR:
        made = refund_calls.list_refunds(payment_intent_id=payment.payment_intent_id)
        for known in made:
            if known.code == refund.code:
                return refund_calls.retrieve_refund(known.id)
    return refund_calls.create_refund(
        payment_intent_id=payment.payment_intent_id,
        amount=refund.amount,
        reverse_transfer=refund.reverse_transfer,
        refund_application_fee=refund.refund_application_fee if payment.charged_fee_amount else None,
        code=refund.code,
        order_code=refund.order.code,
        idempotency_key=refund.idempotency_key,
    )


def _go_without_reversal(refund: Refund) -> Refund:
    """The same refund as another call, with a key of its own: the organizer's balance is too short for its part.

    Where an outcome is unknown, the key stays and the call is repeated; a new attempt would be a new row. Here the
    outcome is known: Stripe has refused, nothing was done, and it gives the same answer to that key for as long as it
    knows it. So the row goes on with a new key. The lease keeps a second worker away, and the row changes only if it
    still has the key that was refused. A row of its own would double the buyer's one refund in every list, and let
    go of its tickets in between.
    """
    with transaction.atomic():
        _, _, locked = lock_refund(refund.pk)
        if locked.idempotency_key == refund.idempotency_key and locked.reverse_transfer:
            locked.reverse_transfer = locked.refund_application_fee = False
            locked.idempotency_key = f"refund-{uuid.uuid4()}"
            locked.save(update_fields=["reverse_transfer", "refund_application_fee", "idempotency_key"])
    logger.warning("refund_without_reversal refund=%s", refund.code)
    crash_point("refund.without_reversal")
    return Refund.objects.select_related("order", "payment").get(pk=refund.pk)


def _refuse(refund: Refund, error: GatewayRefused) -> Refund:
    """Keep what Stripe refused; its tickets are free again. Maybe somebody refunded in Stripe's dashboard: look."""
    with transaction.atomic():
        order, payment, refund = lock_refund(refund.pk)
        if refund.status != Refund.Status.REQUESTED:
            return refund
        refund.status, refund.failure_reason, refund.lease_until = Refund.Status.REFUSED, error.message, None
        if refund.origin == Refund.Origin.LATE_PAYMENT:
            refund.needs_staff = True
            refund.staff_reason = f"Stripe refused the refund of a late payment: {error.message}"
            payment.status, payment.review_reason = Payment.Status.REVIEW, refund.staff_reason
            payment.save(update_fields=["status", "review_reason"])
        refund.save()
        refund.voided.update(is_live=False)
        audit.record(
            "order.refund_refused",
            organization=order.organization,
            subject=f"order:{order.code}",
            after={"refund": refund.code, "amount": refund.amount, "currency": refund.currency},
            reason=error.message,
        )
    logger.error("refund_refused refund=%s code=%s", refund.code, error.code)
    learn_refunds(payment)
    return refund
