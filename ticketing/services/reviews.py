"""What staff decide about payments that were put aside: a sale after all, refunded in full, or nothing left to do."""

import logging
import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from accounts.services import audit
from connect import gateway
from connect.errors import SessionNotOpen
from maly.crash import crash_point
from ticketing.errors import NothingToRefund, NotInReview, ReviewNotOver
from ticketing.models import Order, Payment, Refund
from ticketing.postings import review
from ticketing.services.charges import with_charge_money
from ticketing.services.fulfillment import apply_session, settle_payment
from ticketing.services.orders import close_order, lock_payment
from ticketing.services.refund_attempts import carry_out_refund
from ticketing.services.refund_plans import plan_refund
from ticketing.services.refundable import read_money
from ticketing.services.refunds import check_nothing_under_way, write_refund
from ticketing.services.review_refunds import left_in_review, lost_to_banks
from ticketing.services.sessions import find_mismatch

logger = logging.getLogger(__name__)


def accept_payment(payment: Payment, *, actor: User) -> Order:
    """Settle the order after all, where Stripe's amounts now are the order's; its stock as for any late payment.

    Without stock all of it goes back, as for any late payment. Raises NotInReview, ReviewNotOver with what still
    differs, StripeUnavailable.
    """
    with gateway.answering_people():
        assert payment.session_id is not None, payment.pk
        session = gateway.retrieve_session(payment.session_id)
        with transaction.atomic():
            order, payment = _lock(payment)
            has_gone = payment.refunds.exclude(status="refused").exists() or lost_to_banks(payment)
            if payment.succeeded_at is not None or has_gone:
                raise ReviewNotOver(_("Its money has gone back already, or is on its way."))
            if mismatch := find_mismatch(order, payment, session):
                raise ReviewNotOver(_("Stripe still says otherwise: %(mismatch)s.") % {"mismatch": mismatch})
            if payment.received is not None:
                review.review_accepted(payment, at=timezone.now())
            payment.status, payment.received = Payment.Status.OPEN, None
            payment.save(update_fields=["status", "received"])
            _tell("payment.accepted", order, payment, actor)
        crash_point("review.accepted")
        return apply_session(session, actor_kind=AuditEntry.Actor.STAFF) or order


def refund_in_review(payment: Payment, *, actor: User, reason: str) -> Refund:
    """Refund at Stripe all that is left of a payment in review, with its transfer and application fee.

    Raises NotInReview, NothingToRefund, RefundUnderWay, RefundNeedsStaff, StripeUnavailable.
    """
    with gateway.answering_people():
        if payment.charge_id:
            with_charge_money(payment)
    with transaction.atomic():
        order, payment = _lock(payment)
        check_nothing_under_way(payment)
        refund = _write_refund(order, payment, actor=actor, reason=reason)
    crash_point("refund.requested")
    return carry_out_refund(refund.pk)


def close_review(payment: Payment, *, actor: User) -> Payment:
    """Put a payment away of which nothing is left: all of it went back, or nothing was ever paid.

    A session that is still open is closed at Stripe first. Raises NotInReview, ReviewNotOver, StripeUnavailable.
    """
    with gateway.answering_people():
        if payment.session_id and payment.received is None and payment.succeeded_at is None:
            _end_session(payment.session_id)
    with transaction.atomic():
        order, payment = _lock(payment)
        if _is_money_left(order, payment):
            raise ReviewNotOver
        _put_away(order, payment)
        _tell("payment.review_closed", order, payment, actor)
    return payment


def _lock(payment: Payment) -> tuple[Order, Payment]:
    order, payment = lock_payment(payment.pk, payment.order_id)
    if payment.status != Payment.Status.REVIEW:
        raise NotInReview
    return order, payment


def _write_refund(order: Order, payment: Payment, *, actor: User, reason: str) -> Refund:
    if payment.received is None:
        if payment.succeeded_at is None:
            raise NothingToRefund(_("No money has come with this payment: close it instead."))
        plan = plan_refund(read_money(order, payment), live=[], gives_fee_back=True)
        return write_refund(
            order, payment, plan, origin=Refund.Origin.LATE_PAYMENT, actor=actor, reason=reason
        )
    left, fee = left_in_review(payment)
    if left <= 0:
        raise NothingToRefund
    taken = sum(payment.reversals.exclude(status="refused").values_list("amount", flat=True))
    can_reverse = bool(payment.transfer_id) and payment.received["amount"] - taken >= left
    refund = Refund.objects.create(
        order=order,
        payment=payment,
        origin=Refund.Origin.STAFF,
        idempotency_key=f"refund-{uuid.uuid4()}",
        currency=payment.received["currency"],
        amount=left,
        organizer_part_amount=left - fee,
        fee_part_amount=fee,
        fee_amount=fee,
        reverse_transfer=can_reverse,
        refund_application_fee=can_reverse and fee > 0,
        reason=reason,
        actor=actor,
    )
    _tell("payment.review_refund_requested", order, payment, actor, reason)
    return refund


def _end_session(session_id: str) -> None:
    """Close the session for good; if the buyer has paid it meanwhile, that is noted, and the payment stays here."""
    try:
        gateway.expire_session(session_id)
    except SessionNotOpen:
        settle_payment(session_id, actor_kind=AuditEntry.Actor.STAFF)


def _is_money_left(order: Order, payment: Payment) -> bool:
    if payment.refunds.filter(status=Refund.Status.REQUESTED).exists():
        return True
    if payment.received is not None:
        return left_in_review(payment)[0] > 0
    return payment.succeeded_at is not None and read_money(order, payment).left > 0


def _put_away(order: Order, payment: Payment) -> None:
    """A late payment that was booked and went back has succeeded; any other came to nothing, and frees its hold."""
    if payment.succeeded_at is None and order.status == Order.Status.AWAITING_PAYMENT:
        close_order(
            order,
            payment,
            status=Order.Status.EXPIRED,
            payment_status=Payment.Status.FAILED,
            problem=Order.Problem.PAYMENT_FAILED,
        )
        return
    payment.status = Payment.Status.SUCCEEDED if payment.succeeded_at else Payment.Status.FAILED
    payment.save(update_fields=["status"])


def _tell(action: str, order: Order, payment: Payment, actor: User, reason: str = "") -> None:
    audit.record(
        action,
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=actor,
        actor_kind=AuditEntry.Actor.STAFF,
        after={"payment": payment.pk},
        reason=reason or payment.review_reason,
    )
    logger.info("%s order=%s payment=%s", action, order.code, payment.pk)
