"""The cockpit's first page: what waits, this month against the same days of the last, and who is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch

from accounts.models import Organization, User
from adminpanel.selectors.attention import Notice, list_notices
from adminpanel.selectors.charts import BarChart, draw_bars
from adminpanel.selectors.organization import TONES
from adminpanel.selectors.organizations import owners_of
from adminpanel.selectors.periods import Range, Step, range_before, this_month, today
from adminpanel.selectors.revenue import (
    NOTHING,
    Figures,
    count_sellers,
    count_tickets,
    daily_revenue,
    growth_in_words,
    list_currencies,
)
from connect.models import AccountState, ConnectedAccount
from connect.selectors import status_of

NEWEST = 5


@dataclass(frozen=True)
class Compared:
    """A number of these days beside that of the days they are compared with."""

    now: int
    before: int

    @property
    def growth(self) -> str:
        return growth_in_words(self.now, self.before)

    @property
    def now_words(self) -> str:
        return f"{self.now:,}"

    @property
    def before_words(self) -> str:
        return f"{self.before:,}"


@dataclass(frozen=True)
class NewOrganization:
    """One that has just joined."""

    organization: Any
    owner: User | None

    @property
    def state(self) -> AccountState:
        return status_of(next(iter(self.organization.current_account), None)).state

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "")


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What the page shows, in one currency (empty as long as nothing was ever paid)."""

    currency: str
    currencies: list[str]
    days: Range
    before: Range
    notices: list[Notice]
    net: Compared
    gmv: Compared
    tickets: Compared
    sellers: Compared
    chart: BarChart | None
    newest: list[NewOrganization]


def read_overview(wanted: str = "") -> Overview:
    """The page in a currency; where nothing was ever paid in `wanted`, in the one that brought most lately."""
    days = this_month(today())
    before = range_before(days)
    daily = daily_revenue(Range(before.since, days.until))
    currencies = list_currencies()
    currency = wanted if wanted in currencies else _main_currency(currencies, daily)
    now, then = _sum(daily, days, currency), _sum(daily, before, currency)
    return Overview(
        currency=currency,
        currencies=currencies,
        days=days,
        before=before,
        notices=list_notices(),
        net=Compared(now.net, then.net),
        gmv=Compared(now.gmv, then.gmv),
        tickets=Compared(*count_tickets([days, before], currency)),
        sellers=Compared(*count_sellers([days, before], currency)),
        chart=_chart(daily, days, currency),
        newest=_newest(),
    )


def _main_currency(currencies: Sequence[str], daily: dict[tuple[date, str], Figures]) -> str:
    """The currency of the most orders."""
    orders = dict.fromkeys(currencies, 0)
    for (_day, currency), figures in daily.items():
        orders[currency] = orders.get(currency, 0) + figures.order_count
    return max(orders, key=lambda currency: orders[currency], default="")


def _sum(daily: dict[tuple[date, str], Figures], days: Range, currency: str) -> Figures:
    within = (
        figures
        for (day, code), figures in daily.items()
        if code == currency and days.since <= day <= days.until
    )
    return sum(within, NOTHING)


def _chart(daily: dict[tuple[date, str], Figures], days: Range, currency: str) -> BarChart | None:
    """None where nothing happened on any of the days."""
    each = {part.since: daily.get((part.since, currency), NOTHING) for part in days.parts(Step.DAILY)}
    if all(figures == NOTHING for figures in each.values()):
        return None
    return draw_bars({day: figures.net for day, figures in each.items()}, currency)


def _newest() -> list[NewOrganization]:
    """The last that joined; three statements."""
    accounts = ConnectedAccount.objects.filter(is_current=True)
    current = Prefetch("connected_accounts", accounts, to_attr="current_account")
    organizations = list(Organization.objects.prefetch_related(current).order_by("-pk")[:NEWEST])
    owners = owners_of(organizations)
    return [NewOrganization(each, owners.get(each.pk)) for each in organizations]
