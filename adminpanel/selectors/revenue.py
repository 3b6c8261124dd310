"""What the platform has earned: sums of the revenue views, which are the ledger's own figures to the cent.

Every amount is in minor units of one currency; currencies are never added up. The views (migration 0001) hold what was
certain at the last refresh, and the rest is read from the ledger in the same statement.
"""

# ruff: noqa: S608  the statements are put together from texts of this file alone; values are parameters

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from decimal import Decimal
from operator import add
from typing import Any

from django.db import connection

from accounts.models import Organization
from adminpanel.selectors.periods import Range, Step, start_of
from ledger import chart
from ledger.models import LedgerAccount
from maly.money import share_of


@dataclass(frozen=True)
class Figures:
    """What happened in some days in one currency, by the day on which it happened at Stripe.

    `platform_fees`, `processing_recovered` and `premium` are what the accounts of revenue gained, after the
    `fees_returned` with refunds; `net` is that less Stripe's fees, fees of disputes and losses. `organizer_revenue` is
    what sales left to organizers after refunds, so that `gmv - refunds` is theirs and ours together.
    """

    order_count: int = 0
    gmv: int = 0
    platform_fees: int = 0
    processing_recovered: int = 0
    premium: int = 0
    fees_returned: int = 0
    organizer_revenue: int = 0
    refunds: int = 0
    disputes: int = 0
    stripe_fees: int = 0
    dispute_fees: int = 0
    losses: int = 0
    net: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*map(add, astuple(self), astuple(other)))

    @property
    def collected(self) -> int:
        """What sales brought the platform before any of it was given back."""
        return self.platform_fees + self.processing_recovered + self.fees_returned

    @property
    def dispute_costs(self) -> int:
        """Fees of disputes, and what disputes and refunds cost that nobody makes good."""
        return self.dispute_fees + self.losses

    @property
    def costs(self) -> dict[str, int]:
        """What lessens what was collected, below zero as people read it."""
        costs = {"stripe_fees": self.stripe_fees, "fees_returned": self.fees_returned}
        return {name: -amount for name, amount in {**costs, "dispute_costs": self.dispute_costs}.items()}


NOTHING = Figures()
COLUMNS = ", ".join(f"coalesce(sum({field.name}), 0)::bigint" for field in fields(Figures))
WITHIN = "date BETWEEN %s AND %s"
EVER = Range(date(1970, 1, 1), date(9999, 12, 31))


def list_currencies() -> list[str]:
    """The currencies in which the platform has ever moved money."""
    accounts = LedgerAccount.objects.filter(code=chart.platform().code)
    return list(accounts.order_by("currency").values_list("currency", flat=True))


def sum_revenue(chosen: Range = EVER, *, organization: Organization | None = None) -> dict[str, Figures]:
    """The figures of a range of days by currency, of everybody or of one organization; one statement."""
    if organization is None:
        rows = _read(f"SELECT currency, {COLUMNS} FROM platform_totals WHERE {WITHIN} GROUP BY 1", chosen)
    else:
        query = f"SELECT currency, {COLUMNS} FROM platform_revenue WHERE organization_id = %s AND {WITHIN}"
        rows = _read(f"{query} GROUP BY 1", chosen, organization.pk)
    return {currency: Figures(*sums) for currency, *sums in rows}


def daily_revenue(chosen: Range, *, currency: str = "") -> dict[tuple[date, str], Figures]:
    """The figures of each day by (day, currency), of days on which something happened; one statement."""
    query = f"SELECT date, currency, {COLUMNS} FROM platform_totals WHERE {WITHIN}"
    rows = _read(f"{query} GROUP BY 1, 2 ORDER BY 1, 2", chosen)
    return {(day, code): Figures(*sums) for day, code, *sums in rows if currency in ("", code)}


def fold_revenue(
    daily: dict[tuple[date, str], Figures], step: str = Step.MONTHLY
) -> dict[tuple[date, str], Figures]:
    """The figures of days as those of weeks or months, by (first day of it, currency)."""
    folded: dict[tuple[date, str], Figures] = {}
    for (day, currency), figures in daily.items():
        key = start_of(day, step), currency
        folded[key] = folded.get(key, NOTHING) + figures
    return folded


def count_sellers(ranges: Sequence[Range], currency: str) -> list[int]:
    """How many organizations sold something in each range, in one currency; one statement."""
    parts = ", ".join("count(DISTINCT organization_id) FILTER (WHERE date BETWEEN %s AND %s)" for _ in ranges)
    return _read_each(
        f"SELECT {parts} FROM platform_revenue WHERE order_count > 0 AND currency = %s"
        " AND date BETWEEN %s AND %s",
        ranges,
        currency,
    )


def count_tickets(ranges: Sequence[Range], currency: str) -> list[int]:
    """How many tickets were issued in each range, free ones too; one statement."""
    parts = ", ".join(
        "coalesce(sum(tickets) FILTER (WHERE date BETWEEN %s AND %s), 0)::bigint" for _ in ranges
    )
    query = f"SELECT {parts} FROM platform_tickets WHERE currency = %s AND date BETWEEN %s AND %s"
    return _read_each(query, ranges, currency)


def growth_percent(now: int, before: int) -> Decimal | None:
    """By how much `now` is above `before`, in percent with one decimal; None where there was nothing to grow from."""
    if before <= 0:
        return None
    return Decimal(share_of(1000, now - before, before)).scaleb(-1)


def growth_in_words(now: int, before: int) -> str:
    """The growth as people read it, with its sign: +12.4%; empty where there was nothing to grow from."""
    percent = growth_percent(now, before)
    if percent is None:
        return ""
    return f"{'−' if percent < 0 else '+'}{abs(percent)}%"


def _read(query: str, chosen: Range, *before: int) -> list[tuple[Any, ...]]:
    """The rows of a range; `before` are the values that stand before it in the query."""
    with connection.cursor() as cursor:
        cursor.execute(query, [*before, chosen.since, chosen.until])
        return list(cursor.fetchall())


def _read_each(query: str, ranges: Sequence[Range], currency: str) -> list[int]:
    """One row with a number for each range."""
    bounds = [bound for one in ranges for bound in (one.since, one.until)]
    outer = [min(one.since for one in ranges), max(one.until for one in ranges)]
    with connection.cursor() as cursor:
        cursor.execute(query, [*bounds, currency, *outer])
        return list(cursor.fetchone())
