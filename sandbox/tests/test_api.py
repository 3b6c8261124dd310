"""The API's manners: keys, versions, unknown addresses, lists, expansion, and the log of requests."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from sandbox.tests.conftest import EXPRESS, KEY, Buy, pay, session_params
from sandbox.world import API_VERSION


def get(sandbox: Sandbox, path: str, **headers: str) -> requests.Response:
    return requests.get(sandbox.url + path, headers=headers, timeout=5)


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer sk_live_1234567"}]
)
def test_a_missing_or_wrong_key_is_401(sandbox: Sandbox, headers: dict[str, str]) -> None:
    answer = get(sandbox, "/v1/balance", **headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["Request-Id"].startswith("req_")


def test_any_test_key_is_taken_as_bearer_and_as_basic(sandbox: Sandbox) -> None:
    assert get(sandbox, "/v1/balance", Authorization="Bearer sk_test_anything").status_code == 200
    basic = requests.get(f"{sandbox.url}/v1/balance", auth=("sk_test_anything", ""), timeout=5)
    assert basic.status_code == 200
    assert basic.headers["Stripe-Version"] == API_VERSION


def test_unknown_addresses_and_versions_are_refused(sandbox: Sandbox) -> None:
    key = f"Bearer {KEY}"
    unknown = get(sandbox, "/v1/nothing", Authorization=key)
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "invalid_request_error")
    assert (
        requests.put(f"{sandbox.url}/v1/balance", headers={"Authorization": key}, timeout=5).status_code
        == 404
    )
    assert get(sandbox, "/v1/balance", Authorization=key, **{"Stripe-Version": "new"}).status_code == 400


def test_a_json_body_is_refused(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = requests.post(
        f"{sandbox.url}/v1/customers", json={"email": "a@example.com"}, headers=headers, timeout=5
    )
    assert answer.status_code == 400


def test_an_object_that_is_not_there_is_404(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.retrieve("cs_test_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


# Idempotency


def test_the_same_key_gives_the_first_answer_again(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    params: Any = session_params()
    first, again = (client.v1.checkout.sessions.create(params, {"idempotency_key": "k1"}) for _ in range(2))
    assert first.id == again.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_a_key_with_other_parameters_or_another_call_is_an_error(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError) as caught:
        client.v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k1"})
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        client.v1.accounts.create({"country": "US"}, {"idempotency_key": "k1"})
    # Another account's keys are its own.


def test_keys_belong_to_an_account(client: stripe.StripeClient, account: stripe.Account) -> None:
    own = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    theirs = client.v1.customers.create(
        {"email": "a@example.com"}, {"idempotency_key": "k1", "stripe_account": account.id}
    )
    assert own.id != theirs.id
    assert [one.id for one in client.v1.customers.list().data] == [own.id]


def test_a_wrong_request_is_forgotten_and_a_refused_one_is_kept(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account, new_session: Buy
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"email": "nobody"}, {"idempotency_key": "k1"})
    assert client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"}).email
    session = new_session()
    pay(sandbox, session)
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.checkout.sessions.expire(session.id, {}, {"idempotency_key": "k2"})
    assert caught.value.headers["Idempotent-Replayed"] == "true"


def test_a_key_may_be_used_anew_after_a_day(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 25 * 3600})
    assert client.v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k1"}).id != first.id


def test_a_second_request_while_the_first_is_under_way_is_409(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    fault = {"path": "/v1/customers", "effect": "latency_ms", "value": 300, "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)

    def create() -> int | None:
        try:
            client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
        except stripe.APIError as error:
            return error.http_status
        return 200

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(create)
        while not sandbox.api.keys.is_under_way("", "k1"):
            assert not first.done()
        assert create() == 409
        assert first.result() == 200
    assert len(client.v1.customers.list().data) == 1


# Lists


def test_lists_are_newest_first_and_paginated_both_ways(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"email": f"c{n}@example.com"}).id for n in range(5)]
    newest = made[::-1]
    first = client.v1.customers.list({"limit": 2})
    assert ([one.id for one in first.data], first.has_more) == (newest[:2], True)
    second = client.v1.customers.list({"limit": 3, "starting_after": newest[1]})
    assert ([one.id for one in second.data], second.has_more) == (newest[2:], False)
    back = client.v1.customers.list({"limit": 2, "ending_before": newest[3]})
    assert ([one.id for one in back.data], back.has_more) == (newest[1:3], True)
    assert [one.id for one in client.v1.customers.list({"limit": 2}).auto_paging_iter()] == newest


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 101},
        {"starting_after": "cus_none"},
        {"ending_before": "cus_none"},
        {"starting_after": "cus_a", "ending_before": "cus_b"},
    ],
)
def test_wrong_pages_are_refused(client: stripe.StripeClient, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.list(params)
    assert caught.value.http_status == 400


def test_lists_are_filtered_by_creation(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "a@example.com"})
    now = int(time.time())
    assert len(client.v1.customers.list({"created": {"gte": now - 60}}).data) == 1
    assert client.v1.customers.list({"created": {"gt": now + 60}}).data == []
    assert client.v1.customers.list({"created": 5}).data == []


def test_events_are_filtered_by_type_and_delivery(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    pay(sandbox, new_session())
    undelivered = client.v1.events.list({"delivery_success": False}).data
    assert [event.type for event in undelivered] == ["checkout.session.completed"]
    sandbox.pump()
    assert client.v1.events.list({"delivery_success": False}).data == []
    assert len(client.v1.events.list({"types": ["charge.*"]}).data) == 2
    only = client.v1.events.list({"type": "charge.updated"}).data[0]
    assert client.v1.events.retrieve(only.id).pending_webhooks == 0


# Expansion


def test_fields_are_expanded_at_every_depth(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    session = new_session()
    pay(sandbox, session)
    sandbox.pump()
    found = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    )
    assert found.payment_intent.latest_charge.balance_transaction.type == "charge"
    assert isinstance(client.v1.checkout.sessions.retrieve(session.id).payment_intent, str)
    listed = client.v1.charges.list({"expand": ["data.transfer", "data.refunds"]}).data[0]
    assert (listed.transfer.object, listed.refunds.data) == ("transfer", [])


@pytest.mark.parametrize("field", ["wrong", "status", "payment_intent.latest_charge.wrong", "a.b.c.d.e"])
def test_what_cannot_be_expanded_is_refused(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, field: str
) -> None:
    session = new_session()
    pay(sandbox, session)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.retrieve(session.id, {"expand": [field]})


# The log of requests


def test_every_request_is_logged_with_its_parameters(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    params: Any = {"country": "US", **EXPRESS}
    account = client.v1.accounts.create(params, {"idempotency_key": "k1"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"wrong": "1"})  # type: ignore[typeddict-unknown-key]
    client.v1.balance.retrieve(options={"stripe_account": account.id})
    status, logged = sandbox.control("GET", "/_sandbox/requests?path=/v1/")
    assert status == 200
    assert [(one["method"], one["path"], one["status"]) for one in logged] == [
        ("POST", "/v1/accounts", 200),
        ("POST", "/v1/customers", 400),
        ("GET", "/v1/balance", 200),
    ]
    assert logged[0]["params"]["controller"]["fees"]["payer"] == "application"
    assert logged[0]["headers"] == {
        "idempotency_key": "k1",
        "stripe_account": None,
        "stripe_version": API_VERSION,
    }
    assert logged[0]["response_id"] == account.id
    assert logged[2]["headers"]["stripe_account"] == account.id
    assert len(sandbox.control("GET", f"/_sandbox/requests?since={logged[1]['at']}")[1]) == 2
    assert sandbox.control("GET", "/_sandbox/requests?path=/v1/bal")[1][0]["path"] == "/v1/balance"


def test_fifty_sessions_take_less_than_a_second_of_processor_time(new_session: Buy) -> None:
    new_session()
    # Processor time of client and sandbox together, so that a busy machine makes no difference.
    started = time.process_time()
    for _ in range(50):
        new_session()
    assert time.process_time() - started < 1


def test_the_endpoints_are_listed_without_their_secrets(client: stripe.StripeClient) -> None:
    listed = client.v1.webhook_endpoints.list().data
    assert len(listed) == 2
    assert "secret" not in listed[0]
    assert client.v1.webhook_endpoints.retrieve(listed[0].id).url == listed[0].url
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.webhook_endpoints.retrieve("we_none")
