"""The fee calculator: pure functions from prices and terms to amounts, by the money rules (docs/money.md).

Every amount is an integer in minor units of the terms' currency. No database, no clock.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Self

from django.utils.translation import gettext as _

from connect.errors import PriceBelowMinimum
from connect.models import FeeAbsorption, FeeTerms
from maly.errors import Invalid
from maly.money import allocate, format_amount, get_currency, percentage_of

# Stripe's largest charge has eight digits (docs.stripe.com/currencies).
LARGEST_AMOUNT = 99_999_999


@dataclass(frozen=True, kw_only=True)
class FeeTermsInForce:
    """The terms that count for an organization at one moment, its override included."""

    plan_code: str
    currency: str
    percent: Decimal
    fixed_amount: int
    rounding: str
    processing_paid_by: str
    processing_percent: Decimal
    processing_fixed_amount: int
    refunds_platform_fee: bool
    effective_from: datetime
    is_override: bool = False

    @property
    def recovers_processing(self) -> bool:
        """Whether Stripe's fee is recovered from the sale (else it comes out of the platform's fee)."""
        return self.processing_paid_by == FeeTerms.ProcessingPaidBy.SALE

    def as_json(self) -> dict[str, Any]:
        """For the order that freezes these terms; rates as text, so that nothing is lost."""
        return {
            "plan_code": self.plan_code,
            "currency": self.currency,
            "percent": rate_text(self.percent),
            "fixed_amount": self.fixed_amount,
            "rounding": str(self.rounding),
            "processing_paid_by": str(self.processing_paid_by),
            "processing_percent": rate_text(self.processing_percent),
            "processing_fixed_amount": self.processing_fixed_amount,
            "refunds_platform_fee": self.refunds_platform_fee,
            "effective_from": self.effective_from.isoformat(),
            "is_override": self.is_override,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The terms that `as_json` wrote."""
        rates = {name: Decimal(data[name]) for name in ("percent", "processing_percent")}
        return cls(**{**data, **rates, "effective_from": datetime.fromisoformat(data["effective_from"])})


@dataclass(frozen=True)
class TicketLine:
    """What somebody wants to buy of one ticket type: its face price and how many."""

    key: str
    name: str
    price_amount: int
    quantity: int


@dataclass(frozen=True)
class TicketAmounts:
    """One ticket's part of its order; `paid` = `platform_fee` + `processing_fee` + `organizer`."""

    paid: int
    platform_fee: int
    processing_fee: int
    organizer: int


@dataclass(frozen=True)
class LineQuote:
    """A line with its face price, the price that the buyer pays, and the amounts of each of its tickets."""

    key: str
    unit_price_amount: int
    unit_total_amount: int
    tickets: tuple[TicketAmounts, ...]


@dataclass(frozen=True, kw_only=True)
class OrderQuote:
    """What an order costs and who gets what; the sums of its tickets, exactly."""

    currency: str
    subtotal_amount: int
    platform_fee: int
    processing_fee: int
    service_fee_amount: int
    total_amount: int
    application_fee_amount: int
    organizer_amount: int
    fee_breakdown: dict[str, Any]
    lines: tuple[LineQuote, ...]


def quote_order(lines: Sequence[TicketLine], terms: FeeTermsInForce, fee_absorption: str) -> OrderQuote:
    """What an order of these lines costs under these terms (money.md §3).

    Raises PriceBelowMinimum for a ticket that doesn't cover its fees or is below Stripe's minimum, and
    Invalid for an order that is more than Stripe charges at once.
    """
    for price_amount in {line.price_amount for line in lines if line.price_amount}:
        check_price(price_amount, terms, fee_absorption)
    prices = [line.price_amount for line in lines for _each in range(line.quantity)]
    if fee_absorption == FeeAbsorption.PASS_TO_BUYER:
        tickets = [_passed_ticket(price, terms) for price in prices]
    else:
        tickets = _absorbed_tickets(prices, terms)
    _check_total(sum(ticket.paid for ticket in tickets))
    return _add_up(lines, tickets, terms)


def price_of_one(price_amount: int, terms: FeeTermsInForce, fee_absorption: str) -> tuple[int, int]:
    """The all-in price of one ticket and the fee that it includes (0 when the organizer bears the fees)."""
    if fee_absorption != FeeAbsorption.PASS_TO_BUYER:
        return price_amount, 0
    paid = _passed_ticket(price_amount, terms).paid
    return paid, paid - price_amount


def check_price(price_amount: int, terms: FeeTermsInForce, fee_absorption: str) -> None:
    """Raise PriceBelowMinimum unless a ticket can be sold alone at this face price; a free one always can.

    Raises Invalid for what Stripe cannot charge: negative, too large, or no multiple of the smallest step.
    """
    currency = get_currency(terms.currency)
    if price_amount == 0:
        return
    if price_amount < 0 or price_amount % currency.step:
        raise Invalid(_("This is no price that can be charged in this currency."), attr="price_amount")
    _check_total(_fees_of_one(price_amount, terms, fee_absorption)[0])
    if not _is_sellable(price_amount, terms, fee_absorption):
        raise PriceBelowMinimum(_minimum_in_words(price_amount, terms, fee_absorption), attr="price_amount")


def platform_net(price_amount: int, terms: FeeTermsInForce, fee_absorption: str) -> int:
    """What the platform keeps of one ticket sold alone, after Stripe's own fee (estimated)."""
    quote = quote_order([TicketLine("one", "", price_amount, 1)], terms, fee_absorption)
    return quote.application_fee_amount - stripe_fee_estimate(quote.total_amount, terms)


def stripe_fee_estimate(total_amount: int, terms: FeeTermsInForce) -> int:
    """Stripe's fee on one charge, by the estimate that the terms carry; 0 for what never goes to Stripe."""
    if total_amount == 0:
        return 0
    plus = terms.processing_fixed_amount
    return percentage_of(total_amount, terms.processing_percent, terms.currency, plus=plus)


def sample_prices(currency: str) -> list[int]:
    """The prices by which staff judge terms: $5, $25, $50, $100, and their like in other currencies."""
    unit = 10 ** (get_currency(currency).exponent or 2)
    return [price * unit for price in (5, 25, 50, 100)]


def loss_in_words(terms: FeeTermsInForce, fee_absorption: str) -> list[str]:
    """What the platform loses under these terms: "loses $0.25 on a $50.00 ticket", and so on."""
    words = []
    for price in sample_prices(terms.currency):
        if not _is_sellable(price, terms, fee_absorption):
            continue
        net = platform_net(price, terms, fee_absorption)
        if net < 0:
            loss, ticket = format_amount(-net, terms.currency), format_amount(price, terms.currency)
            words.append(f"loses {loss} on a {ticket} ticket")
    return words


def rate_text(percent: Decimal) -> str:
    """A rate without idle zeros: Decimal("3.500") → "3.5"."""
    return format(percent.normalize(), "f")


def _passed_ticket(price_amount: int, terms: FeeTermsInForce) -> TicketAmounts:
    """One ticket whose fees are part of its price; the organizer receives the face price."""
    if price_amount == 0:
        return TicketAmounts(0, 0, 0, 0)
    platform_fee = percentage_of(price_amount, terms.percent, terms.currency) + terms.fixed_amount
    processing_fee = (
        stripe_fee_estimate(price_amount + platform_fee, terms) if terms.recovers_processing else 0
    )
    return TicketAmounts(
        price_amount + platform_fee + processing_fee, platform_fee, processing_fee, price_amount
    )


def _absorbed_tickets(prices: Sequence[int], terms: FeeTermsInForce) -> list[TicketAmounts]:
    """The tickets of an order whose fees come out of their prices."""
    subtotal = sum(prices)
    step = get_currency(terms.currency).step
    platform = _within(_platform_fees(prices, terms), prices)
    processing_total = stripe_fee_estimate(subtotal, terms) if terms.recovers_processing else 0
    processing_total = min(processing_total, subtotal - sum(platform))
    rooms = [price - fee for price, fee in zip(prices, platform, strict=True)]
    processing = _within(allocate(processing_total, prices, step), rooms)
    return [
        TicketAmounts(price, fee, recovered, price - fee - recovered)
        for price, fee, recovered in zip(prices, platform, processing, strict=True)
    ]


def _platform_fees(prices: Sequence[int], terms: FeeTermsInForce) -> list[int]:
    """Each ticket's platform fee by the rounding of the terms; a free ticket has none."""
    if terms.rounding == FeeTerms.Rounding.PER_ORDER:
        step = get_currency(terms.currency).step
        parts = allocate(percentage_of(sum(prices), terms.percent, terms.currency), prices, step)
    else:
        parts = [percentage_of(price, terms.percent, terms.currency) for price in prices]
    return [part + terms.fixed_amount if price else 0 for price, part in zip(prices, parts, strict=True)]


def _within(parts: Sequence[int], rooms: Sequence[int]) -> list[int]:
    """The parts with what exceeds a ticket's room moved to tickets that have room left, the first ones first.

    Each ticket covers its own fees (check_price), but the last unit of an order's rounding may fall on one
    that covers them exactly. What finds no room at all is let go: a fee never exceeds what was paid.
    """
    kept = [min(part, room) for part, room in zip(parts, rooms, strict=True)]
    excess = sum(parts) - sum(kept)
    for index, room in enumerate(rooms):
        moved = min(excess, room - kept[index])
        kept[index] += moved
        excess -= moved
    return kept


def _add_up(
    lines: Sequence[TicketLine], tickets: Sequence[TicketAmounts], terms: FeeTermsInForce
) -> OrderQuote:
    remaining = iter(tickets)
    quoted = tuple(_quote_line(line, tuple(islice(remaining, line.quantity))) for line in lines)
    subtotal = sum(line.price_amount * line.quantity for line in lines)
    total = sum(ticket.paid for ticket in tickets)
    platform_fee = sum(ticket.platform_fee for ticket in tickets)
    processing_fee = sum(ticket.processing_fee for ticket in tickets)
    return OrderQuote(
        currency=terms.currency,
        subtotal_amount=subtotal,
        platform_fee=platform_fee,
        processing_fee=processing_fee,
        service_fee_amount=total - subtotal,
        total_amount=total,
        application_fee_amount=platform_fee + processing_fee,
        organizer_amount=total - platform_fee - processing_fee,
        fee_breakdown=_break_down(lines, quoted, terms, platform_fee),
        lines=quoted,
    )


def _quote_line(line: TicketLine, tickets: tuple[TicketAmounts, ...]) -> LineQuote:
    unit_total_amount = tickets[0].paid if tickets else line.price_amount
    return LineQuote(line.key, line.price_amount, unit_total_amount, tickets)


def _break_down(
    lines: Sequence[TicketLine], quoted: Sequence[LineQuote], terms: FeeTermsInForce, platform_fee: int
) -> dict[str, Any]:
    """The contract's `fee_breakdown`: platform fee only, by ticket type."""
    items = []
    for line, quote in zip(lines, quoted, strict=True):
        fee_subtotal = sum(ticket.platform_fee for ticket in quote.tickets)
        items.append(
            {
                "ticket_type_name": line.name,
                "quantity": line.quantity,
                "unit_price": line.price_amount,
                "fee_per_ticket": fee_subtotal // line.quantity if line.quantity else 0,
                "fee_subtotal": fee_subtotal,
            }
        )
    return {
        "platform_fee_percent": rate_text(terms.percent),
        "platform_fee_fixed": terms.fixed_amount,
        "platform_fee_total": platform_fee,
        "per_item_fees": items,
    }


def _fees_of_one(price_amount: int, terms: FeeTermsInForce, fee_absorption: str) -> tuple[int, int]:
    """What the buyer pays for one ticket sold alone, and the application fee it would carry, uncapped."""
    if fee_absorption == FeeAbsorption.PASS_TO_BUYER:
        ticket = _passed_ticket(price_amount, terms)
        return ticket.paid, ticket.platform_fee + ticket.processing_fee
    platform_fee = percentage_of(price_amount, terms.percent, terms.currency) + terms.fixed_amount
    recovered = stripe_fee_estimate(price_amount, terms) if terms.recovers_processing else 0
    return price_amount, platform_fee + recovered


def _is_sellable(price_amount: int, terms: FeeTermsInForce, fee_absorption: str) -> bool:
    total, fees = _fees_of_one(price_amount, terms, fee_absorption)
    return total >= get_currency(terms.currency).minimum_amount and fees <= total


def _check_total(total_amount: int) -> None:
    if total_amount > LARGEST_AMOUNT:
        raise Invalid(_("This is more than can be charged at once."))


def _minimum_in_words(price_amount: int, terms: FeeTermsInForce, fee_absorption: str) -> str:
    """Words with the lowest face price that can be sold, found by bisection over the amounts Stripe takes."""
    step = get_currency(terms.currency).step
    possible = range(step, 1_000_000 + step, step)
    index = bisect_left(possible, True, key=lambda price: _is_sellable(price, terms, fee_absorption))
    fees = format_amount(_fees_of_one(price_amount, terms, fee_absorption)[1], terms.currency)
    if index == len(possible):
        return f"No price can be sold on these terms: at this price the fees are {fees}."
    lowest = format_amount(possible[index], terms.currency)
    return f"The price must be at least {lowest}, fees are {fees}."
