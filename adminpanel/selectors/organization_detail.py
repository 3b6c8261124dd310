"""One organization as the API tells of it."""

from dataclasses import dataclass

from django.db.models import Sum

from accounts.models import Organization
from adminpanel.selectors.revenue import Figures, sum_revenue
from adminpanel.selectors.transactions import TransactionFilters, TransactionRow, list_transactions
from connect.account_groups import GROUPS, AccountGroup
from connect.models import AccountState, FeePlan
from connect.selectors import get_plan, get_terms_of_many, payment_status, plan_currencies
from connect.services.fees import rate_text
from ticketing.models import Event

RECENT = 10


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
    plan, figures = get_plan(organization), sum_revenue(organization=organization)
    events = Event.objects.filter(organization=organization)
    return OrganizationDetail(
        organization=organization,
        state=state.value,
        stripe_status=stripe_status_of(state),
        plan=plan.code,
        total_revenue=[Money(code, sums.gmv) for code, sums in figures.items()],
        platform_fees_collected=[Money(code, sums.platform_fees) for code, sums in figures.items()],
        total_tickets_sold=events.aggregate(sold=Sum("sold", default=0))["sold"],
        total_events=events.count(),
        fee_override=_override(organization, plan, figures),
        recent_transactions=list_transactions(TransactionFilters(organization=organization)).rows[:RECENT],
    )


def stripe_status_of(state: AccountState) -> str:
    """The API's three words: connected, pending, not_connected. What is restricted is pending."""
    group = GROUPS[state]
    return str(AccountGroup.PENDING.value if group == AccountGroup.RESTRICTED else group.value)


def _override(organization: Organization, plan: FeePlan, figures: dict[str, Figures]) -> Rate | None:
    """Its own rate, of several that in the currency that it sells most in; none in those that it can't sell in now."""
    sold = sorted(figures, key=lambda code: -figures[code].order_count)
    wanted = [(organization, code) for code in dict.fromkeys((*sold, *plan_currencies(plan)))]
    in_force = get_terms_of_many(wanted)
    for _organization, code in wanted:
        terms = in_force.get((organization.pk, code))
        if terms and terms.is_override:
            return Rate(rate_text(terms.percent), terms.fixed_amount, code)
    return None
