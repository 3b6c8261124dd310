"""What terms or a plan would do to a $50 ticket (or its like), for staff who are about to set them."""

from dataclasses import dataclass, replace
from decimal import Decimal

from accounts.models import Organization
from connect.errors import PriceBelowMinimum
from connect.models import FeeAbsorption, FeeOverride, FeePlan, FeeTerms
from connect.selectors import (
    default_absorption,
    get_plan,
    get_plan_terms,
    get_terms,
    plan_currencies,
    terms_of_plan,
)
from connect.services.fees import (
    FeeTermsInForce,
    TicketLine,
    loss_in_words,
    platform_net,
    quote_order,
    rate_text,
    sample_prices,
)
from connect.services.terms import check_rate
from maly.errors import MalyError
from maly.money import format_amount


@dataclass(frozen=True)
class PreviewRow:
    """One model: who bears the fees, and what each side pays or gets, in words."""

    name: str
    buyer_pays: str
    platform_fee: str
    processing_fee: str
    organizer_gets: str
    platform_keeps: str
    losses: list[str]


@dataclass(frozen=True)
class FeePreview:
    """The ticket's price, the rate in words, and a row for each model; or what is wrong with the rate."""

    ticket: str = ""
    rate: str = ""
    rows: tuple[PreviewRow, ...] = ()
    problem: str = ""


def preview_override(
    organization: Organization, *, currency: str, percent: Decimal | None, fixed_amount: int | None
) -> FeePreview:
    """What an override would do; without a rate, what the terms in force do."""
    try:
        terms = get_terms(organization, currency)
        if percent is not None or fixed_amount is not None:
            percent, fixed_amount = percent or Decimal(0), fixed_amount or 0
            check_rate(percent, fixed_amount, currency)
            terms = replace(terms, percent=percent, fixed_amount=fixed_amount)
        return preview_terms(terms)
    except MalyError as error:
        return FeePreview(problem=error.detail)


def preview_plan_terms(
    plan: FeePlan,
    *,
    currency: str,
    percent: Decimal | None,
    fixed_amount: int | None,
    processing_paid_by: str | None,
) -> FeePreview:
    """What new terms of a plan would do; what isn't given is as the plan has it, in a new currency as in dollars."""
    former = get_plan_terms(plan, currency) or get_plan_terms(plan, "usd")
    if former is None:
        return FeePreview(problem="This plan has no terms to start from.")
    rate = percent if percent is not None else former.percent
    fixed = fixed_amount if fixed_amount is not None else former.fixed_amount
    try:
        check_rate(rate, fixed, currency)
        payer = processing_paid_by or former.processing_paid_by
        given = {"currency": currency, "percent": rate, "fixed_amount": fixed, "processing_paid_by": payer}
        return preview_terms(replace(former, **given))
    except MalyError as error:
        return FeePreview(problem=error.detail)


@dataclass(frozen=True)
class PlanChange:
    """What another plan does to an organization's tickets in one currency, in words."""

    ticket: str
    rates: tuple[str, str]
    organizer_gets: tuple[str, str]
    platform_keeps: tuple[str, str]
    losses: str


@dataclass(frozen=True)
class PlanPreview:
    """A row for each currency that either plan sells in; `stopped` are those that the new plan can't sell in."""

    plan: str
    rows: tuple[PlanChange, ...]
    stopped: tuple[str, ...]


def preview_assignment(organization: Organization, plan: FeePlan) -> PlanPreview:
    """What moving an organization to a plan would change, by how the organization has its fees borne."""
    now_on = get_plan(organization)
    model = default_absorption(organization)
    rows, stopped = [], []
    for currency in plan_currencies(now_on):
        now, then = (get_plan_terms(each, currency, organization=organization) for each in (now_on, plan))
        if then is None:
            stopped.append(currency.upper())
        elif now is not None:  # terms that are still to come change nothing now
            rows.append(_change(now, then, model))
    return PlanPreview(plan=str(plan), rows=tuple(rows), stopped=tuple(stopped))


def _change(now: FeeTermsInForce, then: FeeTermsInForce, model: str) -> PlanChange:
    price_amount = sample_prices(now.currency)[2]
    before, after = (_row(price_amount, terms, FeeAbsorption(model)) for terms in (now, then))
    return PlanChange(
        ticket=format_amount(price_amount, now.currency),
        rates=(_rate_in_words(now), _rate_in_words(then)),
        organizer_gets=(before.organizer_gets, after.organizer_gets),
        platform_keeps=(before.platform_keeps, after.platform_keeps),
        losses=", ".join(loss_in_words(then, model)),
    )


def _rate_in_words(terms: FeeTermsInForce) -> str:
    return f"{rate_text(terms.percent)} % + {format_amount(terms.fixed_amount, terms.currency)}"


def preview_terms(terms: FeeTermsInForce) -> FeePreview:
    """What terms do to one ticket sold alone, absorbed and passed to the buyer."""
    price_amount = sample_prices(terms.currency)[2]
    rows = tuple(_row(price_amount, terms, model) for model in FeeAbsorption)
    ticket = format_amount(price_amount, terms.currency)
    return FeePreview(ticket=ticket, rate=_rate_in_words(terms), rows=rows)


def losses_of(row: FeeTerms | FeeOverride, *, on: FeeTermsInForce | None = None) -> list[str]:
    """What the platform loses on terms as they stand in the database, for either way to bear the fees, in words.

    `on` are the terms that an override stands on, where they are known already.
    """
    if isinstance(row, FeeTerms):
        terms = terms_of_plan(row)
    elif row.percent is None or row.fixed_amount is None:
        return []
    else:
        terms = on or get_terms(row.organization, row.currency, row.effective_from)
        terms = replace(terms, percent=row.percent, fixed_amount=row.fixed_amount)
    return [f"{model.label}: {loss}." for model in FeeAbsorption for loss in loss_in_words(terms, model)]


def _row(price_amount: int, terms: FeeTermsInForce, model: FeeAbsorption) -> PreviewRow:
    try:
        quote = quote_order([TicketLine("one", "", price_amount, 1)], terms, model)
    except PriceBelowMinimum as error:
        return PreviewRow(str(model.label), "–", "–", "–", "–", "–", [error.detail])

    def words(amount: int) -> str:
        return format_amount(amount, terms.currency)

    return PreviewRow(
        name=str(model.label),
        buyer_pays=words(quote.total_amount),
        platform_fee=words(quote.platform_fee),
        processing_fee=words(quote.processing_fee),
        organizer_gets=words(quote.organizer_amount),
        platform_keeps=words(platform_net(price_amount, terms, model)),
        losses=[f"The platform {loss}." for loss in loss_in_words(terms, model)],
    )
