"""What cancelling an event would do to its orders' money, by the plans that its refunds will be made by.

A fixed number of statements however many orders there are, and one question to Stripe: what the organizer has. Amounts
are minor units of the event's currency.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q

from connect import gateway
from connect.errors import GatewayError
from ticketing.errors import NothingToRefund
from ticketing.models import Event, Order, Payment, Refund, Ticket
from ticketing.services.refund_plans import RefundableMoney, RefundPlan, plan_refund
from ticketing.services.refundable import read_money_of_many
from ticketing.services.refunds import REFUNDABLE

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class CancellationPreview:
    """How many orders and tickets, and who pays what. `organizer_funds_amount` is None while Stripe can't be asked."""

    currency: str
    orders: int = 0
    tickets: int = 0
    refunded_orders: int = 0
    free_orders: int = 0
    unpaid_orders: int = 0
    disputed_orders: int = 0
    disputed_amount: int = 0
    buyers_get_amount: int = 0
    from_organizer_amount: int = 0
    from_platform_amount: int = 0
    stripe_fee_amount: int = 0
    organizer_funds_amount: int | None = None
    owed_by_destination: dict[str, int] = field(default_factory=dict)

    @property
    def platform_fronts_amount(self) -> int | None:
        """What the organizer's balance can't bear: the platform pays it now, and the organizer owes it."""
        if self.organizer_funds_amount is None:
            return None
        return self.from_organizer_amount - self.organizer_funds_amount


def plan_cancellation(
    order: Order, money: RefundableMoney, *, live: list[Ticket], gives_fee_back: bool | None
) -> RefundPlan:
    """All that is left of an order goes back to its buyer; the fee by the order's plan, or as staff chose.

    A fee that is kept is the organizer's to bear, who cancelled. Raises NothingToRefund.
    """
    by_plan = bool(order.fee_terms.get("refunds_platform_fee"))
    is_back = by_plan if gives_fee_back is None else gives_fee_back
    return plan_refund(money, live=live, gives_fee_back=is_back, buyer_gets_all=True)


def preview_cancellation(event: Event, *, gives_fee_back: bool | None = None) -> CancellationPreview:
    """What `cancel_event` would do now; nothing is written. Orders that are awaiting payment are closed unpaid."""
    preview = CancellationPreview(currency=event.currency)
    orders = {order.pk: order for order in _affected_orders(event)}
    statuses = Counter(order.status for order in orders.values())
    preview.orders = len(orders)
    preview.unpaid_orders = statuses[Order.Status.AWAITING_PAYMENT]
    preview.disputed_orders = statuses[Order.Status.DISPUTED]
    preview.disputed_amount = sum(
        order.total_amount - order.refunded_amount
        for order in orders.values()
        if order.status == Order.Status.DISPUTED
    )
    preview.tickets = _count_tickets(event)
    paid = [(orders[payment.order_id], payment) for payment in _read_payments(orders.values())]
    preview.free_orders = sum(
        order.status in REFUNDABLE and not order.total_amount for order in orders.values()
    )
    _add_plans(preview, paid, gives_fee_back)
    preview.organizer_funds_amount = _find_funds(preview)
    return preview


def _affected_orders(event: Event) -> Iterable[Order]:
    """The orders that the job will have a row for."""
    affected = event.orders.filter(
        status__in=[
            Order.Status.AWAITING_PAYMENT,
            Order.Status.PAID,
            Order.Status.PARTLY_REFUNDED,
            Order.Status.DISPUTED,
        ]
    )
    return affected.only(
        "event",
        "status",
        "currency",
        "total_amount",
        "refunded_amount",
        "processing_fee_amount",
        "fee_absorption",
        "fee_terms",
    )


def _count_tickets(event: Event) -> int:
    """The tickets that are cancelled: those of disputed orders are the bank's."""
    live = ~Q(status=Ticket.Status.CANCELLED) & ~Q(order__status=Order.Status.DISPUTED)
    return int(event.tickets.aggregate(live=Count("pk", filter=live))["live"])


def _read_payments(orders: Iterable[Order]) -> list[Payment]:
    """The payment that paid each order that can be refunded; the first, as `find_payment` has it."""
    wanted = [order.pk for order in orders if order.status in REFUNDABLE and order.total_amount]
    paid = Payment.objects.filter(order__in=wanted, status=Payment.Status.SUCCEEDED)
    found: dict[int, Payment] = {}
    on_time = paid.exclude(refunds__origin=Refund.Origin.LATE_PAYMENT).defer("parameters", "session_url")
    for payment in on_time.order_by("pk"):
        found.setdefault(payment.order_id, payment)
    return list(found.values())


def _add_plans(
    preview: CancellationPreview, paid: list[tuple[Order, Payment]], gives_fee_back: bool | None
) -> None:
    """Plan every refund as the job will, and add it up."""
    moneys = read_money_of_many(paid)
    owed: defaultdict[str, int] = defaultdict(int)
    for order, payment in paid:
        try:
            plan = plan_cancellation(order, moneys[payment.pk], live=[], gives_fee_back=gives_fee_back)
        except NothingToRefund:
            continue
        preview.refunded_orders += 1
        preview.buyers_get_amount += plan.amount
        preview.from_organizer_amount += plan.from_organizer_amount
        preview.from_platform_amount += plan.from_platform_amount
        preview.stripe_fee_amount += payment.stripe_fee_amount or 0
        owed[payment.destination] += plan.from_organizer_amount
    preview.owed_by_destination = dict(owed)


def _find_funds(preview: CancellationPreview) -> int | None:
    """How much of the organizer's part its balances hold, pending and available; None if Stripe doesn't answer."""
    funds = 0
    try:
        for destination, owed in preview.owed_by_destination.items():
            held = gateway.retrieve_balance(destination)
            balance = held.available.get(preview.currency, 0) + held.pending.get(preview.currency, 0)
            funds += max(0, min(owed, balance))
    except GatewayError as error:
        logger.warning("balance_unknown error=%s", type(error).__name__)
        return None
    return funds
