"""What terms do to tickets of $5, $25, $50 and $100 (or their like), for staff who are about to set them."""

from dataclasses import dataclass

from connect.errors import PriceBelowMinimum
from connect.models import FeeAbsorption
from connect.services.fees import (
    FeeTermsInForce,
    TicketLine,
    loss_in_words,
    quote_order,
    sample_prices,
    stripe_fee_estimate,
)


@dataclass(frozen=True, kw_only=True)
class Split:
    """One ticket sold alone: what each side pays and gets, in minor units; Stripe's fee is its estimate."""

    buyer_pays_amount: int
    organizer_gets_amount: int
    fee_amount: int
    stripe_fee_amount: int

    @property
    def net_amount(self) -> int:
        """What the platform keeps; below 0 it pays for the sale."""
        return self.fee_amount - self.stripe_fee_amount


@dataclass(frozen=True, kw_only=True)
class FeeRow:
    """A ticket under the new terms, and what the platform keeps of it under those in force; None: can't be sold."""

    price_amount: int
    then: Split | None
    now: Split | None


@dataclass(frozen=True, kw_only=True)
class FeeTable:
    """The tickets for one way to bear the fees; `losses` as "loses $0.25 on a $50.00 ticket"."""

    model: str
    label: str
    currency: str
    rows: tuple[FeeRow, ...]
    losses: list[str]


def make_tables(terms: FeeTermsInForce, *, now: FeeTermsInForce | None = None) -> list[FeeTable]:
    """A table for either way to bear the fees, beside what the terms in force do if they are given."""
    return [_table(terms, now, model) for model in FeeAbsorption]


def split_of(price_amount: int, terms: FeeTermsInForce, model: str) -> Split | None:
    """One ticket of this face price sold alone; None for one that can't be sold on these terms."""
    try:
        quote = quote_order([TicketLine("one", "", price_amount, 1)], terms, model)
    except PriceBelowMinimum:
        return None
    return Split(
        buyer_pays_amount=quote.total_amount,
        organizer_gets_amount=quote.organizer_amount,
        fee_amount=quote.application_fee_amount,
        stripe_fee_amount=stripe_fee_estimate(quote.total_amount, terms),
    )


def _table(terms: FeeTermsInForce, now: FeeTermsInForce | None, model: FeeAbsorption) -> FeeTable:
    return FeeTable(
        model=model.value,
        label=str(model.label),
        currency=terms.currency,
        rows=tuple(
            FeeRow(
                price_amount=price,
                then=split_of(price, terms, model),
                now=split_of(price, now, model) if now else None,
            )
            for price in sample_prices(terms.currency)
        ),
        losses=loss_in_words(terms, model),
    )
