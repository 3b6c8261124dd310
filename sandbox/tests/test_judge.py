"""The judge finds nothing wrong with what the sandbox says, and finds what is planted."""

import copy
from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.conftest import Buy, pay, session_params
from sandbox.tests.judge import Judge, judge_object, judge_request


def test_a_purchase_and_a_refund_are_without_complaint(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    judge = Judge()
    intent = pay(sandbox, new_session())["payment_intent"]
    sandbox.pump()
    client.v1.refunds.create(
        {"payment_intent": intent, "reverse_transfer": True, "refund_application_fee": True}
    )
    for call in (
        client.v1.transfers,
        client.v1.application_fees,
        client.v1.balance_transactions,
        client.v1.events,
    ):
        assert call.list({"limit": 100}).data
    assert judge.complaints(sandbox) == []
    assert judge.complaints(sandbox) == []


def objects(sandbox: Sandbox, kind: str) -> dict[str, Any]:
    rows = sandbox.world.state.values(kind)
    # Of the charges the buyer's own, not the payment on the connected account.
    return copy.deepcopy(rows[0] if kind == "charge" else rows[-1])


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("charge", ("surprise",), 1),
        ("charge", ("amount",), "5458"),
        ("charge", ("status",), "splendid"),
        ("charge", ("amount",), None),
        ("charge", ("outcome", "surprise"), 1),
        ("charge", ("payment_method_details", "card", "surprise"), 1),
        ("checkout.session", ("status",), "ajar"),
        ("checkout.session", ("automatic_tax", "enabled"), "no"),
        ("account", ("requirements", "currently_due"), "x"),
        ("account", ("capabilities", "transfers"), "unrequested"),
        ("event", ("data", "object", "surprise"), 1),
        ("event", ("data", "previous_attributes"), {"surprise": 1}),
        ("balance_transaction", ("fee_details", 0, "surprise"), 1),
        ("transfer", ("reversals", "data"), [{"object": "charge"}]),
    ],
)
def test_planted_mistakes_are_found(
    sandbox: Sandbox, new_session: Buy, kind: str, path: tuple[Any, ...], value: Any
) -> None:
    pay(sandbox, new_session())
    sandbox.pump()
    obj = objects(sandbox, kind)
    if kind == "balance_transaction":
        obj = next(copy.deepcopy(one) for one in sandbox.world.state.values(kind) if one["fee_details"])
    assert judge_object(obj) == []
    target = obj
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    assert judge_object(obj)


def test_a_missing_field_is_found(sandbox: Sandbox, new_session: Buy) -> None:
    pay(sandbox, new_session())
    for field in ("amount", "id", "currency", "paid"):
        charge = objects(sandbox, "charge")
        del charge[field]
        assert judge_object(charge) == [f"charge.{field} is missing"]


def test_requests_are_judged_too() -> None:
    path = "/v1/checkout/sessions"
    good: Any = {
        "mode": "payment",
        "line_items": [{"quantity": "1"}],
        "metadata": {"a": "b"},
        "expires_at": "5",
    }
    assert judge_request("POST", path, good) == []
    assert judge_request("GET", f"{path}/cs_test_1", {"expand": ["payment_intent"]}) == []
    assert judge_request("POST", path, good | {"wrong": "1"})
    assert judge_request("POST", path, good | {"line_items": [{"wrong": "1"}]})
    assert judge_request("POST", path, good | {"expires_at": "soon"})
    assert judge_request("POST", path, good | {"mode": "gift"})
    assert judge_request("GET", path, {"limit": "many"})
    assert judge_request("GET", "/v1/nothing", {})


def test_what_a_client_sends_is_judged_from_the_log(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    judge = Judge()
    params: Any = session_params()
    client.v1.checkout.sessions.create(params)
    assert judge.complaints(sandbox) == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(params | {"wrong": "1"})
    assert judge.complaints(sandbox) == ["POST /v1/checkout/sessions.wrong is unknown"]
