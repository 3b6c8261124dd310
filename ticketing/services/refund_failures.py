"""A refund that the buyer's bank sent back: order, tickets and books as before, and what staff do about it."""

import logging
from collections import Counter
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from connect.stripe_objects import Refund as StripeRefund
from maly.crash import crash_point
from maly.money import format_amount
from ticketing import postings
from ticketing.errors import NothingTaken, OrganizerNotWhole, RefundUnderWay
from ticketing.models import Order, OrganizerReceivable, OrganizerTransfer, Payment, Refund, Ticket
from ticketing.services import stock
from ticketing.services.orders import lock_payment
from ticketing.services.refundable import status_by_refunds
from ticketing.services.transfers import carry_out_transfer, write_transfer
from ticketing.services.write_offs import undo_write_offs

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


def make_organizer_whole(refund: Refund, *, actor: User) -> OrganizerTransfer:
    """Send the organizer what a failed refund has taken from it: the reversals less the fee that it got back.

    Once, however often it is asked for: the transfer that was written first is the answer. Then organizer and platform
    stand as before the refund, to the cent. A transfer without an answer yet is the sweep's. Raises NothingTaken, and
    RefundUnderWay while a reversal or fee refund of it is on its way.
    """
    with transaction.atomic():
        order, payment = lock_payment(refund.payment_id, refund.order_id)
        refund = Refund.objects.select_for_update().get(pk=refund.pk)
        sent = _find_or_write(order, payment, refund, actor)
    crash_point("made_whole.requested")
    carry_out_transfer(sent.pk)
    sent.refresh_from_db()
    return sent


def taken_from_organizer(refund: Refund) -> int:
    """What a refund has taken from its organizer at Stripe and no transfer, made or under way, gives back.

    Minor units; nothing for a payment in review, of which nothing is the organizer's.
    """
    if refund.payment.succeeded_at is None:
        return 0
    taken = _sum(refund.reversals.filter(status="succeeded"))
    given = _sum(refund.fee_refunds.filter(status="succeeded"))
    return taken - given - _sum(refund.organizer_transfers.exclude(status="refused"))


def settle_refund(refund: Refund, *, actor: User) -> bool:
    """Say that what a refund needed staff for is done, as the buyer is paid; False when it needed nobody.

    Raises OrganizerNotWhole while a failed refund's money is still missing on the organizer's side.
    """
    with transaction.atomic():
        lock_payment(refund.payment_id, refund.order_id)
        refund = Refund.objects.select_for_update(of=("self",)).select_related("order").get(pk=refund.pk)
        if not refund.needs_staff:
            return False
        if refund.status == Refund.Status.FAILED and _is_owed_a_transfer(refund):
            raise OrganizerNotWhole
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


def _find_or_write(order: Order, payment: Payment, refund: Refund, actor: User) -> OrganizerTransfer:
    under_way = refund.organizer_transfers.filter(status="requested").first()
    if under_way is not None:
        return under_way
    if refund.status != Refund.Status.FAILED:
        raise NothingTaken
    if is_moving(refund):
        raise RefundUnderWay
    amount = taken_from_organizer(refund)
    if amount > 0:
        purpose = OrganizerTransfer.Purpose.REFUND_MADE_WHOLE
        return write_transfer(order, payment, amount=amount, purpose=purpose, refund=refund, actor=actor)
    done = refund.organizer_transfers.filter(status="succeeded").last()
    if done is None:
        raise NothingTaken
    return done


def is_moving(refund: Refund) -> bool:
    """Whether more may still be taken for it, or given back with it."""
    return (
        refund.reversals.filter(status="requested").exists()
        or refund.fee_refunds.filter(status="requested").exists()
    )


def _is_owed_a_transfer(refund: Refund) -> bool:
    is_under_way = refund.organizer_transfers.filter(status="requested").exists()
    return is_under_way or is_moving(refund) or taken_from_organizer(refund) > 0


def _sum(moved: QuerySet[Any]) -> int:
    return int(moved.aggregate(total=Sum("amount", default=0))["total"])


def _close_receivable(refund: Refund) -> int:
    """Nothing more is owed for it; what its organizer has lost to it so far, in minor units."""
    receivable = OrganizerReceivable.objects.select_for_update().filter(refund=refund).first()
    if receivable is None:
        return refund.from_organizer_amount
    undo_write_offs(receivable)
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
        order.status = status_by_refunds(order)
    order.save(update_fields=["status", "refunded_amount"])


def _in_words(refund: Refund, taken: int) -> str:
    amount = format_amount(refund.amount, refund.currency)
    words = (
        f"The refund of {amount} came back: {refund.failure_reason}. The buyer has to be paid another way."
    )
    if taken:
        lost = format_amount(taken, refund.currency)
        words += f" {lost} was taken from the organizer for it: make it whole."
    return words
