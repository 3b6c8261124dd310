"""What terms would do to a $50 ticket (or its like in another currency), for staff who are about to set them."""

from dataclasses import dataclass, replace
from decimal import Decimal

from accounts.models import Organization
from connect.errors import PriceBelowMinimum
from connect.models import FeeAbsorption, FeeOverride, FeeTerms
from connect.selectors import get_terms, terms_of_plan
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


def preview_terms(terms: FeeTermsInForce) -> FeePreview:
    """What terms do to one ticket sold alone, absorbed and passed to the buyer."""
    price_amount = sample_prices(terms.currency)[2]
    rows = tuple(_row(price_amount, terms, model) for model in FeeAbsorption)
    rate = f"{rate_text(terms.percent)} % + {format_amount(terms.fixed_amount, terms.currency)}"
    return FeePreview(ticket=format_amount(price_amount, terms.currency), rate=rate, rows=rows)


def losses_of(row: FeeTerms | FeeOverride) -> list[str]:
    """What the platform loses on terms as they stand in the database, for either way to bear the fees, in words."""
    if isinstance(row, FeeTerms):
        terms = terms_of_plan(row)
    elif row.percent is None or row.fixed_amount is None:
        return []
    else:
        terms = get_terms(row.organization, row.currency, row.effective_from)
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
