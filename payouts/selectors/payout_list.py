"""The organizer's page of payouts: what comes next, what went wrong last, and all of them, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization
from payouts.models import UNDER_WAY, OrganizerPayout, PayoutStatus
from payouts.selectors.next_payout import NextPayout, read_next_payout
from payouts.services.holding import Held, read_held
from payouts.wording.failures import failure_in_words
from payouts.wording.payouts import TONES, bank_in_words, status_in_words

PAGE_SIZE = 25


@dataclass(frozen=True)
class PayoutRow:
    """One payout of the list."""

    payout: OrganizerPayout

    @property
    def word(self) -> str:
        return status_in_words(self.payout.status)

    @property
    def tone(self) -> str:
        return TONES.get(self.payout.status, "")

    @property
    def is_failed(self) -> bool:
        return self.payout.status == PayoutStatus.FAILED

    @property
    def bank(self) -> str:
        """The bank account it went to, as statements print it; empty when Stripe didn't say."""
        return bank_in_words(self.payout.bank_last4)

    @property
    def failure(self) -> str:
        """Why it failed and what to do."""
        return failure_in_words(self.payout.failure_code) if self.is_failed else ""


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A status to choose, with how many payouts have it."""

    label: str
    query: str
    count: int
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What is on its way and what arrived this year, in one currency; minor units."""

    currency: str
    on_its_way_amount: int
    arrives_at: datetime | None
    paid_amount: int
    paid_count: int


@dataclass(frozen=True, kw_only=True)
class PayoutIndex:
    """One page of the list, and what stands above it. `held` is None unless payouts wait until after the events."""

    next: NextPayout
    held: Held | None
    figures: list[Figures]
    failed: PayoutRow | None
    tabs: list[Tab]
    rows: list[PayoutRow]
    status: str
    number: int
    count: int

    @property
    def is_first_use(self) -> bool:
        """No payout at all, not even behind the filter."""
        return self.tabs[0].count == 0

    @property
    def stops_the_next(self) -> bool:
        """Whether the one that failed still keeps the next ones from being made, as far as Stripe was heard since."""
        if self.failed is None:
            return False
        failed_at, as_of = self.failed.payout.failed_at, self.next.as_of
        is_older = as_of is None or (failed_at is not None and as_of < failed_at)
        return is_older or self.next.is_stopped

    @property
    def may_pay_out(self) -> bool:
        """Whether a payout can be asked for by hand right now."""
        return self.next.is_manual and self.next.has_money and self.held is None

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def newer_query(self) -> str:
        return _query(self.status, self.number - 1) if self.number > 1 else ""

    @property
    def older_query(self) -> str:
        return _query(self.status, self.number + 1) if self.last < self.count else ""


def list_payouts(
    organization: Organization, *, status: str = "", number: int = 1, ask: bool = True
) -> PayoutIndex:
    """A page of the organization's payouts, the newest first; an unknown status is none.

    What is next is asked of Stripe, or with `ask=False` told as it was last seen.
    """
    status = status if status in PayoutStatus.values else ""
    ours = OrganizerPayout.objects.filter(organization=organization).order_by("-created_at", "-id")
    counts = dict(ours.order_by().values_list("status").annotate(Count("id")))
    count = counts.get(status, 0) if status else sum(counts.values())
    number = max(1, min(number, -(-count // PAGE_SIZE)))
    shown = ours.filter(status=status) if status else ours
    begin = (number - 1) * PAGE_SIZE
    latest = ours.first()
    return PayoutIndex(
        next=read_next_payout(organization, ask=ask),
        held=read_held(organization),
        figures=sum_payouts(organization),
        failed=PayoutRow(latest) if latest and latest.status == PayoutStatus.FAILED else None,
        tabs=list(_tabs(counts, status)),
        rows=[PayoutRow(payout) for payout in shown[begin : begin + PAGE_SIZE]],
        status=status,
        number=number,
        count=count,
    )


def sum_payouts(organization: Organization) -> list[Figures]:
    """What is on its way to the bank and what arrived this year, by currency; one statement."""
    under_way = Q(status__in=UNDER_WAY)
    paid = Q(status=PayoutStatus.PAID, arrival_date__year=timezone.now().year)
    found = OrganizerPayout.objects.filter(under_way | paid, organization=organization)
    rows = found.values("currency").annotate(
        on_its_way_amount=Sum("amount", filter=under_way, default=0),
        arrives_at=Min("arrival_date", filter=under_way),
        paid_amount=Sum("amount", filter=paid, default=0),
        paid_count=Count("id", filter=paid),
    )
    return [Figures(**row) for row in rows.order_by("currency")]


def _tabs(counts: dict[str, int], current: str) -> Iterable[Tab]:
    """All, then every status that a payout has, and the chosen one."""
    yield Tab(label=_("All"), query="", count=sum(counts.values()), is_current=not current)
    for status in PayoutStatus.values:
        if counts.get(status) or status == current:
            label = status_in_words(status)
            query = _query(status, 1)
            yield Tab(label=label, query=query, count=counts.get(status, 0), is_current=status == current)


def _query(status: str, number: int) -> str:
    chosen = {"status": status, "page": number if number > 1 else ""}
    return urlencode({name: value for name, value in chosen.items() if value})
