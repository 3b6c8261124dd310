"""The life of an order before and after its payment: placed with its stock, paid with its tickets, closed.

Money facts: every amount is frozen when the stock is held, in minor units of the order's currency.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.services import audit
from connect.services.fees import LineQuote, OrderQuote
from notifications.services.outbox import enqueue
from ticketing.models import Order, OrderLine, Payment
from ticketing.services import stock
from ticketing.services.offers import Offer
from ticketing.services.sales_news import tell_of_sale
from ticketing.services.tickets import issue_tickets

logger = logging.getLogger(__name__)
# The states of an order that has, or had, tickets.
TICKETED = (Order.Status.PAID, Order.Status.PARTLY_REFUNDED, Order.Status.REFUNDED, Order.Status.DISPUTED)
UNDER_WAY = (Payment.Status.REQUESTED, Payment.Status.OPEN)


@dataclass(frozen=True)
class Buyer:
    """Who buys: a guest by email and name, or a signed-in user."""

    email: str
    name: str
    user: User | None = None


def place_order(offer: Offer, quote: OrderQuote, buyer: Buyer, *, request_key: str = "") -> Order:
    """Freeze what is offered as an order and hold its stock, or sell it at once if it costs nothing.

    Amounts are minor units of the event's currency. Raises StockMoved when what the offer had read no longer holds;
    then nothing is written.
    """
    with transaction.atomic():
        order = Order.objects.create(
            event=offer.event,
            organization=offer.event.organization,
            connected_account=offer.account if quote.total_amount else None,
            user=buyer.user,
            email=buyer.email,
            name=buyer.name,
            currency=offer.event.currency,
            subtotal_amount=quote.subtotal_amount,
            platform_fee_amount=quote.platform_fee,
            processing_fee_amount=quote.processing_fee,
            total_amount=quote.total_amount,
            fee_absorption=offer.fee_absorption,
            fee_breakdown=quote.fee_breakdown,
            fee_terms=offer.terms.as_json(),
            refund_policy=offer.event.refund_policy,
            hold_expires_at=hold_until(timezone.now()),
            request_key=request_key,
        )
        lines = _write_lines(order, offer, quote.lines)
        if quote.total_amount:
            stock.hold(offer.event, offer.holdings())
        else:
            complete_order(order, lines, actor_kind=AuditEntry.Actor.BUYER)
            stock.take(offer.event, offer.holdings())
    return order


def hold_until(now: datetime) -> datetime:
    """When a hold that begins now ends: with the Checkout Session, for which Stripe wants at least 30 minutes."""
    return (now + timedelta(minutes=settings.HOLD_MINUTES)).replace(microsecond=0)


def lock_order(order_id: int) -> Order:
    """Lock an order for the caller's transaction; the first lock of every flow over orders."""
    orders = Order.objects.select_related("event", "organization", "connected_account")
    return orders.select_for_update(of=("self",)).get(pk=order_id)


def lock_payment(payment_id: int, order_id: int) -> tuple[Order, Payment]:
    """Lock a payment and, before it, its order."""
    order = lock_order(order_id)
    return order, Payment.objects.select_for_update().get(pk=payment_id)


def complete_order(order: Order, lines: list[OrderLine], *, actor_kind: str) -> None:
    """Make a locked (or new) order paid: its tickets, the audit entry, the mails. Stock is the caller's.

    In the caller's transaction. The mails are queued once for an order, whoever asks how often.
    """
    before = order.status
    order.status, order.problem = Order.Status.PAID, ""
    order.completed_at, order.closed_at, order.hold_expires_at = timezone.now(), None, None
    order.save(update_fields=["status", "problem", "completed_at", "closed_at", "hold_expires_at"])
    tickets = issue_tickets(order, lines)
    audit.record(
        "order.paid",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor_kind=actor_kind,
        before={"status": before},
        after={"status": order.status, "total_amount": order.total_amount, "currency": order.currency},
    )
    enqueue(
        "ticket_confirmation",
        key=f"ticket_confirmation:{order.code}",
        to=order.email,
        ids={"order": order.pk},
    )
    tell_of_sale(order)
    logger.info(
        "order_paid order=%s tickets=%s total_amount=%s", order.code, len(tickets), order.total_amount
    )


def note_tickets_seen(order: Order) -> None:
    """Keep when an order's tickets were first opened with its key; a bank may want to know."""
    if order.tickets_seen_at is None:
        Order.objects.filter(pk=order.pk, tickets_seen_at=None).update(tickets_seen_at=timezone.now())


def close_order(
    order: Order, payment: Payment | None, *, status: str, payment_status: str, problem: str = ""
) -> None:
    """Close a locked order that awaits payment and give its stock back, in the caller's transaction.

    `status` is expired or cancelled, `payment_status` what becomes of the payment under way.
    """
    assert order.status == Order.Status.AWAITING_PAYMENT, order.status
    if payment is not None:
        payment.status, payment.lease_until = payment_status, None
        payment.save(update_fields=["status", "lease_until", "failure_code"])
    order.status, order.problem, order.closed_at = status, problem, timezone.now()
    order.save(update_fields=["status", "problem", "closed_at"])
    stock.release(order.event_id, quantities_of(order.lines.all()))
    logger.info("order_closed order=%s status=%s problem=%s", order.code, status, problem)


def quantities_of(lines: Iterable[OrderLine]) -> dict[int, int]:
    """How many of which ticket type (by primary key) an order's lines hold."""
    return {line.ticket_type_id: line.quantity for line in lines}


def _write_lines(order: Order, offer: Offer, quoted: tuple[LineQuote, ...]) -> list[OrderLine]:
    lines = [
        OrderLine(
            order=order,
            ticket_type=wanted.ticket_type,
            name=wanted.ticket_type.name,
            quantity=wanted.quantity,
            unit_price_amount=line.unit_price_amount,
            unit_total_amount=line.unit_total_amount,
            ticket_amounts=[vars(amounts) for amounts in line.tickets],
            attendee_names=list(wanted.names),
        )
        for wanted, line in zip(offer.wanted, quoted, strict=True)
    ]
    return OrderLine.objects.bulk_create(lines)
