"""Everybody's transactions: orders that were paid, newest first, a page by key; or whatever orders a search names.

Amounts are minor units of the order's currency. Nothing is counted: a page costs the same after a million sales.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from urllib.parse import urlencode

from django.db.models import Prefetch, Q, QuerySet
from django.utils.functional import cached_property

from accounts.models import Organization
from adminpanel.selectors.pages import PageByKey
from adminpanel.selectors.transaction_search import found_by, is_payout
from maly.money import to_decimal
from ticketing.models import Order, Payment
from ticketing.selectors.organizer_orders import TONES, status_word
from ticketing.serializers import succeeded_payment

PAGE_SIZE = 25
BATCH = 1000
# What an order can be once it was paid.
STATUSES = (
    Order.Status.PAID,
    Order.Status.PARTLY_REFUNDED,
    Order.Status.REFUNDED,
    Order.Status.DISPUTED,
)
COLUMNS = (
    "order",
    "status",
    "completed_at_utc",
    "organization",
    "event",
    "currency",
    "subtotal",
    "total",
    "platform_fee",
    "processing_fee",
    "application_fee",
    "stripe_fee",
    "organizer",
    "refunded",
    "checkout_session",
    "payment_intent",
    "charge",
    "transfer",
)
# The columns of the table's last four, and what the others are made of: a million rows are read for it.
IDS = ("session_id", "payment_intent_id", "charge_id", "transfer_id")
EXPORTED = (
    "code",
    "status",
    "completed_at",
    "currency",
    "subtotal_amount",
    "total_amount",
    "platform_fee_amount",
    "processing_fee_amount",
    "refunded_amount",
    "organization__slug",
    "event__title",
)
Place = tuple[datetime | None, int]


@dataclass(frozen=True, kw_only=True)
class TransactionFilters:
    """What the list is narrowed down to; days are those of UTC, both included."""

    search: str = ""
    organization: Organization | None = None
    date_from: date | None = None
    date_to: date | None = None
    status: str = ""

    @property
    def is_active(self) -> bool:
        return self != TransactionFilters()

    def query(self, **more: str) -> str:
        """The filters as the address has them, with more parameters behind them."""
        values = {
            "q": self.search,
            "organization": self.organization.slug if self.organization else "",
            "date_from": self.date_from.isoformat() if self.date_from else "",
            "date_to": self.date_to.isoformat() if self.date_to else "",
            "status": self.status,
        }
        return urlencode({name: value for name, value in {**values, **more}.items() if value})


@dataclass(frozen=True)
class TransactionRow:
    """One order of the list; organization, event and payments are read."""

    order: Order

    @cached_property
    def payment(self) -> Payment | None:
        return succeeded_payment(self.order)

    @property
    def payment_intent(self) -> str:
        return (self.payment.payment_intent_id or "") if self.payment else ""

    @property
    def word(self) -> str:
        return status_word(self.order)

    @property
    def tone(self) -> str:
        return TONES.get(self.order.status, "")

    @property
    def stripe_fee_amount(self) -> int | None:
        """Stripe's own fee, None before it is known; what was free had none."""
        return self.payment.stripe_fee_amount if self.payment else None

    @property
    def kept_amount(self) -> int | None:
        """What the platform has of the sale once Stripe is paid; below 0 where it pays on top."""
        if self.stripe_fee_amount is None:
            return None
        return self.order.application_fee_amount - self.stripe_fee_amount

    @property
    def returned_amount(self) -> int:
        return -self.order.refunded_amount


@dataclass(frozen=True, kw_only=True)
class TransactionList(PageByKey):
    """One page; `payout` is the id that was searched for, where it is a payout's."""

    rows: list[TransactionRow] = field(default_factory=list)
    filters: TransactionFilters = field(default_factory=TransactionFilters)
    newer: str = ""
    older: str = ""

    @property
    def is_first_use(self) -> bool:
        """Nothing was ever sold, not even behind the filters."""
        return not self.rows and not self.filters.is_active

    @property
    def payout(self) -> str:
        return self.filters.search if is_payout(self.filters.search) else ""


def find_transactions(filters: TransactionFilters) -> QuerySet[Order]:
    """The orders that fit, in no order: those that were paid, or of a search all that it names, paid or not."""
    if filters.search:
        orders = Order.objects.filter(found_by(filters.search))
    else:
        orders = Order.objects.filter(completed_at__isnull=False, total_amount__gt=0)
    if filters.organization:
        orders = orders.filter(organization=filters.organization)
    if filters.status:
        orders = orders.filter(status=filters.status)
    if filters.date_from:
        orders = orders.filter(completed_at__gte=datetime.combine(filters.date_from, time.min, UTC))
    if filters.date_to:
        orders = orders.filter(completed_at__lte=datetime.combine(filters.date_to, time.max, UTC))
    return orders


def ordering(filters: TransactionFilters) -> tuple[str, ...]:
    """Newest first: by payment, or where a search may find what was never paid, by when it was placed."""
    return ("-id",) if filters.search else ("-completed_at", "-id")


def list_transactions(filters: TransactionFilters, *, before: str = "", after: str = "") -> TransactionList:
    """A page of them: older than `before`, newer than `after` (codes of orders), or the newest."""
    found = _page(filters, before, after)
    has_more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if after:
        found.reverse()
    newest, oldest = (found[0].code, found[-1].code) if found else ("", "")
    return TransactionList(
        rows=[TransactionRow(order) for order in found],
        filters=filters,
        newer=newest if (has_more if after else before) else "",
        older=oldest if (after or has_more) else "",
    )


def export_rows(filters: TransactionFilters) -> Iterator[tuple[object, ...]]:
    """Every matching order, newest first, below the names of the columns.

    Read by the key, a thousand at a time: however slowly the file is fetched, no transaction stays open meanwhile.
    """
    yield COLUMNS
    payments = Payment.objects.only("order_id", "status", "stripe_fee_amount", *IDS)
    orders = find_transactions(filters).select_related("organization", "event").only(*EXPORTED)
    matching = orders.prefetch_related(Prefetch("payments", payments)).order_by(*ordering(filters))
    batch = list(matching[:BATCH])
    while batch:
        yield from (_export(TransactionRow(order)) for order in batch)
        batch = list(_beyond(matching, filters, _place(batch[-1]), is_newer=False)[:BATCH])


def with_parts(orders: QuerySet[Order]) -> QuerySet[Order]:
    """With organization, event and payments, for rows of lists; what is long and not shown is left behind."""
    payments = Payment.objects.defer("parameters", "session_url", "received")
    together = orders.select_related("organization", "event").prefetch_related(Prefetch("payments", payments))
    return together.defer("fee_breakdown", "fee_terms", "refund_policy", "event__description")


def _page(filters: TransactionFilters, before: str, after: str) -> list[Order]:
    """One order more than the page has, beginning at the page's edge."""
    orders = with_parts(find_transactions(filters)).order_by(*ordering(filters))
    edge = (after or before).replace("\x00", "")
    beside = Order.objects.filter(code=edge).only("id", "completed_at").first() if edge else None
    if beside is None:
        return list(orders[: PAGE_SIZE + 1])
    beyond = _beyond(orders, filters, _place(beside), is_newer=bool(after))
    return list(beyond[: PAGE_SIZE + 1])


def _place(order: Order) -> Place:
    return order.completed_at, order.pk


def _beyond(
    orders: QuerySet[Order], filters: TransactionFilters, place: Place, *, is_newer: bool
) -> QuerySet[Order]:
    """What comes after a place in the list, or with `is_newer` before it, nearest first."""
    moment, pk = place
    side = "gt" if is_newer else "lt"
    found = orders.reverse() if is_newer else orders
    on_its_side = Q(**{f"id__{side}": pk})
    if filters.search or moment is None:
        return found.filter(on_its_side)
    # The moment by itself first, so that the index is entered where the page begins.
    here = found.filter(**{f"completed_at__{side}e": moment})
    return here.filter(Q(**{f"completed_at__{side}": moment}) | on_its_side)


def _export(row: TransactionRow) -> tuple[object, ...]:
    order, payment = row.order, row.payment

    def decimal(amount: int | None) -> object:
        return "" if amount is None else to_decimal(amount, order.currency)

    amounts = (
        order.subtotal_amount,
        order.total_amount,
        order.platform_fee_amount,
        order.processing_fee_amount,
        order.application_fee_amount,
        row.stripe_fee_amount,
        order.organizer_amount,
        order.refunded_amount,
    )
    ids = [getattr(payment, name, None) or "" for name in IDS]
    return (
        order.code,
        row.word,
        f"{order.completed_at:%Y-%m-%dT%H:%M:%SZ}" if order.completed_at else "",
        order.organization.slug,
        order.event.title,
        order.currency.upper(),
        *map(decimal, amounts),
        *ids,
    )
