"""How far the refunds of an order have gone: what is left of its money, and which tickets no refund holds."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet, Sum

from connect.stripe_objects import Moved
from connect.stripe_objects import Refund as StripeRefund
from ticketing.models import (
    ApplicationFeeRefund,
    Dispute,
    Order,
    Payment,
    Refund,
    RefundTicket,
    Ticket,
    TransferReversal,
)
from ticketing.services.refund_plans import RefundableMoney, money_of

STATUSES = {
    "succeeded": Refund.Status.SUCCEEDED,
    "pending": Refund.Status.PENDING,
    "requires_action": Refund.Status.PENDING,
    "failed": Refund.Status.FAILED,
    "canceled": Refund.Status.FAILED,
}
CAME_BACK = (Refund.Status.FAILED, Refund.Status.OTHERWISE)
AT_STRIPE = (Refund.Status.REQUESTED, Refund.Status.PENDING, Refund.Status.SUCCEEDED)
# Refunds that count: those that are under way too, and what the buyer got another way.
ACTIVE = (*AT_STRIPE, Refund.Status.OTHERWISE)
# Disputes whose money the bank has given to the buyer.
GONE = (Dispute.Status.LOST, Dispute.Status.PREVENTED)
NOTHING = {"organizer": 0, "fee": 0, "processing": 0, "refunded": 0}


def read_money(order: Order, payment: Payment) -> RefundableMoney:
    """How far the refunds of a payment have gone, those that are under way included."""
    return read_money_of_many([(order, payment)])[payment.pk]


def read_money_of_many(paid: Sequence[tuple[Order, Payment]]) -> dict[int, RefundableMoney]:
    """The same for many payments at once, by payment id, in three statements."""
    ids = [payment.pk for _, payment in paid]
    active = Refund.objects.filter(payment__in=ids, status__in=ACTIVE)
    sums: Iterable[Any] = active.values("payment_id").annotate(
        organizer=Sum("organizer_part_amount"),
        fee=Sum("fee_part_amount"),
        processing=Sum("processing_part_amount"),
        refunded=Sum("amount", filter=Q(status__in=AT_STRIPE), default=0),
    )
    settled = {row["payment_id"]: row for row in sums}
    fees = _sums(ApplicationFeeRefund.objects.filter(payment__in=ids))
    # Of the charge's own transfer, which is what Stripe reverses with a refund.
    reversals = _sums(TransferReversal.objects.filter(payment__in=ids, transfer__isnull=True))
    return {
        payment.pk: money_of(
            order,
            payment,
            settled=settled.get(payment.pk, NOTHING),
            refunded_at_stripe=settled.get(payment.pk, NOTHING)["refunded"],
            fee_back_at_stripe=fees.get(payment.pk, 0),
            reversed_at_stripe=reversals.get(payment.pk, 0),
        )
        for order, payment in paid
    }


def unknown_fees(payment: Payment, answer: StripeRefund) -> list[Moved]:
    """The fee refunds of the charge that no row of ours tells of, oldest first."""
    known = set(payment.fee_refunds.exclude(stripe_id=None).values_list("stripe_id", flat=True))
    return [one for one in reversed(answer.fee_refunds) if one.id not in known and not one.request]


def live_tickets(order: Order) -> list[Ticket]:
    """The tickets that still count and that no refund holds."""
    held = RefundTicket.objects.filter(is_live=True, ticket__order=order).values("ticket_id")
    return list(order.tickets.exclude(status=Ticket.Status.CANCELLED).exclude(pk__in=held))


def hold_tickets(refund: Refund, tickets: Iterable[Ticket]) -> None:
    """Have a refund hold these tickets, so that no other can, until it cancels them or comes to nothing."""
    RefundTicket.objects.bulk_create(
        RefundTicket(
            refund=refund,
            ticket=ticket,
            former_status=ticket.status,
            former_payment_status=ticket.payment_status,
        )
        for ticket in tickets
    )


def status_by_refunds(order: Order) -> str:
    """How far a paid order is by its refunds alone, whatever else has happened to it."""
    if not order.refunded_amount:
        return Order.Status.PAID
    has_live = order.tickets.exclude(status=Ticket.Status.CANCELLED).exists()
    is_over = order.refunded_amount >= order.total_amount or not has_live
    return Order.Status.REFUNDED if is_over else Order.Status.PARTLY_REFUNDED


def _sums(moved: QuerySet[Any]) -> dict[int, int]:
    """What was moved back of each payment."""
    counted = moved.exclude(status="refused").values_list("payment_id")
    return dict(counted.annotate(Sum("amount")))
