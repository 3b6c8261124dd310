"""The money rules once more, in fractions and without a line of the product's: what a price is expected to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

PROCESSING_PERCENT, PROCESSING_FIXED = Fraction("2.9"), 30


@dataclass(frozen=True)
class Terms:
    """A plan or an override, as docs/fees.md tells it; amounts in cents."""

    percent: str
    fixed: int
    is_per_order: bool
    recovers_processing: bool
    gives_fee_back: bool
    is_passed_on: bool


@dataclass(frozen=True)
class Price:
    """What the buyer pays, and what of it is the application fee."""

    total: int
    fee: int

    @property
    def organizer(self) -> int:
        return self.total - self.fee


def price_of(faces: Sequence[int], terms: Terms) -> Price:
    """The price of tickets with these face prices; a free one costs nothing and bears nothing."""
    paid = [face for face in faces if face]
    if not paid:
        return Price(0, 0)
    if terms.is_passed_on:
        fees = [_passed_fee(face, terms) for face in paid]
        return Price(sum(paid) + sum(fees), sum(fees))
    fee = _platform_fee(paid, terms)
    if terms.recovers_processing:
        fee += _processing(sum(paid))
    return Price(sum(paid), fee)


def _platform_fee(paid: Sequence[int], terms: Terms) -> int:
    rate = Fraction(terms.percent) / 100
    if terms.is_per_order:
        return _round(rate * sum(paid)) + terms.fixed * len(paid)
    return sum(_round(rate * face) + terms.fixed for face in paid)


def _passed_fee(face: int, terms: Terms) -> int:
    fee = _round(Fraction(terms.percent) / 100 * face) + terms.fixed
    return fee + (_processing(face + fee) if terms.recovers_processing else 0)


def _processing(amount: int) -> int:
    return _round(PROCESSING_PERCENT / 100 * amount + PROCESSING_FIXED)


def _round(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))
