"""Buyers whose refund failed for good at Stripe, and who were paid by us past it: the refund counts after all."""

import logging

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.services import audit
from ticketing import postings
from ticketing.errors import NotPayable, RefundUnderWay
from ticketing.models import Order, Payment, Refund
from ticketing.postings import review
from ticketing.services import stock
from ticketing.services.refund_failures import is_moving, taken_from_organizer
from ticketing.services.refund_records import change_order, lock_refund, void_tickets
from ticketing.services.refundable import read_money
from ticketing.services.review_refunds import close_when_empty, left_in_review

logger = logging.getLogger(__name__)
REFUNDED_SINCE = "The buyer was refunded since, in Stripe's dashboard or by another refund: don't pay again."


def pay_buyer_otherwise(refund: Refund, *, actor: User, reason: str) -> Refund:
    """Say that we have paid a failed refund's buyer ourselves, with what was taken from the organizer for it.

    The order and its tickets become what the refund had made of them; `reason` says how it was paid. Said twice, it is
    said once. Raises NotPayable once the organizer was made whole or the buyer was refunded since, or when there is
    nothing to pay, and RefundUnderWay while a reversal or fee refund of it is on its way.
    """
    with transaction.atomic():
        order, payment, refund = lock_refund(refund.pk)
        if refund.status == Refund.Status.OTHERWISE:
            return refund
        _check(order, payment, refund)
        _post(order, payment, refund)
        refund.status, refund.needs_staff = Refund.Status.OTHERWISE, False
        refund.save(update_fields=["status", "needs_staff"])
        _tell(order, refund, actor, reason)
        _count(order, payment, refund)
    logger.info("refund_paid_otherwise refund=%s amount=%s", refund.code, refund.amount)
    return refund


def _check(order: Order, payment: Payment, refund: Refund) -> None:
    is_whole = refund.organizer_transfers.exclude(status="refused").exists()
    if refund.status != Refund.Status.FAILED or not refund.needs_staff or is_whole:
        raise NotPayable
    if is_moving(refund):
        raise RefundUnderWay
    is_review = payment.succeeded_at is None
    left = left_in_review(payment)[0] if is_review else read_money(order, payment).left
    if refund.organizer_part_amount + refund.fee_part_amount > left:
        raise NotPayable(REFUNDED_SINCE)


def _post(order: Order, payment: Payment, refund: Refund) -> None:
    now = timezone.now()
    if payment.succeeded_at is None:
        review.review_paid_otherwise(order, payment, refund, at=now)
    else:
        postings.refund_paid_otherwise(order, refund, taken=taken_from_organizer(refund), at=now)


def _count(order: Order, payment: Payment, refund: Refund) -> None:
    """Order, payment and tickets, stock last; a ticket that another refund has cancelled since is that one's."""
    if payment.succeeded_at is None:
        close_when_empty(order, payment)
        return
    if payment.status == Payment.Status.REVIEW:
        payment.status = Payment.Status.SUCCEEDED
        payment.save(update_fields=["status"])
    again = refund.voided.filter(is_live=False).exclude(ticket__refunds__is_live=True)
    voided = void_tickets(again.exclude(ticket__status="cancelled"))
    change_order(order, refund)
    if voided:
        stock.give_back(order.event_id, voided, restock=refund.restock)


def _tell(order: Order, refund: Refund, actor: User, reason: str) -> None:
    audit.record(
        "refund.paid_otherwise",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=actor,
        actor_kind=AuditEntry.Actor.STAFF,
        after={"refund": refund.code, "amount": refund.amount, "currency": refund.currency},
        reason=reason,
    )
