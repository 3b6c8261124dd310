"""From Stripe's dispute to ours: the one place where a dispute's state changes.

Webhooks, our own answers and the sweeps all end here. Stripe is asked what is so, and our rows converge to it under the
order's lock: in any order, any number of times, and however many of the five events were lost.
"""

import logging
from collections import Counter

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from connect import dispute_calls
from connect.errors import GatewayUnavailable
from connect.stripe_objects import Dispute as StripeDispute
from maly.crash import crash_point
from maly.poke import poke
from ticketing.models import Dispute, Order, Payment, Refund
from ticketing.services import stock
from ticketing.services.dispute_books import (
    book_loss,
    book_reinstatement,
    book_withdrawal,
    has_gone_back_twice,
    write_return,
)
from ticketing.services.dispute_news import tell_closed, tell_opened, tell_reopened
from ticketing.services.dispute_recovery import recover_dispute
from ticketing.services.disputed_orders import cancel_tickets, follow_disputes, pays_for
from ticketing.services.fulfillment import settle_payment
from ticketing.services.orders import lock_payment
from ticketing.services.receivables import recover_receivable
from ticketing.services.refundable import GONE
from ticketing.services.review_refunds import close_when_empty
from ticketing.services.transfers import carry_out_transfer

logger = logging.getLogger(__name__)
# How far a dispute is; what is less far was fetched earlier.
RANK = {
    Dispute.Status.WARNING_NEEDS_RESPONSE: 0,
    Dispute.Status.WARNING_UNDER_REVIEW: 1,
    Dispute.Status.WARNING_CLOSED: 2,
    Dispute.Status.NEEDS_RESPONSE: 3,
    Dispute.Status.UNDER_REVIEW: 4,
    Dispute.Status.WON: 5,
    Dispute.Status.LOST: 5,
    Dispute.Status.PREVENTED: 5,
}
LATE = "Its payment came too late and was sent back, so the bank may pay the buyer a second time."
IN_REVIEW = "Its payment waits for staff itself: nothing is taken from the organizer."
TWICE = "Refunds and disputes together are more than was paid: say so to the bank."
ANOTHER = "Another dispute of the same payment is known."


def sync_dispute(dispute_id: str) -> Dispute | None:
    """Fetch a dispute and converge to it; None when it is of no payment of ours, or of one that isn't settled yet.

    Takes the organizer's share back while it is open, gives it back when it is won. Safe to call twice. Raises
    GatewayUnavailable, GatewayRefused.
    """
    answer = dispute_calls.retrieve_dispute(dispute_id)
    crash_point("dispute.fetched")
    return apply_dispute(answer)


def apply_dispute(answer: StripeDispute) -> Dispute | None:
    """Converge to a dispute that was just fetched. Raises GatewayUnavailable, GatewayRefused."""
    if answer.status not in Dispute.Status.values:
        raise GatewayUnavailable(f"Stripe says “{answer.status}” of a dispute, which is new to us.")
    found = _find_payment(answer)
    if found is None:
        return None
    with transaction.atomic():
        order, payment = lock_payment(found.pk, found.order_id)
        dispute = Dispute.objects.select_for_update().filter(stripe_dispute_id=answer.id).first()
        is_new = dispute is None
        if dispute is None:
            dispute = _write(order, payment, answer)
        _converge(order, payment, dispute, answer, is_new=is_new)
        Dispute.objects.filter(pk=dispute.pk).update(synced_at=timezone.now())
        _poke_mirror(dispute)
    crash_point("dispute.recorded")
    move_on(dispute)
    dispute.refresh_from_db()
    return dispute


def move_on(dispute: Dispute) -> None:
    """What follows at Stripe: the share is taken back, or given back, or what is owed for it is taken.

    No transaction may be open. What gets no answer is repeated by the sweeps.
    """
    recover_dispute(dispute.pk)
    receivable = getattr(Dispute.objects.select_related("receivable").get(pk=dispute.pk), "receivable", None)
    if receivable is not None:
        recover_receivable(receivable.pk)
    for transfer_id in list(
        dispute.organizer_transfers.filter(status="requested").values_list("pk", flat=True)
    ):
        carry_out_transfer(transfer_id)


def settle_dispute(dispute: Dispute, *, actor: User) -> bool:
    """Say that what a dispute needed staff for is done; False when it needed nobody.

    What Stripe had refused is tried once more: taking the share back, or giving it back.
    """
    with transaction.atomic():
        order, payment = lock_payment(dispute.payment_id, dispute.order_id)
        dispute = Dispute.objects.select_for_update().get(pk=dispute.pk)
        if not dispute.needs_staff:
            return False
        dispute.needs_staff = dispute.is_recovery_stopped = False
        dispute.save(update_fields=["needs_staff", "is_recovery_stopped"])
        write_return(order, payment, dispute)
        audit.record(
            "dispute.settled_by_staff",
            organization=order.organization,
            subject=f"order:{order.code}",
            actor=actor,
            actor_kind="staff",
            after={"dispute": dispute.stripe_dispute_id},
            reason=dispute.staff_reason,
        )
    move_on(dispute)
    return True


def _find_payment(answer: StripeDispute) -> Payment | None:
    """The payment that is disputed; one that nobody told us of as paid is settled first."""
    payments = Payment.objects.filter(payment_intent_id=answer.payment_intent_id)
    payment = payments.first() if answer.payment_intent_id else None
    if payment is not None and not _is_known_as_paid(payment) and payment.session_id:
        settle_payment(payment.session_id)
        payment.refresh_from_db()
    return payment if payment is not None and _is_known_as_paid(payment) else None


def _is_known_as_paid(payment: Payment) -> bool:
    return (
        payment.succeeded_at is not None
        or payment.status == Payment.Status.REVIEW
        or payment.received is not None
    )


def _write(order: Order, payment: Payment, answer: StripeDispute) -> Dispute:
    dispute = Dispute(
        order=order,
        payment=payment,
        organization=order.organization,
        stripe_dispute_id=answer.id,
        charge_id=answer.charge_id,
        status=answer.status,
        reason=answer.reason,
        amount=answer.amount,
        currency=answer.currency,
        opened_at=answer.created_at,
    )
    if payment.refunds.filter(origin=Refund.Origin.LATE_PAYMENT).exists():
        ask_staff(dispute, LATE)
    elif payment.status == Payment.Status.REVIEW or payment.received is not None:
        ask_staff(dispute, IN_REVIEW)
    if payment.disputes.exists():
        ask_staff(dispute, ANOTHER)
    dispute.save()
    return dispute


def _converge(
    order: Order, payment: Payment, dispute: Dispute, answer: StripeDispute, *, is_new: bool
) -> None:
    """Change what Stripe's answer changes, order, payment and dispute locked; stock last."""
    if dispute.is_closed and not dispute.is_inquiry:
        _look_for_reopening(dispute, answer)
        voided = _void(order, payment, dispute)
    elif RANK[Dispute.Status(answer.status)] < RANK[Dispute.Status(dispute.status)]:
        return
    else:
        before = "" if is_new else dispute.status
        _note_facts(dispute, answer)
        _book(order, payment, dispute, answer)
        _close(order, payment, dispute)
        dispute.save()
        follow_disputes(order)
        close_when_empty(order, payment)
        _tell(order, dispute, before)
        voided = _void(order, payment, dispute)
    if voided:
        stock.give_back(order.event_id, voided, restock=True)


def _note_facts(dispute: Dispute, answer: StripeDispute) -> None:
    is_escalated = dispute.is_inquiry and not answer.status.startswith("warning_")
    dispute.status, dispute.reason, dispute.amount = answer.status, answer.reason, answer.amount
    dispute.due_by = answer.due_by
    if is_escalated:
        # The inquiry has become a dispute: what it was answered with doesn't count any more, and it is open again.
        dispute.answer, dispute.answer_key, dispute.closed_at = "", None, None
        dispute.answer_asked_at = dispute.answered_at = dispute.answered_by = None
    elif dispute.answer and dispute.answered_at is None and _has_answer(answer):
        dispute.answered_at, dispute.lease_until = timezone.now(), None


def _has_answer(answer: StripeDispute) -> bool:
    return answer.submission_count > 0 or RANK[Dispute.Status(answer.status)] in (1, 2, 4, 5)


def _book(order: Order, payment: Payment, dispute: Dispute, answer: StripeDispute) -> None:
    """Book what has moved on our balance since we looked."""
    if answer.withdrawn_amount and not dispute.withdrawn_amount:
        book_withdrawal(order, payment, dispute, answer)
        if has_gone_back_twice(payment, dispute):
            ask_staff(dispute, TWICE)
    elif answer.withdrawn_amount > dispute.withdrawn_amount:
        ask_staff(dispute, "Stripe has withdrawn money for it again: compare its balance transactions.")
    if answer.reinstated_amount and not dispute.reinstated_amount:
        book_reinstatement(order, payment, dispute, answer)
        if answer.reinstated_amount != dispute.withdrawn_amount:
            ask_staff(
                dispute, "What Stripe gave back isn't what it had withdrawn: decide who bears the rest."
            )


def _close(order: Order, payment: Payment, dispute: Dispute) -> None:
    """A dispute is closed when it is decided and its money has come back, or is booked as gone."""
    if RANK[Dispute.Status(dispute.status)] not in (2, 5) or dispute.closed_at:
        return
    moment = timezone.now()
    if dispute.status in GONE:
        if dispute.withdrawn_amount and not dispute.reinstated_amount:
            book_loss(order, payment, dispute, at=moment)
    elif dispute.reinstated_amount == 0 and dispute.withdrawn_amount:
        return  # won, and the money is still on its way
    dispute.closed_at = moment


def _void(order: Order, payment: Payment, dispute: Dispute) -> Counter[int]:
    """The tickets that a lost dispute cancels, by ticket type; none for what the order wasn't paid with."""
    is_gone = dispute.status in GONE and dispute.withdrawn_amount and not dispute.reinstated_amount
    return cancel_tickets(order) if is_gone and order.is_disputed and pays_for(payment) else Counter()


def _look_for_reopening(dispute: Dispute, answer: StripeDispute) -> None:
    """What is closed here stays so; a bank that decides anew is put before staff, never followed blindly."""
    is_same = (
        answer.status == dispute.status
        and answer.withdrawn_amount == dispute.withdrawn_amount
        and answer.reinstated_amount == dispute.reinstated_amount
    )
    has_moved = (
        answer.withdrawn_amount > dispute.withdrawn_amount
        or answer.reinstated_amount > dispute.reinstated_amount
    )
    is_other_end = RANK[Dispute.Status(answer.status)] == 5 and answer.status != dispute.status
    if is_same or not (has_moved or is_other_end) or dispute.needs_staff:
        return
    ask_staff(
        dispute,
        f"It was {dispute.status} here, and Stripe says {answer.status} now. Nothing was booked for that: compare its "
        "balance transactions.",
    )
    dispute.save(update_fields=["needs_staff", "staff_reason"])
    tell_reopened(dispute)
    logger.error("dispute_reopened dispute=%s status=%s", dispute, answer.status)


def ask_staff(dispute: Dispute, reason: str) -> None:
    """Put a dispute before staff; the caller saves it."""
    dispute.needs_staff = True
    if reason not in dispute.staff_reason:
        dispute.staff_reason = f"{dispute.staff_reason} {reason}".strip()


def _tell(order: Order, dispute: Dispute, before: str) -> None:
    """The audit entry of each step, and the mails of the first and the last."""
    if dispute.status != before:
        audit.record(
            f"dispute.{dispute.status}",
            organization=order.organization,
            subject=f"order:{order.code}",
            actor_kind="webhook",
            before={"status": before} if before else None,
            after={
                "dispute": dispute.stripe_dispute_id,
                "amount": dispute.amount,
                "currency": dispute.currency,
                "reason": dispute.reason,
            },
        )
        logger.warning("dispute dispute=%s order=%s status=%s", dispute, order.code, dispute.status)
    tell_opened(dispute)
    if dispute.is_closed:
        tell_closed(dispute)


def _poke_mirror(dispute: Dispute) -> None:
    from ticketing.tasks import mirror_dispute

    poke(mirror_dispute, dispute.stripe_dispute_id)
