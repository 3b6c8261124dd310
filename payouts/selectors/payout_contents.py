"""The organizer's page of one payout: what it is made of, how it went, and its lines as rows for spreadsheets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from maly.money import to_decimal
from payouts.models import OrganizerPayout, PayoutLine, PayoutRequest, PayoutStatus
from payouts.wording.failures import failure_in_words
from payouts.wording.payouts import SALES, TAKEN_BACK, line_in_words

PAGE_SIZE = 100
BATCH = 500
# Each line is one of these, or else something other.
SOLD = Q(type__in=SALES, dispute=None)
REFUNDED = Q(type__in=TAKEN_BACK, dispute=None)
DISPUTED = Q(dispute__isnull=False, amount__lt=0)
RETURNED = Q(dispute__isnull=False, amount__gte=0)
COLUMNS = (
    "date_utc",
    "what",
    "order",
    "event",
    "gross",
    "fees",
    "net",
    "currency",
    "allocated_by_us",
    "balance_transaction",
)


@dataclass(frozen=True)
class LineRow:
    """One line; its order and event are read."""

    line: PayoutLine

    @property
    def words(self) -> str:
        line = self.line
        return line_in_words(line.type, amount=line.amount, is_disputed=line.dispute_id is not None)

    @property
    def paid_amount(self) -> int | None:
        """What the buyer paid, or got back where it is below 0; None for what isn't between buyer and organizer."""
        is_theirs = self.line.dispute_id is None and self.line.type in (*SALES, *TAKEN_BACK)
        return self.line.amount if is_theirs else None

    @property
    def less_fee_amount(self) -> int:
        return -self.line.fee_amount


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happened to a payout."""

    at: datetime
    words: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One page of a payout's lines, and the sums of all of them; minor units."""

    rows: list[LineRow]
    number: int
    count: int
    order_count: int
    sales_amount: int
    refund_count: int
    refunds_amount: int
    dispute_count: int
    disputes_amount: int
    returned_count: int
    returned_amount: int
    other_amount: int
    less_fees_amount: int
    unexplained_amount: int
    is_allocated: bool
    history: list[Step]

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def read_contents(payout: OrganizerPayout, *, number: int = 1) -> Contents:
    """A page of what the payout is made of, in three statements, and its history."""
    sums = payout.lines.order_by().aggregate(
        count=Count("id"),
        order_count=Count("order", filter=SOLD, distinct=True),
        sales_amount=Sum("amount", filter=SOLD, default=0),
        refund_count=Count("id", filter=REFUNDED),
        refunds_amount=Sum("amount", filter=REFUNDED, default=0),
        dispute_count=Count("dispute", filter=DISPUTED, distinct=True),
        disputes_amount=Sum("amount", filter=DISPUTED, default=0),
        returned_count=Count("dispute", filter=RETURNED, distinct=True),
        returned_amount=Sum("amount", filter=RETURNED, default=0),
        other_amount=Sum("amount", filter=~(SOLD | REFUNDED | DISPUTED | RETURNED), default=0),
        fees=Sum("fee_amount", default=0),
        net=Sum("net_amount", default=0),
        allocated=Count("id", filter=Q(allocated=True)),
    )
    fees, net, allocated = sums.pop("fees"), sums.pop("net"), sums.pop("allocated")
    number = max(1, min(number, -(-sums["count"] // PAGE_SIZE)))
    begin = (number - 1) * PAGE_SIZE
    lines = _with_parts(payout).order_by("occurred_at", "id")[begin : begin + PAGE_SIZE]
    return Contents(
        rows=[LineRow(line) for line in lines],
        number=number,
        less_fees_amount=-fees,
        unexplained_amount=payout.amount - net if payout.lines_synced_at else 0,
        is_allocated=bool(allocated),
        history=list(_history(payout)),
        **sums,
    )


def export_rows(payout: OrganizerPayout) -> Iterator[tuple[object, ...]]:
    """Every line, oldest first, below the names of the columns; read by the key, a few hundred at a time."""
    yield COLUMNS
    lines = _with_parts(payout).order_by("id")
    batch = list(lines[:BATCH])
    while batch:
        yield from (_export(LineRow(line)) for line in batch)
        batch = list(lines.filter(id__gt=batch[-1].pk)[:BATCH])


def _with_parts(payout: OrganizerPayout) -> QuerySet[PayoutLine]:
    return payout.lines.select_related("order__event")


def _history(payout: OrganizerPayout) -> Iterator[Step]:
    """What happened, oldest first. A payout that was paid may have come back days later."""
    request = PayoutRequest.objects.select_related("requested_by", "release").filter(payout=payout).first()
    if request is not None:
        yield _asked(request)
    words = _("Made by your schedule") if payout.automatic else _("Made by hand")
    yield Step(at=payout.created_at, words=words)
    if payout.paid_at:
        yield Step(at=payout.paid_at, words=_("Paid into the bank"))
    if payout.is_sent_back and payout.failed_at:
        is_failed = payout.status == PayoutStatus.FAILED
        yield Step(
            at=payout.failed_at,
            words=_("Failed: the money is back in your balance")
            if is_failed
            else _("Cancelled: the money is back in your balance"),
            detail=failure_in_words(payout.failure_code) if is_failed else "",
        )


def _asked(request: PayoutRequest) -> Step:
    if hasattr(request, "release"):
        return Step(at=request.created_at, words=_("Released after being held"))
    facts = {"person": request.requested_by}
    return Step(at=request.created_at, words=_("Asked for by %(person)s") % facts)


def _export(row: LineRow) -> tuple[object, ...]:
    line = row.line
    return (
        f"{line.occurred_at:%Y-%m-%dT%H:%M:%SZ}",
        row.words,
        line.order.code if line.order else "",
        line.order.event.title if line.order else "",
        to_decimal(line.amount, line.currency),
        to_decimal(-line.fee_amount, line.currency),
        to_decimal(line.net_amount, line.currency),
        line.currency.upper(),
        "yes" if line.allocated else "no",
        line.balance_transaction_id,
    )
