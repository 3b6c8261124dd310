"""What Stripe says of a refund, written down: money, tickets, stock, the order's status, the ledger, the buyer's mail.

Our own call, the webhooks and the sweeps all end here. Stripe's refund is matched by its id or by the code that we gave
it; one that nobody here asked for was made in Stripe's dashboard, and is recorded for staff to look at.
"""

import logging
import uuid
from collections import Counter

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.services import audit
from connect.stripe_objects import Refund as StripeRefund
from maly.money import format_amount
from maly.poke import poke
from notifications.services.outbox import enqueue
from ticketing import postings
from ticketing.models import (
    ApplicationFeeRefund,
    Order,
    OrganizerReceivable,
    Payment,
    Refund,
    RefundTicket,
    Ticket,
    TransferReversal,
)
from ticketing.services import stock
from ticketing.services.foreign_refunds import write_foreign_refund
from ticketing.services.orders import lock_payment
from ticketing.services.refund_failures import undo_refund
from ticketing.services.refundable import CAME_BACK, STATUSES, unknown_fees
from ticketing.services.review_refunds import record_review_refund

logger = logging.getLogger(__name__)
UNDECIDED = (Refund.Status.REQUESTED, Refund.Status.REFUSED)


def lock_refund(refund_id: int) -> tuple[Order, Payment, Refund]:
    """Lock a refund and, before it, its order and payment."""
    found = Refund.objects.only("payment_id", "order_id").get(pk=refund_id)
    order, payment = lock_payment(found.payment_id, found.order_id)
    return order, payment, Refund.objects.select_for_update().get(pk=refund_id)


def record_refund(answer: StripeRefund) -> Refund | None:
    """Converge to what Stripe says of a refund, fetched with its reversal and fee; None if it is no refund of ours.

    Monotone and safe to call twice, in any order: a refund that failed stays so.
    """
    payment = Payment.objects.filter(payment_intent_id=answer.payment_intent_id).first()
    if payment is None:
        return None
    with transaction.atomic():
        order, payment = lock_payment(payment.pk, payment.order_id)
        refund = _find(payment, answer)
        if payment.succeeded_at is None:
            refund = record_review_refund(order, payment, refund, answer)
        elif refund is None:
            has_failed = STATUSES[answer.status] == Refund.Status.FAILED
            if has_failed and answer.reversal is None:
                return None  # never counted here, and came to nothing
            refund = write_foreign_refund(order, payment, answer, unknown_fees(payment, answer))
            _accept(order, payment, refund, answer)
            if has_failed:  # what it took from the organizer stays taken
                undo_refund(order, payment, refund, answer)
        else:
            _converge(order, payment, refund, answer)
        _poke_mirror(answer.id)
    return refund


def _find(payment: Payment, answer: StripeRefund) -> Refund | None:
    mine = payment.refunds.select_for_update()
    known = mine.filter(stripe_refund_id=answer.id).first()
    if known or not answer.code:
        return known
    return mine.filter(code=answer.code, stripe_refund_id__isnull=True).first()


def _converge(order: Order, payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    status = STATUSES[answer.status]
    if refund.status in UNDECIDED:
        refund.stripe_refund_id, refund.lease_until = answer.id, None
        _accept(order, payment, refund, answer)
    elif refund.status == Refund.Status.PENDING and status == Refund.Status.SUCCEEDED:
        refund.status = status
        refund.save(update_fields=["status"])
        _post(order, refund, answer)
    if status == Refund.Status.FAILED and refund.status not in CAME_BACK:
        undo_refund(order, payment, refund, answer)


def _accept(order: Order, payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    """A refund is made: everything that follows from it, in the caller's transaction, stock last."""
    is_done = STATUSES[answer.status] == Refund.Status.SUCCEEDED
    refund.status = Refund.Status.SUCCEEDED if is_done else Refund.Status.PENDING
    refund.refunded_at, refund.failure_reason = answer.created_at, ""
    _note_reversal(order, refund, answer)
    _note_fee(order, payment, refund, answer)
    if not refund.reverse_transfer and refund.from_organizer_amount:
        OrganizerReceivable.objects.create(
            organization=order.organization,
            refund=refund,
            currency=refund.currency,
            amount=refund.from_organizer_amount,
            needs_staff=refund.origin == Refund.Origin.STRIPE,
        )
    refund.save()
    _post(order, refund, answer)
    # One that Stripe had refused let its tickets go; what was cancelled since has given its seat back already.
    voided = void_tickets(refund.voided.exclude(ticket__status=Ticket.Status.CANCELLED))
    change_order(order, refund)
    _tell(order, refund)
    if voided:
        stock.give_back(order.event_id, voided, restock=refund.restock)


def _note_reversal(order: Order, refund: Refund, answer: StripeRefund) -> None:
    taken = answer.reversal
    if taken is not None:
        row = TransferReversal.objects.create(
            refund=refund,
            payment_id=refund.payment_id,
            status="succeeded",
            amount=taken.amount,
            stripe_id=taken.id,
        )
        postings.transfer_reversed(order, row, at=taken.created_at)
    taken_amount = taken.amount if taken else 0
    wanted = refund.amount if refund.reverse_transfer else 0
    if taken_amount != wanted:
        is_so, due = (format_amount(amount, refund.currency) for amount in (taken_amount, wanted))
        _ask_staff(refund, f"Stripe took {is_so} of the transfer back, not {due}.")


def _note_fee(order: Order, payment: Payment, refund: Refund, answer: StripeRefund) -> None:
    """The fee that Stripe gave back by its flag, read from its objects; else the exact one is asked for next."""
    if refund.refund_application_fee:
        fees = unknown_fees(payment, answer)
        same = [fee for fee in fees if fee.amount == refund.fee_amount]
        given = (same or fees)[:1]
        for fee in given:
            row = ApplicationFeeRefund.objects.create(
                refund=refund, payment=payment, status="succeeded", amount=fee.amount, stripe_id=fee.id
            )
            postings.fee_refunded(order, row, at=fee.created_at)
        refund.fee_amount = sum(fee.amount for fee in given)
    elif refund.reverse_transfer and refund.fee_amount:
        ApplicationFeeRefund.objects.create(
            refund=refund,
            payment=payment,
            amount=refund.fee_amount,
            idempotency_key=f"fee-refund-{uuid.uuid4()}",
        )


def _post(order: Order, refund: Refund, answer: StripeRefund) -> None:
    """Book a refund that has left our balance; one that is pending hasn't yet."""
    if refund.status == Refund.Status.SUCCEEDED:
        postings.refund(order, refund, is_owed=not refund.reverse_transfer, at=answer.created_at)


def void_tickets(rows: QuerySet[RefundTicket]) -> Counter[int]:
    """Cancel the tickets of a refund's rows; how many of which ticket type they were."""
    voided = list(rows.select_related("ticket"))
    for row in voided:
        ticket = row.ticket
        row.is_live, row.former_status, row.former_payment_status = True, ticket.status, ticket.payment_status
        ticket.status = Ticket.Status.CANCELLED
        if ticket.paid_amount:
            ticket.payment_status = Ticket.PaymentStatus.REFUNDED
    RefundTicket.objects.bulk_update(voided, ["is_live", "former_status", "former_payment_status"])
    Ticket.objects.bulk_update([row.ticket for row in voided], ["status", "payment_status"])
    return Counter(row.ticket.ticket_type_id for row in voided)


def change_order(order: Order, refund: Refund) -> None:
    """Count a refund that was made on its locked order: how much of it is back, and what that makes of it."""
    if refund.payment.refunds.filter(origin=Refund.Origin.LATE_PAYMENT).exists():
        # An order that another payment has paid keeps its tickets; only this payment's money goes back.
        if order.status not in (Order.Status.EXPIRED, Order.Status.CANCELLED):
            return
        order.problem, order.completed_at = Order.Problem.RESERVATION_EXPIRED, timezone.now()
        order.status = Order.Status.REFUNDED
    elif order.status != Order.Status.DISPUTED:
        is_over = order.refunded_amount + refund.amount >= order.total_amount
        has_live = order.tickets.exclude(status=Ticket.Status.CANCELLED).exists()
        order.status = Order.Status.REFUNDED if is_over or not has_live else Order.Status.PARTLY_REFUNDED
    order.refunded_amount += refund.amount
    order.save(update_fields=["status", "problem", "completed_at", "refunded_amount"])


def _tell(order: Order, refund: Refund) -> None:
    """The audit entry, and the buyer's mail: once for a refund."""
    audit.record(
        "payment.late_refunded" if refund.origin == Refund.Origin.LATE_PAYMENT else "order.refunded",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor_kind=AuditEntry.Actor.WEBHOOK if refund.origin == Refund.Origin.STRIPE else None,
        after={
            "refund": refund.code,
            "stripe_refund": refund.stripe_refund_id,
            "amount": refund.amount,
            "currency": refund.currency,
            "status": order.status,
        },
        reason=refund.reason,
    )
    kind = "event_cancelled" if refund.origin == Refund.Origin.EVENT_CANCELLED else "refund_confirmation"
    enqueue(
        kind,
        key=f"{kind}:{refund.code}",
        to=order.email,
        ids={"order": order.pk, "refund": refund.pk},
    )
    logger.info("refunded order=%s refund=%s amount=%s", order.code, refund.code, refund.amount)


def _ask_staff(refund: Refund, reason: str) -> None:
    refund.needs_staff = True
    refund.staff_reason = f"{refund.staff_reason} {reason}".strip()


def _poke_mirror(stripe_refund_id: str) -> None:
    from ticketing.tasks import mirror_refund  # services queue tasks, tasks call services

    poke(mirror_refund, stripe_refund_id)
