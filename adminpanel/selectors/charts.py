"""Bars of money over time: drawn by the server for the overview, and as numbers for the chart of the revenue page."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format

from adminpanel.selectors.periods import Range
from adminpanel.selectors.revenue import Figures
from maly.money import format_amount, get_currency, round_half_up, to_decimal

HEIGHT = 100
# A round step between two lines of the grid.
STEPS = (1, 2, 5)
LINES = 4
# A label's words are as wide as so many bars of a phone.
ROOM = 5


@dataclass(frozen=True)
class Bar:
    """A day's amount, with its place in the drawing; `top` and `height` are in hundredths of its height."""

    day: date
    amount: int
    place: int
    top: int
    height: int
    is_labelled: bool

    @property
    def left(self) -> int:
        return self.place * 10 + 1

    @property
    def is_loss(self) -> bool:
        return self.amount < 0


@dataclass(frozen=True)
class Line:
    """A line of the grid and what it stands for."""

    amount: int
    place: int
    words: str


@dataclass(frozen=True)
class BarChart:
    """A bar for each day, upwards for what was earned and downwards for what was lost, on a grid of round amounts."""

    bars: list[Bar]
    lines: list[Line]

    @property
    def width(self) -> int:
        return len(self.bars) * 10

    @property
    def best(self) -> Bar:
        return max(self.bars, key=lambda bar: bar.amount)

    @property
    def least(self) -> Bar:
        return min(self.bars, key=lambda bar: bar.amount)


def draw_bars(amounts: dict[date, int], currency: str) -> BarChart:
    """The chart of amounts by day, in minor units of a currency; the days are all there are, in order."""
    step = _round_step(max(0, *amounts.values()) - min(0, *amounts.values()), currency)
    highest = -(-max(0, *amounts.values()) // step) * step
    lowest = min(0, *amounts.values()) // step * step
    span = max(highest - lowest, step)
    highest = lowest + span

    def place(amount: int) -> int:
        return round_half_up(Decimal(HEIGHT * (highest - amount)) / span)

    bars = []
    for number, (day, amount) in enumerate(amounts.items()):
        top, foot = place(max(amount, 0)), place(min(amount, 0))
        # Every seventh day is named, where its words have room before the end.
        is_labelled = number == 0 or (number % 7 == 0 and number + ROOM <= len(amounts))
        bars.append(Bar(day, amount, number, top, max(foot - top, 1) if amount else 0, is_labelled))
    grid = range(highest, lowest - 1, -step)
    return BarChart(bars, [Line(amount, place(amount), _round_words(amount, currency)) for amount in grid])


def chart_data(parts: list[tuple[Range, Figures]], currency: str) -> dict[str, Any]:
    """What the script of the revenue page draws: for each part its days in words and its stack, from the axis on.

    Amounts are strings in the currency's main unit, beside the words that people read.
    """
    known = get_currency(currency)
    return {
        "labels": [str(days) for days, _figures in parts],
        "ticks": [date_format(days.since, "j M") for days, _figures in parts],
        "prefix": known.symbol,
        "digits": known.exponent,
        "series": [
            {
                "values": [str(to_decimal(amount, currency)) for amount in amounts],
                "words": [format_amount(amount, currency) for amount in amounts],
            }
            for amounts in zip(*(stack_of(figures) for _days, figures in parts), strict=True)
        ],
    }


def stack_of(figures: Figures) -> tuple[int, int, int, int]:
    """What became of what came in: kept, Stripe's, returned, lost to disputes. Their sum is what came in."""
    return figures.net, figures.stripe_fees, figures.fees_returned, figures.dispute_costs


def _round_words(amount: int, currency: str) -> str:
    """An amount of whole main units, without its zeros: $600."""
    digits = get_currency(currency).exponent
    words = format_amount(amount, currency)
    return words[: -digits - 1] if digits else words


def _round_step(span: int, currency: str) -> int:
    """The smallest of 1, 2, 5, 10, 20 … main units with which few lines cover the span."""
    unit: int = 10 ** get_currency(currency).exponent
    while True:
        for step in STEPS:
            if step * unit * LINES >= span:
                return step * unit
        unit *= 10
