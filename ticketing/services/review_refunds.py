"""Money of payments in review: how it came, and how it went back by Stripe or a bank. Staff decide in `reviews`."""

import logging
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.services import audit
from connect.models import ConnectedAccount
from connect.stripe_objects import Refund as StripeRefund
from connect.stripe_objects import Session
from maly.money import format_amount
from notifications.services.outbox import enqueue
from ticketing.models import (
    ApplicationFeeRefund,
    Dispute,
    Order,
    OrganizerReceivable,
    Payment,
    Refund,
    TransferReversal,
)
from ticketing.postings import review
from ticketing.services.orders import close_order
from ticketing.services.refundable import ACTIVE, CAME_BACK, GONE, STATUSES, unknown_fees

logger = logging.getLogger(__name__)
FAILED_IN_WORDS = "The refund of {amount} came back: {reason}. The buyer has to be paid another way."


def note_received(order: Order, payment: Payment, session: Session) -> None:
    """Keep and book what a payment in review has brought, everything locked; nothing where nothing was charged."""
    intent = session.payment_intent
    if intent is None or intent.charge is None or intent.charge.status != "succeeded":
        return
    if payment.received is None:
        account = ConnectedAccount.objects.filter(stripe_account_id=intent.destination).first()
        payment.received = {
            "amount": intent.charge.amount,
            "currency": intent.charge.currency,
            "application_fee_amount": intent.application_fee_amount or 0,
            "organization": account.organization_id if account and intent.destination else None,
        }
        payment.save(update_fields=["received"])
    review.review_received(order, payment, at=intent.charge.created_at)


def left_in_review(payment: Payment) -> tuple[int, int]:
    """What of a payment in review hasn't gone back: of the charge, and of the application fee; minor units."""
    assert payment.received is not None, payment.pk
    refunded = sum(payment.refunds.filter(status__in=ACTIVE).values_list("amount", flat=True))
    refunded += lost_to_banks(payment)
    fees = sum(payment.fee_refunds.exclude(status="refused").values_list("amount", flat=True))
    received = payment.received
    return received["amount"] - refunded, received["application_fee_amount"] - fees


def lost_to_banks(payment: Payment) -> int:
    """What lost disputes have taken of a payment, in minor units of what was charged."""
    lost = payment.disputes.filter(status__in=GONE, reinstated_amount=0)
    return sum(lost.values_list("withdrawn_amount", flat=True))


def book_loss_in_review(order: Order, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    """Book a dispute that is lost, before it is saved as such: the bank has given back what we still had of it.

    What the organizer has of that money it owes, once staff say that it shall be taken.
    """
    amount = min(max(left_in_review(payment)[0], 0), dispute.withdrawn_amount)
    review.review_dispute_lost(order, payment, dispute, amount=amount, at=at)
    owed = min(amount, _with_organizer(payment))
    if owed > 0 and _is_owners(order, payment):
        OrganizerReceivable.objects.create(
            organization=order.organization,
            dispute=dispute,
            currency=dispute.currency,
            amount=owed,
            needs_staff=True,
        )
        review.review_owed(order, payment, dispute.stripe_dispute_id, amount=owed, at=at)


def record_review_refund(
    order: Order, payment: Payment, refund: Refund | None, answer: StripeRefund
) -> Refund | None:
    """Converge to what Stripe says of a refund of a payment in review, order, payment and refund locked.

    `refund` is ours that asked for it; one of the dashboard is recorded and put before staff. None while nothing is
    known to have come. Monotone and safe to call twice.
    """
    if payment.received is None:
        return None
    status = STATUSES[answer.status]
    if refund is None:
        if status == Refund.Status.FAILED:
            return None
        refund = _write_foreign(order, payment, answer)
    if refund.status in (Refund.Status.REQUESTED, Refund.Status.REFUSED):
        _accept(order, payment, refund, answer)
    if refund.status == Refund.Status.PENDING and status == Refund.Status.SUCCEEDED:
        refund.status = status
        refund.save(update_fields=["status"])
        review.review_refunded(order, payment, refund, at=answer.created_at)
    if status == Refund.Status.FAILED and refund.status not in CAME_BACK:
        _undo(payment, refund, answer)
    else:
        close_when_empty(order, payment)
    return refund


def _write_foreign(order: Order, payment: Payment, answer: StripeRefund) -> Refund:
    left, fee_left = left_in_review(payment)
    is_reversed = answer.reversal is not None
    fee = fee_left if answer.amount >= left else 0
    return Refund.objects.create(
        order=order,
        payment=payment,
        origin=Refund.Origin.STRIPE,
        currency=answer.currency,
        amount=answer.amount,
        organizer_part_amount=answer.amount - fee,
        fee_part_amount=fee,
        fee_amount=fee,
        reverse_transfer=is_reversed,
        refund_application_fee=is_reversed,
        needs_staff=True,
        staff_reason="Made in Stripe's dashboard, of a payment that is looked into.",
    )


def _accept(order: Order, payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    """A refund is made: what came back with it, who owes the rest, and the buyer's mail. Pending until it is booked."""
    refund.status, refund.stripe_refund_id, refund.lease_until = Refund.Status.PENDING, answer.id, None
    refund.refunded_at, refund.failure_reason = answer.created_at, ""
    _note_moved(order, payment, refund, answer)
    if answer.reversal is None and payment.transfer_id:
        _note_owed(order, payment, refund, answer)
    refund.save()
    audit.record(
        "payment.review_refunded",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor_kind=AuditEntry.Actor.WEBHOOK if refund.origin == Refund.Origin.STRIPE else None,
        after={"refund": refund.code, "amount": refund.amount, "currency": refund.currency},
        reason=refund.reason,
    )
    enqueue(
        "refund_confirmation",
        key=f"refund_confirmation:{refund.code}",
        to=order.email,
        ids={"order": order.pk, "refund": refund.pk},
    )


def _note_moved(order: Order, payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    """The reversal and the fee that Stripe gave back, from its own objects."""
    if answer.reversal is not None:
        taken = TransferReversal.objects.create(
            refund=refund,
            payment=payment,
            status="succeeded",
            amount=answer.reversal.amount,
            stripe_id=answer.reversal.id,
        )
        review.review_transfer_reversed(order, taken, at=answer.reversal.created_at)
    fees = unknown_fees(payment, answer)[:1] if answer.reversal else []
    for fee in fees:
        given = ApplicationFeeRefund.objects.create(
            refund=refund, payment=payment, status="succeeded", amount=fee.amount, stripe_id=fee.id
        )
        review.review_fee_refunded(order, given, at=fee.created_at)
    refund.fee_amount = sum(fee.amount for fee in fees) if answer.reversal else refund.fee_amount


def _note_owed(order: Order, payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    """The organizer has kept its part: it owes it, if it is this order's own; otherwise staff have to see to it."""
    owed = min(refund.amount - refund.fee_amount, _with_organizer(payment))
    if owed <= 0:
        return
    assert refund.stripe_refund_id is not None, refund.code
    if _is_owners(order, payment):
        OrganizerReceivable.objects.create(
            organization=order.organization,
            refund=refund,
            currency=refund.currency,
            amount=owed,
            needs_staff=refund.origin == Refund.Origin.STRIPE,
        )
        review.review_owed(order, payment, refund.stripe_refund_id, amount=owed, at=answer.created_at)
        return
    refund.needs_staff = True
    refund.staff_reason = (
        f"{refund.staff_reason} The transfer was not reversed: reverse it in Stripe.".strip()
    )


def _is_owners(order: Order, payment: Payment) -> bool:
    """Whether the money went to this order's own organizer, in the order's currency."""
    came = review.Received.of(payment)
    return came.organization == order.organization and came.currency == order.currency


def _with_organizer(payment: Payment) -> int:
    """What of the money lies with the organizer and isn't owed to us already."""
    assert payment.received is not None, payment.pk
    had = payment.received["amount"] - payment.received["application_fee_amount"]
    taken = sum(payment.reversals.exclude(status="refused").values_list("amount", flat=True))
    given = sum(payment.fee_refunds.filter(status="succeeded").values_list("amount", flat=True))
    owed = OrganizerReceivable.objects.filter(Q(refund__payment=payment) | Q(dispute__payment=payment))
    return int(had - taken + given - sum(each.open_amount for each in owed))


def _undo(payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    """The buyer's bank sent it back: it is with us again, and the payment before staff. It is nobody's sale: what was
    taken from the organizer, or is owed by it, stays so."""
    refund.status = Refund.Status.FAILED
    refund.failure_reason = answer.failure_reason or answer.status
    refund.needs_staff = True
    amount = format_amount(refund.amount, refund.currency)
    refund.staff_reason = FAILED_IN_WORDS.format(amount=amount, reason=refund.failure_reason)
    refund.save(update_fields=["status", "failure_reason", "needs_staff", "staff_reason"])
    review.undo_review(answer.id, "review_refund", at=timezone.now())
    payment.status, payment.review_reason = Payment.Status.REVIEW, refund.staff_reason
    payment.save(update_fields=["status", "review_reason"])
    logger.error("review_refund_failed refund=%s reason=%s", refund.code, refund.failure_reason)


def close_when_empty(order: Order, payment: Payment) -> None:
    """Once all of it went back: nothing was bought, and what was held is free."""
    is_open = payment.status == Payment.Status.REVIEW and payment.received is not None
    if not is_open or left_in_review(payment)[0] > 0:
        return
    if order.status == Order.Status.AWAITING_PAYMENT:
        close_order(
            order,
            payment,
            status=Order.Status.EXPIRED,
            payment_status=Payment.Status.FAILED,
            problem=Order.Problem.PAYMENT_FAILED,
        )
        return
    payment.status, payment.lease_until = Payment.Status.FAILED, None
    payment.save(update_fields=["status", "lease_until"])
