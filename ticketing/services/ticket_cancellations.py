"""Cancelling tickets that cost nothing: one, or all of a free order. What was paid for is refunded instead.

The same lock as a refund's and a check-in's comes first, so that a ticket is cancelled once and its seat given back
once, whoever else is at it.
"""

import logging
from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from accounts.services import audit
from notifications.services.outbox import enqueue
from ticketing.errors import RefundUnderWay, TicketNotCancellable
from ticketing.models import Event, Order, Ticket
from ticketing.services import stock
from ticketing.services.orders import lock_order
from ticketing.services.refundable import live_tickets, status_by_refunds

logger = logging.getLogger(__name__)
PAID = "This ticket was paid for, so its money goes back with it. Refund it instead."
DISPUTED = "This order is disputed: its tickets stay as they are until the buyer's bank has decided."
EVENT_CANCELLED = "The event is cancelled, and with it every ticket."


def cancel_ticket(ticket: Ticket, *, actor: User, reason: str, restock: bool = True) -> Ticket:
    """Cancel a ticket that cost nothing; its seat is sold again, or without `restock` taken off sale.

    The buyer gets a mail with the `reason`. Safe to call twice. Raises TicketNotCancellable, and RefundUnderWay while a
    refund of the order holds the ticket.
    """
    with transaction.atomic():
        order = lock_order(ticket.order_id)
        ticket = order.tickets.get(pk=ticket.pk)
        if ticket.status != Ticket.Status.CANCELLED:
            _cancel(order, [ticket], actor=actor, reason=reason, restock=restock)
            ticket.refresh_from_db()
    return ticket


def cancel_free_order(order: Order, *, actor: User, reason: str, restock: bool = True) -> Order:
    """Cancel every ticket of an order that cost nothing, as `cancel_ticket` does one; one mail tells of all of them."""
    with transaction.atomic():
        order = lock_order(order.pk)
        live = live_tickets(order)
        if live:
            _cancel(order, live, actor=actor, reason=reason, restock=restock)
    return order


def why_not_cancellable(order: Order, tickets: Sequence[Ticket]) -> str:
    """What is in the way of cancelling these tickets, in words; nothing if nothing is. The order's event is read."""
    if order.event.status == Event.Status.CANCELLED:
        return EVENT_CANCELLED
    if order.is_disputed:
        return DISPUTED
    return PAID if any(ticket.paid_amount for ticket in tickets) else ""


def _cancel(order: Order, tickets: Sequence[Ticket], *, actor: User, reason: str, restock: bool) -> None:
    """Cancel live tickets of a locked order; the counters of the stock are written last."""
    problem = why_not_cancellable(order, tickets)
    if problem:
        raise TicketNotCancellable(problem)
    if not {ticket.pk for ticket in tickets} <= {ticket.pk for ticket in live_tickets(order)}:
        raise RefundUnderWay
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(status=Ticket.Status.CANCELLED)
    _follow_tickets(order)
    codes = [ticket.code for ticket in tickets]
    entry = audit.record(
        "ticket.cancelled",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=actor,
        after={"tickets": codes, "restock": restock, "status": order.status},
        reason=reason,
    )
    # A ticket is cancelled for nothing but once, so that its code names the mail for good.
    enqueue(
        "ticket_cancelled",
        key=f"ticket_cancelled:{order.code}:{codes[0]}",
        to=order.email,
        ids={"order": order.pk, "entry": entry.pk},
    )
    stock.give_back(order.event_id, Counter(ticket.ticket_type_id for ticket in tickets), restock=restock)
    logger.info("tickets_cancelled order=%s tickets=%s", order.code, len(codes))


def _follow_tickets(order: Order) -> None:
    """An order without a live ticket is over."""
    if order.tickets.exclude(status=Ticket.Status.CANCELLED).exists():
        return
    order.status = status_by_refunds(order) if order.total_amount else Order.Status.REFUNDED
    order.save(update_fields=["status"])
