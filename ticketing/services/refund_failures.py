"""A refund that the buyer's bank sent back: order, tickets and books as before, and what staff have to do."""

import logging
from collections import Counter

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from connect.stripe_objects import Refund as StripeRefund
from maly.money import format_amount
from ticketing import postings
from ticketing.models import Order, OrganizerReceivable, Payment, Refund, Ticket
from ticketing.services import stock

logger = logging.getLogger(__name__)
NOT_SEATED = "The tickets stay cancelled: their seats are gone."


def undo_refund(order: Order, payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    """Restore what a failed refund changed, everything locked; Stripe doesn't undo reversal and fee: staff's to do."""
    refund.status = Refund.Status.FAILED
    refund.failure_reason = answer.failure_reason or answer.status
    refund.needs_staff = True
    postings.refund_failed(refund, at=timezone.now())
    taken = _close_receivable(refund)
    is_seated = _restore_tickets(order, refund)
    refund.staff_reason = _in_words(refund, taken) + ("" if is_seated else f" {NOT_SEATED}")
    refund.save(update_fields=["status", "failure_reason", "needs_staff", "staff_reason"])
    _restore_order(order, payment, refund)
    audit.record(
        "order.refund_failed",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor_kind="webhook",
        after={"refund": refund.code, "amount": refund.amount, "currency": refund.currency},
        reason=refund.failure_reason,
    )
    logger.error("refund_failed refund=%s reason=%s", refund.code, refund.failure_reason)


def settle_refund(refund: Refund, *, actor: User) -> bool:
    """Say that what a refund needed staff for is done; False when it needed nobody."""
    with transaction.atomic():
        refund = Refund.objects.select_for_update(of=("self",)).select_related("order").get(pk=refund.pk)
        if not refund.needs_staff:
            return False
        refund.needs_staff = False
        refund.save(update_fields=["needs_staff"])
        audit.record(
            "refund.settled_by_staff",
            organization=refund.order.organization,
            subject=f"order:{refund.order.code}",
            actor=actor,
            actor_kind="staff",
            after={"refund": refund.code},
            reason=refund.staff_reason,
        )
    return True


def _close_receivable(refund: Refund) -> int:
    """Nothing more is owed for it; what its organizer has lost to it so far, in minor units."""
    receivable = OrganizerReceivable.objects.select_for_update().filter(refund=refund).first()
    if receivable is None:
        return refund.from_organizer_amount
    receivable.amount = receivable.settled_amount
    receivable.save(update_fields=["amount"])
    return receivable.settled_amount


def _restore_tickets(order: Order, refund: Refund) -> bool:
    """Make the tickets valid again if their seats are still there; False when they were sold to somebody else."""
    voided = list(refund.voided.filter(is_live=True).select_related("ticket"))
    if not voided:
        return True
    quantities = Counter(row.ticket.ticket_type_id for row in voided)
    for row in voided:
        row.ticket.status, row.ticket.payment_status = row.former_status, row.former_payment_status
    try:
        with transaction.atomic():
            Ticket.objects.bulk_update([row.ticket for row in voided], ["status", "payment_status"])
            if not stock.take_back(order.event_id, quantities, restock=refund.restock):
                raise stock.StockMoved
    except stock.StockMoved:
        return False
    refund.voided.update(is_live=False)
    return True


def _restore_order(order: Order, payment: Payment, refund: Refund) -> None:
    is_late = payment.refunds.filter(origin=Refund.Origin.LATE_PAYMENT).exists()
    if is_late:
        payment.status, payment.review_reason = Payment.Status.REVIEW, refund.staff_reason
        payment.save(update_fields=["status", "review_reason"])
        if order.status != Order.Status.REFUNDED or order.tickets.exists():
            return
    order.refunded_amount -= refund.amount
    if is_late:
        order.status = Order.Status.EXPIRED
    elif order.status != Order.Status.DISPUTED:
        order.status = _status_of(order)
    order.save(update_fields=["status", "refunded_amount"])


def _status_of(order: Order) -> str:
    if not order.refunded_amount:
        return Order.Status.PAID
    has_live = order.tickets.exclude(status=Ticket.Status.CANCELLED).exists()
    return Order.Status.PARTLY_REFUNDED if has_live else Order.Status.REFUNDED


def _in_words(refund: Refund, taken: int) -> str:
    amount = format_amount(refund.amount, refund.currency)
    words = (
        f"The refund of {amount} came back: {refund.failure_reason}. The buyer has to be paid another way."
    )
    if taken:
        lost = format_amount(taken, refund.currency)
        words += f" {lost} was taken from the organizer for it: send it a transfer of as much."
    return words
