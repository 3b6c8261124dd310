"""What fees there are: each plan's terms in force, before and to come, and what new ones would do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization, User
from connect.fee_tables import FeeTable, make_tables
from connect.models import FeePlan, FeeTerms, PlanAssignment
from connect.selectors import get_plan_terms, plan_currencies
from connect.services.fees import FeeTermsInForce, rate_text
from maly.errors import NotFound
from maly.money import format_amount

SHOWN = 50
DOLLARS = "usd"
SCHEDULED, IN_FORCE, PAST = "scheduled", "in_force", "past"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row of a history: what was set, from when, by whom and why; `state` is scheduled, in_force or past."""

    words: str
    details: str = ""
    effective_from: datetime
    created_at: datetime
    by: str
    reason: str
    state: str
    is_removal: bool = False

    @property
    def label(self) -> str:
        return {SCHEDULED: _("Scheduled"), IN_FORCE: _("In force"), PAST: _("Over")}[self.state]

    @property
    def tone(self) -> str:
        return {SCHEDULED: "info", IN_FORCE: "success", PAST: ""}[self.state]


@dataclass(frozen=True, kw_only=True)
class PlanPage:
    """A plan in one currency: its terms, what they do, what they were and will be, and who is on it."""

    plan: FeePlan
    plans: list[FeePlan]
    currency: str
    currencies: list[str]
    terms: FeeTermsInForce | None
    tables: list[FeeTable]
    history: list[Change]
    used_by: int

    @property
    def rate(self) -> str:
        return rate_in_words(self.terms) if self.terms else ""

    @property
    def scheduled(self) -> list[Change]:
        return [change for change in self.history if change.state == SCHEDULED]


def find_plan(code: str) -> FeePlan:
    """A plan by its code, the first one for none. Raises NotFound."""
    plans = FeePlan.objects.order_by("id")
    plan = plans.filter(code=code.replace("\x00", "")).first() if code else plans.first()
    if plan is None:
        raise NotFound
    return plan


def plan_page(code: str, currency: str) -> PlanPage:
    """A plan's page, in six statements. Raises NotFound for a plan or a currency of it that isn't there."""
    plans = list(FeePlan.objects.order_by("id"))
    plan = next((one for one in plans if code in (one.code, "")), None)
    currencies = plan_currencies(plan) if plan else []
    if plan is None or (currency and currency not in currencies):
        raise NotFound
    currency = currency or next(iter(currencies), DOLLARS)
    terms = get_plan_terms(plan, currency)
    return PlanPage(
        plan=plan,
        plans=plans,
        currency=currency,
        currencies=currencies,
        terms=terms,
        tables=make_tables(terms) if terms else [],
        history=_history(plan, currency),
        used_by=count_on(plan),
    )


def count_on(plan: FeePlan) -> int:
    """How many organizations are on a plan now."""
    begun = PlanAssignment.objects.filter(organization=OuterRef("pk"), effective_from__lte=timezone.now())
    organizations = Organization.objects.alias(assigned=Subquery(begun.values("plan")[:1]))
    by_default = Q(assigned=None, kind=plan.is_default_for)
    return organizations.filter(Q(assigned=plan.pk) | by_default).count()


def new_terms(
    former: FeeTermsInForce, *, percent: Decimal, fixed_amount: int, paid_by: str
) -> FeeTermsInForce:
    """A plan's terms with another rate, and Stripe's fee paid by the platform or the sale."""
    return replace(former, percent=percent, fixed_amount=fixed_amount, processing_paid_by=paid_by)


def rate_in_words(terms: FeeTermsInForce | FeeTerms) -> str:
    """A rate for people: 4% + $0.75."""
    return f"{rate_text(terms.percent)}% + {format_amount(terms.fixed_amount, terms.currency)}"


def details_in_words(terms: FeeTerms) -> str:
    """What terms say besides the rate: Stripe's fee from the platform's fee, fee kept on refunds."""
    is_recovered = terms.processing_paid_by == FeeTerms.ProcessingPaidBy.SALE
    processing = (
        _("Stripe’s fee from the sale") if is_recovered else _("Stripe’s fee from the platform’s fee")
    )
    refunds = _("fee given back with refunds") if terms.refunds_platform_fee else _("fee kept on refunds")
    return f"{processing}, {refunds}"


def name_of(user: User | None) -> str:
    return (user.name or user.email) if user else ""


def states_of(moments: Iterable[datetime]) -> list[str]:
    """Of rows that replace each other, newest start first: which are to come, which one counts, which are over."""
    now, states = timezone.now(), []
    for moment in moments:
        if moment > now:
            states.append(SCHEDULED)
        else:
            states.append(PAST if IN_FORCE in states else IN_FORCE)
    return states


def _history(plan: FeePlan, currency: str) -> list[Change]:
    rows = list(plan.terms.filter(currency=currency).select_related("created_by")[:SHOWN])
    states = states_of(row.effective_from for row in rows)
    return [
        Change(
            words=rate_in_words(row),
            details=details_in_words(row),
            effective_from=row.effective_from,
            created_at=row.created_at,
            by=name_of(row.created_by),
            reason=row.reason,
            state=state,
        )
        for row, state in zip(rows, states, strict=True)
    ]
