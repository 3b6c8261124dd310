"""The only place with arithmetic on money: minor units, rounding, splitting and words.

Amounts are integers in the currency's minor unit (Stripe's convention); rates are Decimal percentages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# Before or after the point of what a person types as an amount.
MOST_DIGITS = 15


@dataclass(frozen=True)
class Currency:
    """What Maly must know of a currency; `minimum_amount` is Stripe's smallest charge, in minor units."""

    code: str
    exponent: int
    minimum_amount: int
    symbol: str

    @property
    def step(self) -> int:
        """Smallest amount that Stripe takes: three-decimal currencies must end in 0 (docs.stripe.com/currencies)."""
        return 10 if self.exponent == 3 else 1


# Minimums: docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, in the settlement currency itself.
CURRENCIES = {
    c.code: c
    for c in (
        Currency("usd", 2, 50, "$"),
        Currency("eur", 2, 50, "€"),
        Currency("gbp", 2, 30, "£"),
        Currency("cad", 2, 50, "CA$"),
        Currency("aud", 2, 50, "A$"),
        Currency("jpy", 0, 50, "¥"),
        Currency("kwd", 3, 150, "KWD "),
    )
}


def get_currency(code: str) -> Currency:
    """The currency of an ISO code in lower case; raises ValueError for one that Maly does not know."""
    try:
        return CURRENCIES[code]
    except KeyError:
        raise ValueError(f"Unknown currency {code!r}.") from None


def round_half_up(value: Decimal, step: int = 1) -> int:
    """The multiple of `step` nearest to `value` (minor units), halves away from zero."""
    return int((value / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)) * step


def percentage_of(amount: int, percent: Decimal, currency: str, *, plus: int = 0) -> int:
    """`percent` % of `amount`, plus a fixed part, rounded once and half up; all in minor units of `currency`."""
    exact = Decimal(amount) * percent.scaleb(-2) + plus
    return round_half_up(exact, get_currency(currency).step)


def share_of(amount: int, part: int, whole: int) -> int:
    """As much of `amount` as `part` is of `whole` (minor units), rounded half up; 0 of nothing."""
    return round_half_up(Decimal(amount) * part / whole) if whole else 0


def allocate(total: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """Split `total` (minor units) by `weights`, by largest remainder in steps of `step`; ties go to the first.

    The parts always add up to `total`. What `step` cannot divide goes to the first part with weight.
    Raises ValueError for a negative weight, or for weights that are all zero while there is something to split.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("Weights must not be negative.")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("Nothing to allocate to.")
        return [0] * len(weights)
    units, odd = divmod(total, step)
    parts = [units * weight // whole for weight in weights]
    rest = sorted(range(len(weights)), key=lambda i: (-(units * weights[i] % whole), i))
    for i in rest[: units - sum(parts)]:
        parts[i] += 1
    amounts = [part * step for part in parts]
    amounts[next(i for i, weight in enumerate(weights) if weight)] += odd
    return amounts


def to_decimal(amount: int, currency: str) -> Decimal:
    """The amount in the currency's main unit, for machines: 5458, "usd" → 54.58, with all its decimals."""
    return Decimal(amount).scaleb(-get_currency(currency).exponent)


def format_amount(amount: int, currency: str) -> str:
    """The amount in words for people: 5458, "usd" → "$54.58"; negative with a minus sign, never a hyphen."""
    known = get_currency(currency)
    value = Decimal(abs(amount)).scaleb(-known.exponent)
    return f"{'−' if amount < 0 else ''}{known.symbol}{value:,.{known.exponent}f}"


def parse_amount(text: str, currency: str) -> int:
    """Minor units of what a person typed ("12.50"); raises ValueError when it is no amount of that currency."""
    try:
        value = Decimal(text.strip().replace(",", ""))
    except ArithmeticError:
        raise ValueError(f"{text!r} is no amount.") from None
    # Refused before anything is computed with it ("1e999999999").
    if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{text[:20]!r} is no amount of {currency}.")
    minor = value.scaleb(get_currency(currency).exponent)
    if minor != minor.to_integral_value() or int(minor) % get_currency(currency).step:
        raise ValueError(f"{text!r} is no amount of {currency}.")
    return int(minor)
