"""Parameters are checked as Stripe does, by the SDK's own types."""

from typing import Any

import pytest
import stripe

from sandbox.call import ROUTES
from sandbox.errors import StripeError
from sandbox.params import check, decode
from sandbox.sdk_types import fields_of
from sandbox.tests.conftest import session_params


def test_every_call_is_one_of_the_installed_sdk() -> None:
    for route in ROUTES:
        fields_of(route.method.lower(), route.path)


def test_forms_are_decoded_into_nested_values() -> None:
    assert decode("a[b][0][c]=1&a[b][1][c]=2&e[]=x&e[]=y&f=") == {
        "a": {"b": [{"c": "1"}, {"c": "2"}]},
        "e": ["x", "y"],
        "f": "",
    }


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ("mode=payment&wrong=1", "parameter_unknown", "wrong"),
        ("line_items[0][quantity]=1&line_items[0][wrong]=1", "parameter_unknown", "line_items[0][wrong]"),
        ("expires_at=soon", "parameter_invalid_integer", "expires_at"),
        ("line_items[0][quantity]=1.5", "parameter_invalid_integer", "line_items[0][quantity]"),
        ("adaptive_pricing[enabled]=perhaps", "parameter_invalid_boolean", "adaptive_pricing[enabled]"),
        ("line_items=none", "parameter_invalid_array", "line_items"),
        ("payment_intent_data=none", "parameter_invalid_object", "payment_intent_data"),
        ("metadata=none", "parameter_invalid_object", "metadata"),
        ("customer_email=", "parameter_invalid_empty", "customer_email"),
        ("mode=gift", None, "mode"),
        ("ui_mode=hosted", None, "ui_mode"),
        (
            "payment_intent_data[transfer_data][amount]=5",
            "parameter_missing",
            "payment_intent_data[transfer_data][destination]",
        ),
    ],
)
def test_wrong_parameters_are_refused_at_every_depth(form: str, code: str | None, param: str) -> None:
    with pytest.raises(StripeError) as caught:
        check("post", "/v1/checkout/sessions", decode(form))
    assert (caught.value.code, caught.value.param, caught.value.status) == (code, param, 400)


@pytest.mark.parametrize(
    "form",
    [
        "a" + "[b]" * 3000 + "=1",
        "&".join(f"k{n}=1" for n in range(5001)),
        "a[[=1",
        "a=1&a[b]=2",
        "a[b]=2&a=1",
    ],
)
def test_forms_that_cannot_be_read_are_refused(form: str) -> None:
    with pytest.raises(StripeError) as caught:
        decode(form)
    assert caught.value.status == 400


def test_values_come_out_typed() -> None:
    form = "expires_at=12&metadata[a]=1&adaptive_pricing[enabled]=false&line_items[0][quantity]=2"
    assert check("post", "/v1/checkout/sessions", decode(form)) == {
        "expires_at": 12,
        "metadata": {"a": "1"},
        "adaptive_pricing": {"enabled": False},
        "line_items": [{"quantity": 2}],
    }


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"mode": None}, "mode"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "/relative"}, "success_url"),
        ({"line_items": None}, "line_items"),
        ({"expires_at": 1}, "expires_at"),
        ({"expires_at": 4_000_000_000}, "expires_at"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"customer_email": None, "customer": "cus_missing"}, "customer"),
        ({"customer": "cus_missing"}, "customer"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 501}}, "metadata[k]"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, "metadata"),
        ({"client_reference_id": "x" * 201}, "client_reference_id"),
        ({"ui_mode": "embedded_page"}, "success_url"),
        (
            {"payment_intent_data": {"application_fee_amount": 1}},
            "payment_intent_data[application_fee_amount]",
        ),
        (
            {"payment_intent_data": {"transfer_data": {"destination": "acct_missing"}}},
            "payment_intent_data[transfer_data][destination]",
        ),
    ],
)
def test_rules_across_fields_are_refused_too(
    client: stripe.StripeClient, changes: dict[str, Any], param: str
) -> None:
    params: Any = {k: v for k, v in (session_params() | changes).items() if v is not None}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params)
    assert caught.value.param == param
    assert caught.value.http_status == 400


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": 1},
        {"price": "price_missing", "quantity": 1},
        {"price_data": {"currency": "usd", "product_data": {"name": "X"}}, "quantity": 1},
        {"price_data": {"currency": "usd", "unit_amount": 500}, "quantity": 1},
        {"price_data": {"currency": "xxx", "unit_amount": 500, "product_data": {"name": "X"}}, "quantity": 1},
        {"price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "X"}}, "quantity": 0},
        {"price_data": {"currency": "usd", "unit_amount": -5, "product_data": {"name": "X"}}, "quantity": 1},
        {"price_data": {"currency": "eur", "unit_amount": 500, "product_data": {"name": "X"}}, "quantity": 1},
    ],
)
def test_wrong_lines_are_refused(client: stripe.StripeClient, line: dict[str, Any]) -> None:
    params: Any = session_params()
    params["line_items"] = [*params["line_items"], line]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(params)


def test_a_total_below_the_minimum_is_refused(new_session: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_session(49, fee=None)
    assert caught.value.code == "amount_too_small"


def test_a_fee_above_the_total_or_of_nothing_is_refused(new_session: Any) -> None:
    for fee in (5459, 0, -1):
        with pytest.raises(stripe.InvalidRequestError):
            new_session(5458, fee=fee)


def test_too_many_lines_are_refused(client: stripe.StripeClient) -> None:
    params: Any = session_params()
    params["line_items"] = params["line_items"] * 101
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(params)
