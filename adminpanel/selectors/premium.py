"""Premium as staff see it: what it brings each month, who leaves, which payments fail, and every subscription.

Amounts are minor units of the figures' currency.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Entitlement
from accounts.premium import PREMIUM
from ledger import chart
from ledger.services.balances import balance
from maly.money import share_of
from premium.models import PremiumInvoice, Subscription
from premium.plans import MONTHLY, PlanCode
from premium.wording import Standing, plan_in_words, standing_of

PAGE_SIZE = 25
MOST_FAILING = 20
CHURN_DAYS = 30
# Below this a share in percent would say more than is known.
FEWEST_FOR_PERCENT = 20
Status = Subscription.Status
# What is charged again unless it is cancelled: trials bring nothing yet, what is unpaid brings nothing any more.
RECURRING = (Status.ACTIVE, Status.PAST_DUE)
# The list's filters; "ending" and "extra" aren't states of Stripe's.
FILTERS: dict[str, tuple[Promise, Q]] = {
    "active": (_("Active"), Q(status=Status.ACTIVE, cancel_at_period_end=False)),
    "ending": (_("Ends soon"), Q(status__in=RECURRING, cancel_at_period_end=True)),
    "trialing": (_("Trial"), Q(status=Status.TRIALING)),
    "past_due": (
        _("Payment failed"),
        Q(status__in=[Status.PAST_DUE, Status.UNPAID], cancel_at_period_end=False),
    ),
    "incomplete": (_("Not paid yet"), Q(status=Status.INCOMPLETE)),
    "ended": (_("Ended"), Q(status__in=Subscription.ENDED)),
}


@dataclass(frozen=True)
class Figures:
    """What Premium brings in one currency."""

    currency: str
    monthly: int
    yearly: int
    recurring_amount: int
    ending: int
    ending_amount: int
    this_month_amount: int
    last_month_amount: int
    all_amount: int

    @property
    def subscribers(self) -> int:
        return self.monthly + self.yearly


@dataclass(frozen=True)
class Churn:
    """Who left within CHURN_DAYS, of those who were there when they began."""

    ended: int
    of: int

    @property
    def percent(self) -> int | None:
        """In whole percent, rounded down; None where there are too few to speak of a share."""
        return 100 * self.ended // self.of if self.of >= FEWEST_FOR_PERCENT else None


@dataclass(frozen=True)
class FailingRow:
    """An invoice whose payment failed and that is still to be paid."""

    invoice: PremiumInvoice
    lasts_until: datetime | None


@dataclass(frozen=True)
class SubscriptionRow:
    """One subscription of the list."""

    subscription: Subscription
    standing: Standing

    @property
    def plan(self) -> str:
        return plan_in_words(self.subscription)


@dataclass(frozen=True, kw_only=True)
class SubscriptionList:
    """One page of subscriptions, newest first, by key."""

    rows: list[SubscriptionRow]
    status: str = ""
    search: str = ""
    newer: str = ""
    older: str = ""

    @property
    def newer_query(self) -> str:
        return self._query(after=self.newer) if self.newer else ""

    @property
    def older_query(self) -> str:
        return self._query(before=self.older) if self.older else ""

    def _query(self, **more: str) -> str:
        values = {"status": self.status, "q": self.search, **more}
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, kw_only=True)
class PremiumPage:
    """Everything that the page shows."""

    figures: list[Figures]
    churn: Churn
    failing: list[FailingRow]
    failing_count: int
    failing_amounts: list[tuple[str, int]]
    states: list[tuple[str, Promise, int]]
    list: SubscriptionList
    is_first_use: bool = field(default=False)


def premium_page(
    *, status: str = "", search: str = "", before: int | None = None, after: int | None = None
) -> PremiumPage:
    """The page; the same number of statements however many there are."""
    own = Subscription.objects.filter(is_extra=False)
    status = status if status in FILTERS else ""
    counts = own.aggregate(**{name: Count("pk", filter=found) for name, (_words, found) in FILTERS.items()})
    failing, amounts, count = _failing()
    return PremiumPage(
        figures=_figures(own),
        churn=_churn(own),
        failing=failing,
        failing_count=count,
        failing_amounts=amounts,
        states=[(name, words, counts[name]) for name, (words, _found) in FILTERS.items()],
        list=_list(own, status, search, before, after),
        is_first_use=not any(counts.values()),
    )


def _figures(own: QuerySet[Subscription]) -> list[Figures]:
    """By currency; dollars are there before the first subscription too."""
    recurring = own.filter(status__in=RECURRING).order_by("currency").values("currency")
    monthly, yearly = Q(subscription_type=PlanCode.MONTHLY), Q(subscription_type=PlanCode.YEARLY)
    ending = Q(cancel_at_period_end=True)
    rows = recurring.annotate(
        monthly=Count("pk", filter=monthly),
        yearly=Count("pk", filter=yearly),
        ending=Count("pk", filter=ending),
        monthly_amount=Sum("amount", filter=monthly, default=0),
        yearly_amount=Sum("amount", filter=yearly, default=0),
        monthly_ending=Sum("amount", filter=monthly & ending, default=0),
        yearly_ending=Sum("amount", filter=yearly & ending, default=0),
    )
    found: dict[str, dict[str, Any]] = {row["currency"]: dict(row) for row in rows}
    nothing: dict[str, Any] = dict.fromkeys(
        ("monthly", "yearly", "ending", "monthly_amount", "yearly_amount"), 0
    )
    nothing |= {"monthly_ending": 0, "yearly_ending": 0}
    return [_figures_of(code, found.get(code, nothing)) for code in found or [MONTHLY.currency]]


def _figures_of(currency: str, row: dict[str, Any]) -> Figures:
    this_month, last_month = _months()
    earned = [
        -balance(chart.revenue_premium(), currency=currency, at=at) for at in (None, this_month, last_month)
    ]
    return Figures(
        currency=currency,
        monthly=row["monthly"],
        yearly=row["yearly"],
        recurring_amount=row["monthly_amount"] + share_of(row["yearly_amount"], 1, 12),
        ending=row["ending"],
        ending_amount=row["monthly_ending"] + share_of(row["yearly_ending"], 1, 12),
        this_month_amount=earned[0] - earned[1],
        last_month_amount=earned[1] - earned[2],
        all_amount=earned[0],
    )


def _months() -> tuple[datetime, datetime]:
    """The last moments before this month and before the one before, on the platform's clock."""
    now = timezone.now().astimezone(ZoneInfo(settings.PLATFORM_TIME_ZONE))
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    instant = timedelta(microseconds=1)
    return begin - instant, (begin - instant).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    ) - instant


def _churn(own: QuerySet[Subscription]) -> Churn:
    since = timezone.now() - timedelta(days=CHURN_DAYS)
    paid = own.exclude(status__in=[Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED]).filter(started_at__lt=since)
    there = paid.filter(Q(ended_at=None) | Q(ended_at__gte=since))
    counts = there.aggregate(of=Count("pk"), ended=Count("pk", filter=Q(ended_at__gte=since)))
    return Churn(**counts)


def _failing() -> tuple[list[FailingRow], list[tuple[str, int]], int]:
    """The invoices that failed, the largest first, and what they are in all by currency."""
    # What is still open of a subscription that has ended, Stripe asks for no more.
    open_ones = PremiumInvoice.objects.filter(
        status=PremiumInvoice.Status.OPEN, attempt_count__gt=0, subscription__ended_at=None
    )
    sums = open_ones.order_by("currency").values_list("currency").annotate(Sum("due_amount"), Count("pk"))
    found = list(open_ones.select_related("user").order_by("-due_amount", "-issued_at")[:MOST_FAILING])
    lasts = _lasts_until([invoice.user_id for invoice in found])
    rows = [FailingRow(invoice, lasts.get(invoice.user_id)) for invoice in found]
    totals = list(sums)
    return rows, [(code, amount) for code, amount, _count in totals], sum(count for *_rest, count in totals)


def _lasts_until(people: list[int]) -> dict[int, datetime]:
    """Until when those of these people who are premium now are so."""
    entitled = Entitlement.objects.filter(user__in=people, kind=PREMIUM, until__gt=timezone.now())
    return dict(entitled.values_list("user", "until"))


def _list(
    own: QuerySet[Subscription], status: str, search: str, before: int | None, after: int | None
) -> SubscriptionList:
    wanted = own.filter(FILTERS[status][1]) if status else own
    if search:
        wanted = wanted.filter(_about(search))
    found, has_newer, has_older = _page(wanted, before, after)
    lasts = _lasts_until([one.user_id for one in found])
    rows = [SubscriptionRow(one, standing_of(one, lasts_until=lasts.get(one.user_id))) for one in found]
    return SubscriptionList(
        rows=rows,
        status=status,
        search=search,
        newer=str(found[0].pk) if found and has_newer else "",
        older=str(found[-1].pk) if found and has_older else "",
    )


def _about(search: str) -> Q:
    """An id of Stripe's, or a part of a name or an address."""
    if search.startswith(("sub_", "cus_")):
        return Q(stripe_subscription_id=search) | Q(stripe_customer_id=search)
    return Q(user__email__icontains=search) | Q(user__name__icontains=search)


def _page(
    wanted: QuerySet[Subscription], before: int | None, after: int | None
) -> tuple[list[Subscription], bool, bool]:
    """One page, and whether there is a newer and an older one."""
    ready = wanted.select_related("user")
    if after is not None:
        found = list(ready.filter(pk__gt=after).order_by("pk")[: PAGE_SIZE + 1])
        return found[:PAGE_SIZE][::-1], len(found) > PAGE_SIZE, True
    older = ready.filter(pk__lt=before) if before is not None else ready
    found = list(older.order_by("-pk")[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], before is not None, len(found) > PAGE_SIZE
