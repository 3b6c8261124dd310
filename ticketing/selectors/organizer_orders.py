"""The organizer's list of orders: newest first, one page by key, however many there are; and all of it as rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Organization
from maly.errors import NotFound
from maly.money import to_decimal
from ticketing.models import Order, OrderLine, Refund, Ticket
from ticketing.selectors.order_filters import (
    Chip,
    Filter,
    OrderFilters,
    filter_orders,
    list_chips,
    list_filters,
)

PAGE_SIZE = 25
BATCH = 500
# Beyond it a number says nothing, and counting costs.
COUNTED = 10_000
# The colour behind an order's status.
TONES: dict[str, str] = {
    Order.Status.AWAITING_PAYMENT: "info",
    Order.Status.PAID: "success",
    Order.Status.DISPUTED: "danger",
}
TICKET_TONES: dict[str, str] = {Ticket.Status.VALID: "success", Ticket.Status.CHECKED_IN: "info"}
REFUND_TONES: dict[str, str] = {
    Refund.Status.REQUESTED: "info",
    Refund.Status.PENDING: "info",
    Refund.Status.SUCCEEDED: "success",
    Refund.Status.FAILED: "danger",
    Refund.Status.REFUSED: "danger",
}
COLUMNS = (
    "order",
    "status",
    "ordered_at_utc",
    "paid_at_utc",
    "buyer",
    "email",
    "event",
    "event_starts_at",
    "tickets",
    "quantity",
    "currency",
    "total",
    "platform_fee",
    "processing_fee",
    "to_organizer",
    "refunded",
    "refund_notes",
)


@dataclass(frozen=True)
class OrderRow:
    """One order of the list; its event and lines are read."""

    order: Order

    @cached_property
    def lines(self) -> list[OrderLine]:
        return list(self.order.lines.all())

    @property
    def bought(self) -> str:
        """What was bought: 2 General admission, 1 Supper seat."""
        return ", ".join(f"{line.quantity} {line.name}" for line in self.lines)

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def word(self) -> str:
        return status_word(self.order)

    @property
    def tone(self) -> str:
        return TONES.get(self.order.status, "")

    @property
    def notes(self) -> str:
        """The team's own notes on its refunds, where they were read."""
        return "; ".join(refund.note for refund in self.order.refunds.all() if refund.note)

    @property
    def returned_amount(self) -> int:
        return -self.order.refunded_amount


@dataclass(frozen=True, kw_only=True)
class OrderIndex:
    """One page of the list; `count` is None beyond COUNTED."""

    rows: list[OrderRow]
    count: int | None
    filters: OrderFilters
    choices: list[Filter]
    chips: list[Chip]
    newer: str = ""
    older: str = ""

    @property
    def is_first_use(self) -> bool:
        """No order at all, not even behind the filters."""
        return not self.rows and not self.filters.is_active

    @property
    def newer_query(self) -> str:
        return self.filters.query(after=self.newer) if self.newer else ""

    @property
    def older_query(self) -> str:
        return self.filters.query(before=self.older) if self.older else ""


def status_word(order: Order) -> str:
    """An order's status; one that cost nothing was never paid, and is never refunded."""
    if order.total_amount:
        return str(order.get_status_display())
    words = {Order.Status.PAID: _("Booked"), Order.Status.REFUNDED: _("Cancelled")}
    return words.get(Order.Status(order.status), str(order.get_status_display()))


def find_ticket(order: Order, code: str) -> Ticket:
    """A ticket of the order, its line read; raises NotFound for another order's too."""
    ticket = order.tickets.select_related("line").filter(code=code.replace("\x00", "")).first()
    if ticket is None:
        raise NotFound
    return ticket


def list_orders(
    organization: Organization, filters: OrderFilters, *, before: str = "", after: str = ""
) -> OrderIndex:
    """A page of the orders, in six statements: those older than `before`, newer than `after` (codes), or the newest."""
    matching = filter_orders(organization, filters)
    found = _page(matching, organization, before, after)
    has_more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if after:
        found.reverse()
    count = matching.order_by()[: COUNTED + 1].count()
    choices = list_filters(organization, filters)
    newest, oldest = (found[0].code, found[-1].code) if found else ("", "")
    return OrderIndex(
        rows=[OrderRow(order) for order in found],
        count=count if count <= COUNTED else None,
        filters=filters,
        choices=choices,
        chips=list_chips(filters, choices),
        newer=newest if (has_more if after else before) else "",
        older=oldest if (after or has_more) else "",
    )


def export_rows(organization: Organization, filters: OrderFilters) -> Iterator[tuple[object, ...]]:
    """Every matching order, newest first, below the names of the columns; read by the key, a few hundred at a time."""
    yield COLUMNS
    notes = Prefetch("refunds", Refund.objects.order_by("id"))
    matching = _with_parts(filter_orders(organization, filters)).prefetch_related(notes).order_by("-id")
    batch = list(matching[:BATCH])
    while batch:
        yield from (_export(OrderRow(order)) for order in batch)
        batch = list(matching.filter(id__lt=batch[-1].pk)[:BATCH])


def _page(matching: QuerySet[Order], organization: Organization, before: str, after: str) -> list[Order]:
    """One order more than the page has, beginning at the page's edge."""
    orders = _with_parts(matching)
    edge = Order.objects.filter(organization=organization, code=(after or before).replace("\x00", ""))
    if after:
        return list(orders.filter(id__gt=edge.values("id")[:1]).order_by("id")[: PAGE_SIZE + 1])
    if before:
        orders = orders.filter(id__lt=edge.values("id")[:1])
    return list(orders.order_by("-id")[: PAGE_SIZE + 1])


def _with_parts(orders: QuerySet[Order]) -> QuerySet[Order]:
    lines = OrderLine.objects.defer("ticket_amounts")
    return orders.select_related("event").prefetch_related(Prefetch("lines", lines))


def _export(row: OrderRow) -> tuple[object, ...]:
    order = row.order

    def decimal(amount: int) -> Decimal:
        return to_decimal(amount, order.currency)

    return (
        order.code,
        row.word,
        _utc(order.created_at),
        _utc(order.completed_at),
        order.name,
        order.email,
        order.event.title,
        _utc(order.event.starts_at),
        row.bought,
        row.quantity,
        order.currency.upper(),
        decimal(order.total_amount),
        decimal(order.platform_fee_amount),
        decimal(order.processing_fee_amount),
        decimal(order.organizer_amount),
        decimal(order.refunded_amount),
        row.notes,
    )


def _utc(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""
