"""Faults: what a client sees, and whether anything was done."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import Sandbox


def plan(sandbox: Sandbox, effect: str, **more: Any) -> None:
    body = {"method": "POST", "path": "/v1/customers", "effect": effect, "times": 1, **more}
    assert sandbox.control("POST", "/_sandbox/faults", body)[0] == 200


def impatient(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_impatient",
        base_addresses={"api": sandbox.url},
        http_client=stripe.RequestsClient(timeout=0.3),
    )


def create(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})


def test_error_500_does_nothing_and_is_not_kept(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    plan(sandbox, "error_500", times=2)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            create(client)
        assert caught.value.http_status == 500
    assert client.v1.customers.list().data == []
    assert create(client).email == "a@example.com"


def test_error_429_is_stripes_rate_limit(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    plan(sandbox, "error_429")
    with pytest.raises(stripe.RateLimitError) as caught:
        create(client)
    assert caught.value.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    assert create(client).id


def test_a_timeout_does_nothing(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    plan(sandbox, "timeout")
    with pytest.raises(stripe.APIConnectionError):
        create(impatient(sandbox))
    assert client.v1.customers.list().data == []
    assert create(client).id


def test_a_timeout_after_success_is_found_by_the_same_key(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    plan(sandbox, "timeout_after_success")
    with pytest.raises(stripe.APIConnectionError):
        create(impatient(sandbox))
    again = create(client)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert [one.id for one in client.v1.customers.list().data] == [again.id]


def test_a_dropped_connection_does_nothing(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    plan(sandbox, "drop_connection")
    with pytest.raises(stripe.APIConnectionError):
        create(client)
    assert client.v1.customers.list().data == []


def test_latency_delays_its_request_and_no_other(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    plan(sandbox, "latency_ms", value=500)
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        slow = pool.submit(create, client)
        while not sandbox.api.keys.is_under_way("", "k1"):
            assert not slow.done()
        client.v1.balance.retrieve()
        assert not slow.done()
        assert slow.result().id
    assert time.monotonic() - started >= 0.5


def test_only_matching_requests_meet_a_fault(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    plan(sandbox, "error_500", times=1)
    client.v1.customers.list()
    client.v1.balance.retrieve()
    assert sandbox.control("GET", "/_sandbox/faults")[1]["faults"][0]["times"] == 1
    assert sandbox.control("DELETE", "/_sandbox/faults")[1] == {"faults": []}
    assert create(client).id


def test_faulted_requests_are_logged(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    plan(sandbox, "drop_connection")
    with pytest.raises(stripe.APIConnectionError):
        create(client)
    entry = sandbox.control("GET", "/_sandbox/requests")[1][0]
    assert (entry["status"], entry["headers"]["idempotency_key"]) == (None, "k1")
    assert entry["params"] == {"email": "a@example.com"}


@pytest.mark.parametrize(
    "body",
    [
        {"effect": "explode", "path": "/v1/"},
        {"effect": "error_500"},
        {"effect": "error_500", "path": "/v1/", "times": 0},
        {"effect": "error_500", "path": "/v1/", "wrong": 1},
        {"effect": "latency_ms", "path": "/v1/", "value": "long"},
    ],
)
def test_wrong_faults_are_refused(sandbox: Sandbox, body: dict[str, Any]) -> None:
    assert sandbox.control("POST", "/_sandbox/faults", body)[0] == 400
    assert sandbox.control("GET", "/_sandbox/faults")[1] == {"faults": []}


def test_control_calls_work_over_http_and_keep_strangers_out(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/clock"
    assert requests.post(url, json={"advance_seconds": 5}, timeout=5).json()["advanced_seconds"] == 5
    for body in ({}, {"advance_seconds": -1}, {"advance_seconds": "soon"}, {"wrong": 1}, []):
        assert requests.post(url, json=body, timeout=5).status_code == 400
    assert (
        requests.post(url, data=b"{", headers={"Content-Type": "application/json"}, timeout=5).status_code
        == 400
    )
    assert requests.post(f"{sandbox.url}/_sandbox/wrong", json={}, timeout=5).status_code == 404
    stranger = {"Origin": "https://evil.example"}
    assert requests.post(url, json={"advance_seconds": 5}, headers=stranger, timeout=5).status_code == 403
    assert (
        requests.get(
            f"{sandbox.url}/_sandbox/requests", headers={"Host": "evil.example"}, timeout=5
        ).status_code
        == 403
    )
