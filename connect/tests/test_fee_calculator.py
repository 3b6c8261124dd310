"""The fee calculator against every worked figure of the money rules, and against exact fractions."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connect.errors import PriceBelowMinimum
from connect.services.fees import (
    FeeTermsInForce,
    TicketLine,
    check_price,
    loss_in_words,
    platform_net,
    price_of_one,
    quote_order,
    stripe_fee_estimate,
)
from maly.errors import Invalid
from maly.money import CURRENCIES


def terms(plan_code: str, **changes: object) -> FeeTermsInForce:
    """The shipped plan `host` or `organization` in dollars, with changes."""
    host = plan_code == "host"
    values: dict = {
        "plan_code": plan_code,
        "currency": "usd",
        "percent": Decimal("3" if host else "4.0"),
        "fixed_amount": 0 if host else 75,
        "rounding": "per_order" if host else "per_ticket",
        "processing_paid_by": "platform" if host else "sale",
        "processing_percent": Decimal("2.9"),
        "processing_fixed_amount": 30,
        "refunds_platform_fee": not host,
        "effective_from": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return FeeTermsInForce(**{**values, **changes})


HOST = terms("host")
ORGANIZATION = terms("organization")
BY_PLATFORM = terms("organization", processing_paid_by="platform")
OVERRIDE = terms("organization", percent=Decimal("3.5"), fixed_amount=50, is_override=True)
YEN = terms("host", currency="jpy", processing_fixed_amount=0)
HOST_BY_SALE = terms("host", processing_paid_by="sale")

CART = [(5000, 2), (2500, 1)]
# row, terms, model, order; buyer pays, platform fee, processing, application fee, organizer, Stripe, net
WORKED = [
    (1, HOST, "absorb", [(5000, 1)], 5000, 150, 0, 150, 4850, 175, -25),
    (2, ORGANIZATION, "absorb", [(5000, 1)], 5000, 275, 175, 450, 4550, 175, 275),
    (3, ORGANIZATION, "pass_to_buyer", [(5000, 1)], 5458, 275, 183, 458, 5000, 188, 270),
    (4, BY_PLATFORM, "pass_to_buyer", CART, 13225, 725, 0, 725, 12500, 414, 311),
    (5, ORGANIZATION, "pass_to_buyer", CART, 13699, 725, 474, 1199, 12500, 427, 772),
    (6, HOST, "absorb", [(1010, 3)], 3030, 91, 0, 91, 2939, 118, -27),
    (7, ORGANIZATION, "absorb", [(1010, 3)], 3030, 345, 118, 463, 2567, 118, 345),
    (8, HOST, "absorb", [(0, 2)], 0, 0, 0, 0, 0, 0, 0),
    (8, ORGANIZATION, "absorb", [(0, 2)], 0, 0, 0, 0, 0, 0, 0),
    (8, ORGANIZATION, "pass_to_buyer", [(0, 2)], 0, 0, 0, 0, 0, 0, 0),
    (9, ORGANIZATION, "absorb", [(0, 1), (5000, 1)], 5000, 275, 175, 450, 4550, 175, 275),
    (10, OVERRIDE, "absorb", [(5000, 1)], 5000, 225, 175, 400, 4600, 175, 225),
    (11, YEN, "absorb", [(1015, 1)], 1015, 30, 0, 30, 985, None, None),
    (12, ORGANIZATION, "absorb", [(5000, 2)], 10000, 550, 320, 870, 9130, 320, 550),
    (13, HOST_BY_SALE, "absorb", [(5000, 1)], 5000, 150, 175, 325, 4675, 175, 150),
]


def lines(order: list[tuple[int, int]]) -> list[TicketLine]:
    return [TicketLine(str(i), f"Type {i}", price, quantity) for i, (price, quantity) in enumerate(order)]


@pytest.mark.parametrize("row", WORKED, ids=lambda row: f"row{row[0]}-{row[1].plan_code}-{row[2]}")
def test_every_worked_figure_of_the_money_rules(row):
    _, terms_, model, order, total, platform, processing, application, organizer, stripe_fee, net = row
    quote = quote_order(lines(order), terms_, model)
    assert quote.total_amount == total
    assert quote.platform_fee == platform
    assert quote.processing_fee == processing
    assert quote.application_fee_amount == application
    assert quote.organizer_amount == organizer
    assert quote.service_fee_amount == total - sum(price * n for price, n in order)
    if stripe_fee is not None:
        assert stripe_fee_estimate(quote.total_amount, terms_) == stripe_fee
        assert quote.application_fee_amount - stripe_fee == net


def test_row_five_in_full_ticket_by_ticket():
    quote = quote_order(lines(CART), ORGANIZATION, "pass_to_buyer")
    assert [ticket.paid for line in quote.lines for ticket in line.tickets] == [5458, 5458, 2783]
    assert quote.lines[1].tickets[0].platform_fee == 175
    assert quote.lines[1].tickets[0].processing_fee == 108
    assert [line.unit_total_amount for line in quote.lines] == [5458, 2783]


def test_the_order_rounds_once_on_the_host_plan_and_each_ticket_on_the_organization_plan():
    per_order = quote_order(lines([(1010, 3)]), HOST, "absorb")
    assert sorted(ticket.platform_fee for ticket in per_order.lines[0].tickets) == [30, 30, 31]
    assert quote_order(lines([(1010, 3)]), terms("host", rounding="per_ticket"), "absorb").platform_fee == 90
    per_order_organization = quote_order(
        lines([(1010, 3)]), terms("organization", rounding="per_order"), "absorb"
    )
    assert per_order_organization.platform_fee == 346


def test_ties_of_the_largest_remainder_go_to_the_first_ticket():
    quote = quote_order(lines([(1010, 3)]), HOST, "absorb")
    assert [ticket.platform_fee for ticket in quote.lines[0].tickets] == [31, 30, 30]


def test_per_order_rounding_does_not_apply_when_the_buyer_pays():
    quote = quote_order(lines([(1010, 3)]), HOST, "pass_to_buyer")
    assert quote.platform_fee == 90


def test_the_breakdown_shows_the_platform_fee_by_ticket_type():
    breakdown = quote_order(lines(CART), ORGANIZATION, "pass_to_buyer").fee_breakdown
    assert breakdown == {
        "platform_fee_percent": "4",
        "platform_fee_fixed": 75,
        "platform_fee_total": 725,
        "per_item_fees": [
            {
                "ticket_type_name": "Type 0",
                "quantity": 2,
                "unit_price": 5000,
                "fee_per_ticket": 275,
                "fee_subtotal": 550,
            },
            {
                "ticket_type_name": "Type 1",
                "quantity": 1,
                "unit_price": 2500,
                "fee_per_ticket": 175,
                "fee_subtotal": 175,
            },
        ],
    }


def test_fee_per_ticket_is_the_floor_of_the_subtotal_under_per_order_rounding():
    (item,) = quote_order(lines([(1010, 3)]), HOST, "absorb").fee_breakdown["per_item_fees"]
    assert (item["fee_subtotal"], item["fee_per_ticket"]) == (91, 30)


def test_half_a_cent_rounds_up():
    assert quote_order(lines([(250, 1)]), terms("host", percent=Decimal(1)), "absorb").platform_fee == 3


def test_price_of_one_is_all_in_when_the_buyer_pays_and_the_face_price_otherwise():
    assert price_of_one(5000, ORGANIZATION, "pass_to_buyer") == (5458, 458)
    assert price_of_one(5000, ORGANIZATION, "absorb") == (5000, 0)
    assert price_of_one(0, ORGANIZATION, "pass_to_buyer") == (0, 0)


def test_terms_survive_being_frozen_as_json():
    assert FeeTermsInForce.from_json(OVERRIDE.as_json()) == OVERRIDE


def test_a_price_that_does_not_cover_its_fees_is_refused_with_the_lowest_price():
    with pytest.raises(PriceBelowMinimum) as refusal:
        check_price(100, ORGANIZATION, "absorb")
    assert refusal.value.detail == "The price must be at least $1.12, fees are $1.12."
    assert refusal.value.attr == "price_amount"
    check_price(112, ORGANIZATION, "absorb")
    with pytest.raises(PriceBelowMinimum):
        check_price(111, ORGANIZATION, "absorb")


def test_a_price_below_stripes_minimum_is_refused():
    with pytest.raises(PriceBelowMinimum, match=r"at least \$0\.50"):
        check_price(49, HOST, "absorb")
    check_price(50, HOST, "absorb")
    check_price(0, HOST, "absorb")


def test_the_all_in_price_counts_for_the_minimum_when_the_buyer_pays():
    check_price(1, ORGANIZATION, "pass_to_buyer")
    with pytest.raises(PriceBelowMinimum, match=r"at least \$0\.49"):
        check_price(1, HOST, "pass_to_buyer")


def test_terms_that_eat_every_price_say_so():
    with pytest.raises(PriceBelowMinimum, match="No price"):
        check_price(5000, terms("organization", percent=Decimal(100)), "absorb")


@pytest.mark.parametrize(("price", "currency"), [(-1, "usd"), (1005, "kwd"), (100_000_000, "usd")])
def test_a_price_that_stripe_cannot_charge_is_invalid(price, currency):
    with pytest.raises(Invalid):
        check_price(price, terms("host", currency=currency), "absorb")


def test_an_order_is_refused_when_a_frozen_price_no_longer_covers_its_fees():
    with pytest.raises(PriceBelowMinimum):
        quote_order(lines([(60, 1), (5000, 1)]), ORGANIZATION, "absorb")


def test_an_order_beyond_stripes_largest_charge_is_refused():
    with pytest.raises(Invalid):
        quote_order(lines([(99_999_999, 2)]), HOST, "absorb")


def test_losing_terms_say_what_they_lose():
    assert loss_in_words(HOST, "absorb") == [
        "loses $0.30 on a $5.00 ticket",
        "loses $0.28 on a $25.00 ticket",
        "loses $0.25 on a $50.00 ticket",
        "loses $0.20 on a $100.00 ticket",
    ]
    assert loss_in_words(ORGANIZATION, "absorb") == []


def test_the_host_plan_breaks_even_at_three_hundred_dollars_absorbed():
    assert platform_net(29_000, HOST, "absorb") < 0
    assert platform_net(30_000, HOST, "absorb") == 0
    assert platform_net(220_000, HOST, "pass_to_buyer") < 0 < platform_net(240_000, HOST, "pass_to_buyer")


# Properties, in currencies of no, two and three decimals.

CURRENCY = st.sampled_from(["usd", "jpy", "kwd"])


@st.composite
def some_terms(draw):
    currency = draw(CURRENCY)
    step = CURRENCIES[currency].step
    return terms(
        "organization",
        currency=currency,
        percent=Decimal(draw(st.integers(0, 40_000))).scaleb(-3),
        fixed_amount=draw(st.integers(0, 300)) * step,
        rounding=draw(st.sampled_from(["per_ticket", "per_order"])),
        processing_paid_by=draw(st.sampled_from(["platform", "sale"])),
        processing_percent=Decimal(draw(st.integers(0, 5_000))).scaleb(-3),
        processing_fixed_amount=draw(st.integers(0, 100)) * step,
    )


@st.composite
def some_orders(draw):
    """Terms, a model, and lines whose paid prices can be sold under them."""
    terms_ = draw(some_terms())
    model = draw(st.sampled_from(["absorb", "pass_to_buyer"]))
    step = CURRENCIES[terms_.currency].step
    order = draw(st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 6)), min_size=1, max_size=4))
    order = [(price * step, quantity) for price, quantity in order]
    for price, _ in order:
        try:
            check_price(price, terms_, model)
        except PriceBelowMinimum:
            assume(False)
    return terms_, model, order


def half_up(value: Fraction, step: int) -> int:
    return int((value / step + Fraction(1, 2)).__floor__()) * step


def share(percent: Decimal) -> Fraction:
    return Fraction(percent) / 100


@given(some_orders())
def test_the_parts_of_every_ticket_add_up_to_the_order_and_nothing_is_negative(case):
    terms_, model, order = case
    quote = quote_order(lines(order), terms_, model)
    tickets = [ticket for line in quote.lines for ticket in line.tickets]
    step = CURRENCIES[terms_.currency].step
    assert sum(t.platform_fee + t.processing_fee for t in tickets) == quote.application_fee_amount
    assert quote.application_fee_amount == quote.platform_fee + quote.processing_fee
    assert quote.organizer_amount + quote.application_fee_amount == quote.total_amount
    assert sum(t.paid for t in tickets) == quote.total_amount
    assert quote.service_fee_amount == quote.total_amount - quote.subtotal_amount
    for ticket in tickets:
        assert ticket.platform_fee + ticket.processing_fee + ticket.organizer == ticket.paid
        assert min(ticket.paid, ticket.platform_fee, ticket.processing_fee, ticket.organizer) >= 0
        assert all(part % step == 0 for part in (ticket.paid, ticket.platform_fee, ticket.processing_fee))
    if model == "absorb":
        assert quote.total_amount == quote.subtotal_amount
    else:
        assert quote.organizer_amount == quote.subtotal_amount
    assert sum(i["fee_subtotal"] for i in quote.fee_breakdown["per_item_fees"]) == quote.platform_fee


@given(some_orders())
def test_absorbed_fees_are_those_of_exact_fractions(case):
    terms_, _, order = case
    for price, _ in order:
        try:
            check_price(price, terms_, "absorb")
        except PriceBelowMinimum:
            assume(False)
    step = CURRENCIES[terms_.currency].step
    paid = [price for price, quantity in order for _ in range(quantity) if price]
    subtotal = sum(paid)
    if terms_.rounding == "per_order":
        platform = half_up(subtotal * share(terms_.percent), step)
    else:
        platform = sum(half_up(price * share(terms_.percent), step) for price in paid)
    platform = min(platform + len(paid) * terms_.fixed_amount, subtotal)
    processing = 0
    if subtotal and terms_.processing_paid_by == "sale":
        exact = subtotal * share(terms_.processing_percent) + terms_.processing_fixed_amount
        processing = min(half_up(exact, step), subtotal - platform)
    quote = quote_order(lines(order), terms_, "absorb")
    assert (quote.platform_fee, quote.processing_fee) == (platform, processing)


@given(some_orders())
def test_passed_fees_are_those_of_exact_fractions(case):
    terms_, _, order = case
    for price, _ in order:
        try:
            check_price(price, terms_, "pass_to_buyer")
        except PriceBelowMinimum:
            assume(False)
    step = CURRENCIES[terms_.currency].step
    total = 0
    for price, quantity in order:
        if not price:
            continue
        platform = half_up(price * share(terms_.percent), step) + terms_.fixed_amount
        processing = 0
        if terms_.processing_paid_by == "sale":
            exact = (price + platform) * share(terms_.processing_percent) + terms_.processing_fixed_amount
            processing = half_up(exact, step)
        total += (price + platform + processing) * quantity
        assert price_of_one(price, terms_, "pass_to_buyer")[0] == price + platform + processing
    assert quote_order(lines(order), terms_, "pass_to_buyer").total_amount == total
