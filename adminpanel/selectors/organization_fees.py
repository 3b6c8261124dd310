"""What an organization pays: its plan, its own rate if it has one, and how both came about."""

from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import Organization
from adminpanel.selectors.fees import DOLLARS, SCHEDULED, Change, name_of, rate_in_words, states_of
from connect.errors import CurrencyNotSupported
from connect.fee_tables import FeeTable, make_tables
from connect.models import FeePlan, PlanAssignment
from connect.selectors import (
    default_absorption,
    get_plan,
    get_plan_terms,
    get_terms,
    plan_currencies,
)
from connect.services.fees import FeeTermsInForce, rate_text
from maly.errors import NotFound
from maly.money import format_amount

SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class FeePage:
    """An organization's fees in one currency."""

    organization: Organization
    plan: FeePlan
    currency: str
    currencies: list[str]
    terms: FeeTermsInForce
    plan_terms: FeeTermsInForce
    fee_absorption: str
    tables: list[FeeTable]
    overrides: list[Change]
    assignments: list[Change]

    @property
    def has_override(self) -> bool:
        """Whether an own rate counts now, or one is to come."""
        return self.terms.is_override or any(
            change.state == SCHEDULED and not change.is_removal for change in self.overrides
        )

    @property
    def rate(self) -> str:
        return rate_in_words(self.terms)

    @property
    def plan_rate(self) -> str:
        return rate_in_words(self.plan_terms)


def fee_page(organization: Organization, currency: str) -> FeePage:
    """Everything about an organization's fees. Raises NotFound for a currency that its plan can't sell in."""
    plan = get_plan(organization)
    currencies = plan_currencies(plan)
    currency = currency or next(iter(currencies), DOLLARS)
    plan_terms = get_plan_terms(plan, currency) if currency in currencies else None
    if plan_terms is None:
        raise NotFound
    terms = get_terms(organization, currency)
    return FeePage(
        organization=organization,
        plan=plan,
        currency=currency,
        currencies=currencies,
        terms=terms,
        plan_terms=plan_terms,
        fee_absorption=default_absorption(organization),
        tables=make_tables(terms),
        overrides=_overrides(organization, currency),
        assignments=_assignments(organization),
    )


def terms_in_currency(organization: Organization, currency: str) -> FeeTermsInForce:
    """The terms in force. Raises NotFound for a currency that the organization can't sell in."""
    try:
        return get_terms(organization, currency)
    except CurrencyNotSupported:
        raise NotFound from None


def with_rate(terms: FeeTermsInForce, percent: Decimal, fixed_amount: int) -> FeeTermsInForce:
    """The terms with an organization's own rate."""
    return replace(terms, percent=percent, fixed_amount=fixed_amount, is_override=True)


@dataclass(frozen=True, kw_only=True)
class PlanMove:
    """A move to another plan, as one currency has it; `lost` are the currencies that can't be sold in any more."""

    current: FeePlan
    plan: FeePlan
    currency: str
    now: FeeTermsInForce | None
    then: FeeTermsInForce | None
    tables: list[FeeTable]
    lost: list[str]
    others: list[FeePlan]

    @property
    def rate_now(self) -> str:
        return rate_in_words(self.now) if self.now else "–"

    @property
    def rate_then(self) -> str:
        return rate_in_words(self.then) if self.then else "–"

    @property
    def keeps_override(self) -> bool:
        return self.then is not None and self.then.is_override


def other_plan(organization: Organization, code: str = "") -> FeePlan | None:
    """The plan to move to: the one asked for, or else the first that the organization isn't on."""
    current = get_plan(organization)
    others = FeePlan.objects.exclude(pk=current.pk).order_by("id")
    return others.filter(code=code.replace("\x00", "")).first() or others.first()


def preview_move(organization: Organization, plan: FeePlan, currency: str) -> PlanMove:
    """What a move to a plan would change; an own rate goes with the organization."""
    current = get_plan(organization)
    sold, then_sold = plan_currencies(current), plan_currencies(plan)
    now = get_plan_terms(current, currency, organization=organization)
    then = get_plan_terms(plan, currency, organization=organization)
    return PlanMove(
        current=current,
        plan=plan,
        currency=currency,
        now=now,
        then=then,
        tables=make_tables(then, now=now) if then else [],
        lost=[code.upper() for code in sold if code not in then_sold],
        others=list(FeePlan.objects.exclude(pk=current.pk).order_by("id")),
    )


def _overrides(organization: Organization, currency: str) -> list[Change]:
    rows = organization.fee_overrides.filter(currency=currency).select_related("created_by")
    rows = list(rows.order_by("-effective_from", "-id")[:SHOWN])
    states = states_of(row.effective_from for row in rows)
    return [
        Change(
            words=f"{rate_text(row.percent)}% + {format_amount(row.fixed_amount, currency)}"
            if row.percent is not None and row.fixed_amount is not None
            else _("The plan’s rate"),
            effective_from=row.effective_from,
            created_at=row.created_at,
            by=name_of(row.created_by),
            reason=row.reason,
            state=state,
            is_removal=row.percent is None,
        )
        for row, state in zip(rows, states, strict=True)
    ]


def _assignments(organization: Organization) -> list[Change]:
    rows = PlanAssignment.objects.filter(organization=organization).select_related("plan", "created_by")
    rows = list(rows.order_by("-effective_from", "-id")[:SHOWN])
    states = states_of(row.effective_from for row in rows)
    return [
        Change(
            words=row.plan.name,
            effective_from=row.effective_from,
            created_at=row.effective_from,
            by=name_of(row.created_by),
            reason=row.reason,
            state=state,
        )
        for row, state in zip(rows, states, strict=True)
    ]
