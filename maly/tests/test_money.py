"""Arithmetic on money, by figures and by properties against exact fractions."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maly.money import (
    CURRENCIES,
    allocate,
    format_amount,
    get_currency,
    parse_amount,
    percentage_of,
    round_half_up,
    share_of,
)


@pytest.mark.parametrize(
    ("value", "step", "rounded"),
    [
        ("0.5", 1, 1),
        ("1.5", 1, 2),
        ("2.5", 1, 3),
        ("0.4999", 1, 0),
        ("-0.5", 1, -1),
        ("14.999", 10, 10),
        ("15", 10, 20),
    ],
)
def test_halves_go_up(value: str, step: int, rounded: int) -> None:
    assert round_half_up(Decimal(value), step) == rounded


def test_processing_is_rounded_once_with_its_fixed_part() -> None:
    assert percentage_of(5275, Decimal("2.9"), "usd", plus=30) == 183  # 152.975 + 30 = 182.975


@given(
    st.integers(0, 10**9),
    st.decimals(0, 100, places=3),
    st.sampled_from(sorted(CURRENCIES)),
    st.integers(0, 1000),
)
def test_a_percentage_is_the_nearest_amount_that_stripe_takes(amount, percent, currency, fixed) -> None:
    step = get_currency(currency).step
    exact = Fraction(amount) * Fraction(percent) / 100 + fixed
    result = percentage_of(amount, percent, currency, plus=fixed)
    assert result % step == 0
    assert abs(result - exact) <= Fraction(step, 2)
    assert result - exact != -Fraction(step, 2)  # a half goes up


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any),
    st.sampled_from([1, 10]),
)
def test_parts_add_up_and_are_within_a_step_of_fair(total, weights, step) -> None:
    total -= total % step
    parts = allocate(total, weights, step)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert part % step == 0
        assert abs(part - Fraction(total * weight, sum(weights))) < step


def test_ties_go_to_the_first() -> None:
    assert allocate(91, [1, 1, 1]) == [31, 30, 30]
    assert allocate(100, [0, 1, 1]) == [0, 50, 50]


def test_an_odd_amount_of_a_three_decimal_currency_is_not_lost() -> None:
    assert allocate(103, [0, 1, 1], 10) == [0, 53, 50]


def test_what_cannot_be_allocated_is_an_error() -> None:
    assert allocate(0, [0, 0]) == [0, 0]
    for total, weights in ((1, [0, 0]), (1, []), (5, [2, -1])):
        with pytest.raises(ValueError, match=r"allocate|negative"):
            allocate(total, weights)


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (5458, "usd", "$54.58"),
        (128450, "usd", "$1,284.50"),
        (-2783, "usd", "−$27.83"),
        (1015, "jpy", "¥1,015"),
        (1250, "kwd", "KWD 1.250"),
        (0, "eur", "€0.00"),
    ],
)
def test_amounts_in_words(amount: int, currency: str, words: str) -> None:
    assert format_amount(amount, currency) == words


@given(st.integers(0, 10**9), st.sampled_from(sorted(CURRENCIES)))
def test_what_is_written_is_read_back(amount, currency) -> None:
    amount -= amount % get_currency(currency).step
    known = get_currency(currency)
    typed = format_amount(amount, currency).removeprefix(known.symbol)
    assert parse_amount(typed, currency) == amount


@pytest.mark.parametrize(
    "typed", ["", "abc", "12.345", "NaN", "Infinity", "1.2.3", "１２.345", "1e999999999", "1e-999999999"]
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        parse_amount(typed, "usd")


def test_an_unknown_currency_is_named() -> None:
    with pytest.raises(ValueError, match="'xxx'"):
        format_amount(1, "xxx")


@pytest.mark.parametrize(
    ("amount", "part", "whole", "share"),
    [
        (450, 2500, 5000, 225),
        (1, 1, 2, 1),
        (1, 49, 100, 0),
        (450, 0, 5000, 0),
        (450, 5000, 5000, 450),
        (7, 3, 0, 0),
    ],
)
def test_a_share_is_in_proportion_and_halves_go_up(amount: int, part: int, whole: int, share: int) -> None:
    assert share_of(amount, part, whole) == share


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.data())
def test_a_share_is_within_half_a_unit_of_the_fraction_and_of_the_amount(
    amount: int, whole: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, whole))
    share = share_of(amount, part, whole)
    assert abs(share - Fraction(amount * part, whole)) <= Fraction(1, 2)
    assert 0 <= share <= amount
