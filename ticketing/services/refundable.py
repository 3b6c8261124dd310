"""How far the refunds of an order have gone: what is left of its money, and which tickets no refund holds."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet, Sum

from ticketing.models import Order, Payment, Refund, RefundTicket, Ticket
from ticketing.services.refund_plans import RefundableMoney, money_of

# Refunds that count: those that are under way too.
ACTIVE = (Refund.Status.REQUESTED, Refund.Status.PENDING, Refund.Status.SUCCEEDED)


def read_money(order: Order, payment: Payment) -> RefundableMoney:
    """How far the refunds of a payment have gone, those that are under way included."""
    active = payment.refunds.filter(status__in=ACTIVE)
    sums = active.aggregate(
        organizer=Sum("organizer_part_amount", default=0),
        fee=Sum("fee_part_amount", default=0),
        processing=Sum("processing_part_amount", default=0),
        amount=Sum("amount", default=0),
    )
    return money_of(
        order,
        payment,
        settled=sums,
        refunded_at_stripe=sums["amount"],
        fee_back_at_stripe=_sum(payment.fee_refunds.exclude(status="refused")),
        reversed_at_stripe=_sum(payment.reversals.exclude(status="refused")),
    )


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


def _sum(moved: QuerySet[Any]) -> int:
    return int(moved.aggregate(total=Sum("amount", default=0))["total"])
