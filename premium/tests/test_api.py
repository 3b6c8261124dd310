"""The API of Premium, as the contract has it."""

import pytest

from connect import billing_calls
from premium.models import Subscription, SubscriptionCheckout

pytestmark = pytest.mark.django_db
JSON = "application/json"


def test_from_checkout_to_resume(prices, api, buyer, stranger, pay_session, settle):
    client = api(buyer)
    nothing = client.get("/api/premium/subscription")
    assert (nothing.status_code, nothing.json()["status"]) == (200, None)
    started = client.post("/api/premium/create-checkout", {"plan": "monthly"}, JSON)
    assert (started.status_code, set(started.json())) == (200, {"session_id", "url"})
    session = started.json()["session_id"]
    pay_session(session)
    verify = f"/api/premium/verify-checkout?session_id={session}"
    assert api(stranger).get(verify).status_code == 404
    verified = client.get(verify).json()
    assert (verified["is_premium"], verified["status"], verified["plan"]) == (True, "active", "monthly")
    assert client.get("/api/me").json()["is_premium"]
    again = client.post("/api/premium/create-checkout", {"plan": "yearly"}, JSON)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "ALREADY_SUBSCRIBED")
    shown = client.get("/api/premium/subscription").json()
    assert set(shown) == {
        "status",
        "plan",
        "current_period_start",
        "current_period_end",
        "cancel_at_period_end",
    }
    assert shown["current_period_end"] == verified["current_period_end"]
    assert client.post("/api/premium/cancel").json()["cancel_at_period_end"]
    assert not client.post("/api/premium/resume").json()["cancel_at_period_end"]
    assert client.post("/api/premium/portal").json()["url"].startswith("http")
    offer = client.post("/api/premium/switch/preview", {"plan": "yearly"}, JSON).json()
    assert offer["amount"] == sum(line["amount"] for line in offer["lines"])
    switched = client.post("/api/premium/switch", {"offer": offer["offer"]}, JSON)
    assert switched.json()["plan"] == "yearly"
    settle()


def test_bad_input_is_no_error_of_ours_and_changes_nothing(prices, api, buyer):
    client = api(buyer)
    for path, body in (
        ("create-checkout", {}),
        ("create-checkout", {"plan": "weekly"}),
        ("switch/preview", {"plan": None}),
        ("switch", {"offer": "\x00"}),
    ):
        assert client.post(f"/api/premium/{path}", body, JSON).status_code == 400, path
    assert client.get("/api/premium/verify-checkout").status_code == 400
    assert client.get("/api/premium/verify-checkout?session_id=%00").status_code in (400, 404)
    for path, body in (
        ("portal", {}),
        ("cancel", {}),
        ("resume", {}),
        ("switch/preview", {"plan": "yearly"}),
    ):
        refused = client.post(f"/api/premium/{path}", body, JSON)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "NOT_SUBSCRIBED")
    assert client.post("/api/premium/switch", {"offer": "unknown"}, JSON).status_code == 404
    assert not SubscriptionCheckout.objects.exists()


def test_a_key_gives_the_first_answer_again(prices, api, buyer):
    client = api(buyer)
    headers = {"Idempotency-Key": "k1"}
    first, again = (
        client.post("/api/premium/create-checkout", {"plan": "monthly"}, JSON, headers=headers)
        for _ in range(2)
    )
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


def test_stripe_away_is_said(prices, api, subscribe, buyer, sandbox):
    subscribe(buyer)
    sandbox.control(
        "POST", "/_sandbox/faults", {"path": "/v1/subscriptions", "effect": "error_500", "times": 9}
    )
    client = api(buyer)
    client.raise_request_exception = False
    refused = client.post("/api/premium/cancel")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (502, "STRIPE_UNAVAILABLE")
    sandbox.control("DELETE", "/_sandbox/faults")
    assert not Subscription.objects.get().cancel_at_period_end
    assert billing_calls.list_subscriptions(Subscription.objects.get().stripe_customer_id)
