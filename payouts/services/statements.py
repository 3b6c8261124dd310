"""An organization's statement of a calendar month, from the ledger alone: what it had, what moved, what it has.

The balance is what we owe the organizer: earned by its sales, and not in its bank yet. Beside it stands what the
organizer owes us. Months are those of UTC. Amounts are minor units; what adds to the balance is positive.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import models
from django.db.models import Min, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import balance
from maly.errors import NotFound
from payouts.wording.trail import in_words
from ticketing.models import Event, Order

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
# What an empty statement is in, of an organization that never sold anything.
DEFAULT: str = Event._meta.get_field("currency").default
AN_INSTANT = timedelta(microseconds=1)


class Section(models.TextChoices):
    """What a movement belongs to, in the order of the statement."""

    SALES = "sales", _("Sales")
    REFUNDS = "refunds", _("Refunds")
    DISPUTES = "disputes", _("Disputes")
    RECEIVABLES = "receivables", _("Owed for refunds and disputes")
    PAYOUTS = "payouts", _("Payouts")
    OTHER = "other", _("Other")


SECTION_OF = {
    "sale": Section.SALES,
    "refund": Section.REFUNDS,
    "receivable_recovered": Section.RECEIVABLES,
    "receivable_written_off": Section.RECEIVABLES,
    "organizer_made_whole": Section.RECEIVABLES,
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One movement. `net` = `gross` + `fees` + `owed` is what it does to the balance.

    `fees` is platform fee (with recovered processing) that is taken or given back; `owed` is what the organizer's
    balance couldn't bear and the platform fronted, or took back since.
    """

    occurred_at: datetime
    section: Section
    kind: str
    words: str
    order: str
    event: str
    reference: str
    gross: int
    fees: int
    owed: int
    net: int


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sums of a section's items, or of all of them."""

    gross: int
    fees: int
    owed: int
    net: int


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A month of one organization in one currency; `closing` = `opening` + the net of every item.

    `on_its_way` of the closing balance has left for the bank; `owed_closing` is what the organizer owes us.
    """

    organization: Organization
    start: datetime
    end: datetime
    currency: str
    opening: int
    closing: int
    on_its_way: int
    owed_opening: int
    owed_closing: int
    items: list[Item]
    made_at: datetime

    @property
    def month(self) -> str:
        return f"{self.start:%Y-%m}"

    @property
    def is_complete(self) -> bool:
        """Whether the month is over. What Stripe tells us late is still entered at the time when it happened."""
        return self.made_at >= self.end

    @property
    def totals(self) -> Totals:
        return add_up(self.items)

    def sections(self) -> list[tuple[Section, list[Item]]]:
        """The items by section, those without any left out."""
        place = list(Section).index
        ordered = sorted(self.items, key=lambda item: place(item.section))
        return [(section, list(items)) for section, items in groupby(ordered, key=lambda item: item.section)]


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month that has a statement, and in which currencies."""

    month: str
    currencies: list[str]
    is_complete: bool


def list_months(organization: Organization) -> list[Month]:
    """Every month from the organization's first movement to this one (which is always there), the newest first."""
    now = timezone.now()
    posted = LedgerTransaction.objects.filter(organization=organization)
    begun = dict(posted.order_by().values_list("currency").annotate(Min("occurred_at"))) or {DEFAULT: now}
    found = []
    start = min(map(_start_of, begun.values()))
    while start <= now:
        end = _next(start)
        currencies = sorted(currency for currency, first in begun.items() if first < end)
        found.append(Month(month=f"{start:%Y-%m}", currencies=currencies, is_complete=end <= now))
        start = end
    return found[::-1]


def read_statements(organization: Organization, month: str, *, currency: str = "") -> list[Statement]:
    """The statements of a month, one for each currency, or of the one that is named.

    Raises NotFound for a month before the first movement, in the future, or that is no month, and for a currency that
    the organization had nothing in.
    """
    known = next((one for one in list_months(organization) if one.month == month), None)
    wanted = [one for one in known.currencies if currency in ("", one)] if known else []
    if not wanted:
        raise NotFound
    return [read_statement(organization, month, currency=one) for one in wanted]


def read_statement(organization: Organization, month: str, *, currency: str) -> Statement:
    """The statement of a month ("2026-11") in one currency, in a fixed number of statements. Raises NotFound."""
    found = MONTH.fullmatch(month)
    if found is None or found[1] < "2000":
        raise NotFound
    start = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
    end = _next(start)
    items = _read_items(organization, currency, start, end)
    opening = -_balance_before(start, chart.organizer(organization), currency)
    receivable = chart.receivable_organizer(organization)
    return Statement(
        organization=organization,
        start=start,
        end=end,
        currency=currency,
        opening=opening,
        closing=opening + add_up(items).net,
        on_its_way=_balance_before(end, chart.clearing_payout(organization), currency),
        owed_opening=_balance_before(start, receivable, currency),
        owed_closing=_balance_before(end, receivable, currency),
        items=items,
        made_at=timezone.now(),
    )


def add_up(items: Iterable[Item]) -> Totals:
    """The sums of these items, in minor units."""
    gross = fees = owed = net = 0
    for item in items:
        gross, fees, owed, net = gross + item.gross, fees + item.fees, owed + item.owed, net + item.net
    return Totals(gross=gross, fees=fees, owed=owed, net=net)


def _read_items(organization: Organization, currency: str, start: datetime, end: datetime) -> list[Item]:
    """Each posting of the month that moved the organizer's balance, or what it owes."""

    def moved(account: Q) -> Coalesce:
        return Coalesce(Sum("entries__amount", filter=account), 0)

    code = "entries__account__code"
    postings = LedgerTransaction.objects.filter(
        organization=organization, currency=currency, occurred_at__gte=start, occurred_at__lt=end
    ).annotate(
        net=-moved(Q(**{code: chart.organizer(organization).code})),
        owed=moved(Q(**{code: chart.receivable_organizer(organization).code})),
        fees=moved(Q(**{f"{code}__startswith": "revenue:"})),
    )
    rows = list(postings.exclude(net=0, owed=0).order_by("occurred_at", "id"))
    events = _events_of({row.subject for row in rows})
    return [_item(row, *events.get(row.subject, ("", ""))) for row in rows]


def _item(row: Any, order: str, event: str) -> Item:
    """`row` is a posting with its sums; what the buyer, the bank or a dispute moved is what the rest leaves."""
    return Item(
        occurred_at=row.occurred_at,
        section=_section_of(row.kind),
        kind=row.kind,
        words=in_words(row.kind),
        order=order,
        event=event,
        reference=row.source,
        gross=row.net - row.fees - row.owed,
        fees=row.fees,
        owed=row.owed,
        net=row.net,
    )


def _section_of(kind: str) -> Section:
    kind = kind.removesuffix("_reversal")
    for begins, section in (("payout_", Section.PAYOUTS), ("dispute_", Section.DISPUTES)):
        if kind.startswith(begins):
            return section
    return SECTION_OF.get(kind, Section.OTHER)


def _events_of(subjects: set[str]) -> dict[str, tuple[str, str]]:
    """Order and event of the postings' subjects."""
    codes = [subject.removeprefix("order:") for subject in subjects if subject.startswith("order:")]
    orders = Order.objects.filter(code__in=codes).values_list("code", "event__title")
    return {f"order:{code}": (code, title) for code, title in orders}


def _balance_before(moment: datetime, account: chart.Account, currency: str) -> int:
    return balance(account, currency=currency, at=moment - AN_INSTANT)


def _start_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(start: datetime) -> datetime:
    """The first moment of the month after."""
    return _start_of(start + timedelta(days=32))
