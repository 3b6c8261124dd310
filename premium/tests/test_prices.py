"""The prices at Stripe: made once by the command, found by their lookup keys, looked for by the doctor."""

from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from connect import billing_calls
from premium import plans
from premium.checks_for_doctor import checks_for_doctor
from premium.plans import MONTHLY, PLANS, YEARLY
from premium.services import prices
from premium.tests.test_checkouts import requests_of

pytestmark = pytest.mark.django_db


def test_the_plans_are_what_was_promised():
    assert [(plan.amount, plan.currency, plan.interval) for plan in (MONTHLY, YEARLY)] == [
        (2900, "usd", "month"),
        (29000, "usd", "year"),
    ]
    assert [plan.product_name for plan in PLANS.values()] == ["Maly Premium Monthly", "Maly Premium Yearly"]


def test_the_command_makes_them_once(sandbox):
    assert len(checks_for_doctor()) == 2
    assert "premium_prices" in checks_for_doctor()[0]
    for _again in range(2):
        out = StringIO()
        call_command("premium_prices", stdout=out)
        assert out.getvalue().count("Maly Premium") == 2
    assert checks_for_doctor() == []
    assert len(requests_of(sandbox, "/v1/prices")) == len(requests_of(sandbox, "/v1/products")) == 2
    known = billing_calls.list_prices(["premium_monthly", "premium_yearly"])
    assert {price.product_name for price in known} == {"Maly Premium Monthly", "Maly Premium Yearly"}


def test_another_amount_is_a_new_price_that_takes_the_lookup_key(sandbox, monkeypatch, settings):
    before = prices.create_prices()
    dearer = replace(MONTHLY, amount=3100)
    monkeypatch.setitem(plans.PLANS, "monthly", dearer)
    settings.PLATFORM_NAME = "Tickets"
    assert len(checks_for_doctor()) == 2
    after = prices.create_prices()
    assert checks_for_doctor() == []
    assert (after["monthly"].amount, after["monthly"].product_id) == (3100, before["monthly"].product_id)
    assert after["yearly"].id == before["yearly"].id
    assert prices.find_price(dearer).product_name == "Tickets Premium Monthly"


def test_a_stripe_that_is_away_is_said(sandbox):
    fault = {"path": "/v1/prices", "effect": "error_500", "times": 99}
    sandbox.control("POST", "/_sandbox/faults", fault)
    with pytest.raises(CommandError, match="Try again"):
        call_command("premium_prices", stdout=StringIO())
    assert "can't be asked" in checks_for_doctor()[0]
    sandbox.control("DELETE", "/_sandbox/faults")
