"""Sales across all of an organization's events: week by week, event by event, when people buy, who comes back.

Part of Premium. Orders count by the moment they were completed, on the clock of the organization's newest event.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.errors import PremiumRequired
from accounts.models import Organization
from accounts.premium import Benefit, has_benefit
from dashboard.selectors.insight_figures import (
    EventSales,
    Part,
    TimeRow,
    WeekRow,
    day_rows,
    hour_rows,
)
from ticketing.models import Event, Order
from ticketing.selectors.sales_charts import Bar, SalesChart
from ticketing.services.event_dates import STANDS_IN_ZONE, last_timezone

PERIODS: dict[str, tuple[int, Promise]] = {"12": (12, _("12 weeks")), "52": (52, _("A year"))}
USUAL = "12"
MOST_EVENTS = 50
# Every way to add the orders up, in one pass over them.
SALES = """
WITH sold AS (
    SELECT one.event_id, one.total_amount, one.refunded_amount, timezone(%(zone)s, one.completed_at) AS at,
        (SELECT coalesce(sum(line.quantity), 0) FROM ticketing_orderline line WHERE line.order_id = one.id) AS tickets
    FROM ticketing_order one
    WHERE one.organization_id = %(organization)s AND one.currency = %(currency)s AND one.completed_at >= %(since)s
)
SELECT date_trunc('week', at)::date AS week, event_id, extract(isodow FROM at)::int AS day,
    (extract(hour FROM at)::int / 3) AS hours, count(*)::int, sum(tickets)::bigint, sum(total_amount)::bigint,
    sum(refunded_amount)::bigint
FROM sold
GROUP BY GROUPING SETS ((week), (event_id), (day), (hours))
"""
# Buyers of the period, and which of them have had tickets for more than one event, ever.
BUYERS = """
SELECT count(*)::int, (count(*) FILTER (WHERE events > 1))::int
FROM (
    SELECT count(DISTINCT event_id) AS events
    FROM ticketing_order
    WHERE organization_id = %(organization)s AND currency = %(currency)s AND completed_at IS NOT NULL
    GROUP BY lower(email)
    HAVING max(completed_at) >= %(since)s
) buyer
"""
# What became of the carts that were held to be paid; those still being paid aren't counted.
HOLDS = """
SELECT count(*)::int, (count(*) FILTER (WHERE completed_at IS NOT NULL))::int,
    (count(*) FILTER (WHERE completed_at IS NULL AND status = 'cancelled'))::int
FROM ticketing_order
WHERE organization_id = %(organization)s AND currency = %(currency)s AND created_at >= %(since)s
    AND total_amount > 0 AND (status <> 'awaiting_payment' OR completed_at IS NOT NULL)
"""


@dataclass(frozen=True)
class Insight:
    """What the page shows for one currency and period; amounts are minor units of `currency`."""

    currency: str
    currencies: list[str]
    period: str
    zone: str
    weeks: list[WeekRow]
    events: list[EventSales]
    event_count: int
    days: list[TimeRow]
    hours: list[TimeRow]
    buyers: Part
    holds: Part
    given_back: int
    is_first_use: bool

    @property
    def zone_words(self) -> str:
        return self.zone.replace("_", " ")

    @property
    def orders(self) -> int:
        return sum(row.orders for row in self.weeks)

    @property
    def tickets(self) -> int:
        return sum(row.tickets for row in self.weeks)

    @property
    def paid_amount(self) -> int:
        return sum(row.paid_amount for row in self.weeks)

    @property
    def refunded_amount(self) -> int:
        return sum(row.refunded_amount for row in self.weeks)

    @property
    def is_free(self) -> bool:
        return not self.paid_amount

    @property
    def not_paid(self) -> int:
        """Carts that were neither paid nor given back: their time ran out."""
        return self.holds.of - self.holds.count - self.given_back

    @cached_property
    def chart(self) -> SalesChart:
        most = max((row.tickets for row in self.weeks), default=0)
        bars = [
            Bar(row.begins, row.tickets, row.paid_amount, place, most) for place, row in enumerate(self.weeks)
        ]
        return SalesChart(bars, is_weekly=True)

    @cached_property
    def best_day(self) -> TimeRow:
        return max(self.days, key=lambda row: row.tickets)

    @cached_property
    def best_hours(self) -> TimeRow:
        return max(self.hours, key=lambda row: row.tickets)

    @property
    def periods(self) -> list[tuple[str, Promise]]:
        return [(name, words) for name, (_weeks, words) in PERIODS.items()]


def sales_insight(organization: Organization, *, currency: str = "", period: str = "") -> Insight:
    """The insight in one currency (else that of the newest order) over PERIODS; seven statements.

    Raises PremiumRequired.
    """
    if not has_benefit(organization, Benefit.SALES_INSIGHT):
        raise PremiumRequired
    currencies = _currencies(organization)
    period = period if period in PERIODS else USUAL
    currency = currency if currency in currencies else (currencies or ["usd"])[0]
    zone = last_timezone(organization) or STANDS_IN_ZONE
    first = _first_week(zone, PERIODS[period][0])
    given = {
        "organization": organization.pk,
        "currency": currency,
        "zone": zone,
        "since": datetime.combine(first, datetime.min.time(), ZoneInfo(zone)),
    }
    weeks, events, days, hours = _sales(given)
    (bought, came_back), (held, paid, given_back) = _ask(BUYERS, given)[0], _ask(HOLDS, given)[0]
    return Insight(
        currency=currency,
        currencies=currencies,
        period=period,
        zone=zone,
        weeks=[
            WeekRow(begins, *weeks.get(begins, (0, 0, 0, 0)))
            for begins in _mondays(first, PERIODS[period][0])
        ],
        events=_events(events),
        event_count=len(events),
        days=day_rows(days),
        hours=hour_rows(hours),
        buyers=Part(came_back, bought),
        holds=Part(paid, held),
        given_back=given_back,
        is_first_use=not currencies,
    )


Figures = tuple[int, int, int, int]


def _sales(given: dict[str, Any]) -> tuple[dict[Any, Figures], ...]:
    """Orders, tickets, paid and refunded amounts by week, by event, by weekday and by three hours of the day."""
    found: tuple[dict[Any, Figures], ...] = ({}, {}, {}, {})
    for *keys, orders, tickets, paid, refunded in _ask(SALES, given):
        place = next(place for place, key in enumerate(keys) if key is not None)
        found[place][keys[place]] = (orders, int(tickets), int(paid), int(refunded))
    return found


def _events(sold: dict[int, Figures]) -> list[EventSales]:
    """The events with the most paid, then the most tickets, first."""
    best = sorted(sold, key=lambda pk: (-sold[pk][2], -sold[pk][1], -pk))[:MOST_EVENTS]
    known = Event.objects.in_bulk(best)
    return [EventSales(known[pk], *sold[pk]) for pk in best]


def _currencies(organization: Organization) -> list[str]:
    """The currencies of the organization's events, that of the newest order first; none before the first order."""
    sold = Order.objects.filter(organization=organization, completed_at__isnull=False)
    newest = sold.order_by("-completed_at", "-pk").values_list("currency", flat=True).first()
    if newest is None:
        return []
    events = Event.objects.filter(organization=organization).order_by("currency")
    others = events.exclude(currency=newest).values_list("currency", flat=True).distinct()
    return [newest, *others]


def _first_week(zone: str, weeks: int) -> date:
    today = timezone.now().astimezone(ZoneInfo(zone)).date()
    return today - timedelta(days=today.weekday(), weeks=weeks - 1)


def _mondays(first: date, weeks: int) -> list[date]:
    return [first + timedelta(weeks=number) for number in range(weeks)]


def _ask(statement: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
