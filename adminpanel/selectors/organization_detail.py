"""One organization as the API tells of it."""

from dataclasses import dataclass

from django.db.models import Sum

from accounts.models import Organization
from adminpanel.selectors.revenue import Figures, sum_revenue
from adminpanel.selectors.transactions import TransactionFilters, TransactionRow, list_transactions
from connect.account_groups import GROUPS, AccountGroup
from connect.models import AccountState
from connect.selectors import get_plan, get_terms, payment_status
from connect.services.fees import rate_text
from ticketing.models import Event

RECENT = 10
DOLLARS = "usd"


@dataclass(frozen=True)
class Money:
    """An amount in minor units of a currency."""

    currency: str
    amount: int


@dataclass(frozen=True)
class Rate:
    """An organization's own rate."""

    platform_fee_percent: str
    platform_fee_fixed: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrganizationDetail:
    """What platform admins are told of an organization."""

    organization: Organization
    state: str
    stripe_status: str
    plan: str
    total_revenue: list[Money]
    platform_fees_collected: list[Money]
    total_tickets_sold: int
    total_events: int
    fee_override: Rate | None
    recent_transactions: list[TransactionRow]


def read_detail(organization: Organization) -> OrganizationDetail:
    """Everything about an organization; tickets and events by the counters of its events."""
    state = payment_status(organization).state
    figures = sum_revenue(organization=organization)
    events = Event.objects.filter(organization=organization)
    return OrganizationDetail(
        organization=organization,
        state=state.value,
        stripe_status=stripe_status_of(state),
        plan=get_plan(organization).code,
        total_revenue=[Money(code, sums.gmv) for code, sums in figures.items()],
        platform_fees_collected=[Money(code, sums.platform_fees) for code, sums in figures.items()],
        total_tickets_sold=events.aggregate(sold=Sum("sold", default=0))["sold"],
        total_events=events.count(),
        fee_override=_override(organization, figures),
        recent_transactions=list_transactions(TransactionFilters(organization=organization)).rows[:RECENT],
    )


def stripe_status_of(state: AccountState) -> str:
    """The API's three words: connected, pending, not_connected. What is restricted is pending."""
    group = GROUPS[state]
    return str(AccountGroup.PENDING.value if group == AccountGroup.RESTRICTED else group.value)


def _override(organization: Organization, figures: dict[str, Figures]) -> Rate | None:
    """Its own rate, in the currency that it sells most in."""
    currency = max(figures, key=lambda code: figures[code].order_count, default=DOLLARS)
    terms = get_terms(organization, currency)
    if not terms.is_override:
        return None
    return Rate(rate_text(terms.percent), terms.fixed_amount, terms.currency)
