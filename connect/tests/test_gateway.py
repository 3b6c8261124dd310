"""The gateway against the sandbox: retries, keys, errors, and what comes out."""

import time
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.utils import timezone

from connect import gateway
from connect.errors import (
    GatewayBusy,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    SessionNotOpen,
    StripeUnavailable,
)

# Paying delivers webhooks, which are stored.
pytestmark = pytest.mark.django_db

ACCOUNT = {
    "organization_slug": "harbour-arts",
    "name": "Harbour Arts",
    "email": "o@example.com",
    "country": "US",
}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which nobody needs to wait for here."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def requests_made(sandbox: Any, path: str = "/v1") -> list[dict[str, Any]]:
    return sandbox.control("GET", f"/_sandbox/requests?path={path}")[1]


def fail(sandbox: Any, effect: str, times: int, path: str = "/v1/accounts") -> None:
    status, answer = sandbox.control(
        "POST", "/_sandbox/faults", {"path": path, "effect": effect, "times": times}
    )
    assert status == 200, answer


def make_account(key: str = "account-1"):
    return gateway.create_account(**ACCOUNT, idempotency_key=key)


def session_parameters(destination: str | None = None) -> dict[str, Any]:
    intent = {"metadata": {"order": "M-1"}}
    if destination:
        intent |= {"application_fee_amount": 450, "transfer_data": {"destination": destination}}
    return {
        "mode": "payment",
        "client_reference_id": "M-1",
        "customer_email": "buyer@example.com",
        "success_url": "http://testserver/o/M-1/",
        "cancel_url": "http://testserver/payment-cancel",
        "expires_at": int(time.time()) + 32 * 60,
        "metadata": {"order": "M-1"},
        "adaptive_pricing": {"enabled": False},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 5000,
                    "product_data": {"name": "Concert: Adult"},
                },
            }
        ],
        "payment_intent_data": intent,
    }


def ready_account(sandbox: Any):
    account = make_account()
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"complete": True})
    return account


def paid_session(sandbox: Any):
    account = ready_account(sandbox)
    session = gateway.create_checkout_session(session_parameters(account.id), idempotency_key="checkout-1")
    status, answer = sandbox.control(
        "POST", f"/_sandbox/checkout/{session.id}/pay", {"card": "4242424242424242"}
    )
    assert status == 200, answer
    sandbox.pump()
    return gateway.retrieve_session(session.id)


def test_calls_speak_the_pinned_version_under_their_key_without_telemetry(sandbox):
    make_account()
    (request,) = requests_made(sandbox)
    assert request["headers"]["idempotency_key"] == "account-1"
    assert request["headers"]["stripe_version"] == "2026-08-26.dahlia"
    assert stripe.enable_telemetry is False


def test_the_same_key_gives_the_same_account(sandbox):
    assert make_account().id == make_account().id
    assert make_account("account-2").id != make_account().id


def test_429_is_tried_again_after_a_pause(sandbox, pauses):
    fail(sandbox, "error_429", 1)
    assert make_account().id.startswith("acct_")
    assert len(pauses) == 1
    assert 0 <= pauses[0] <= 0.5


def test_a_request_gives_up_after_two_tries_and_a_worker_later(sandbox, pauses, settings):
    settings.STRIPE_MAX_RETRIES = 3
    fail(sandbox, "error_429", 2)
    with pytest.raises(GatewayBusy):
        make_account()
    fail(sandbox, "error_429", 3)
    with gateway.patiently():
        make_account()
    fail(sandbox, "error_429", 4)
    with gateway.patiently(), pytest.raises(GatewayBusy):
        make_account("account-2")
    assert len(pauses) == 1 + 3 + 3


def test_a_dropped_connection_is_tried_again_under_the_same_key(sandbox, pauses):
    fail(sandbox, "drop_connection", 1)
    make_account()
    assert {row["headers"]["idempotency_key"] for row in requests_made(sandbox)} == {"account-1"}
    assert len(pauses) == 1


def test_busy_after_a_lost_answer_is_an_unknown_outcome(sandbox, pauses):
    fail(sandbox, "drop_connection", 1)
    fail(sandbox, "error_429", 1)
    with pytest.raises(GatewayUnavailable) as raised:
        make_account()
    assert not isinstance(raised.value, GatewayBusy)


def test_a_timeout_is_repeated_in_a_worker_only(sandbox, pauses, settings):
    settings.STRIPE_TIMEOUT_SECONDS = 0.3
    fail(sandbox, "timeout", 1)
    with pytest.raises(GatewayUnavailable):
        make_account()
    assert pauses == []
    fail(sandbox, "timeout_after_success", 1)
    with gateway.patiently():
        account = make_account()
    assert len(sandbox.world.state.values("account")) == 1
    assert account.id == sandbox.world.state.values("account")[0]["id"]


def test_a_server_error_has_an_unknown_outcome_and_is_not_repeated_here(sandbox, pauses):
    fail(sandbox, "error_500", 1)
    with pytest.raises(GatewayUnavailable) as error:
        make_account()
    assert not isinstance(error.value, GatewayBusy)
    assert pauses == []


def test_an_unreachable_stripe_is_unavailable(settings, pauses):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(GatewayUnavailable):
        gateway.retrieve_account("acct_1Example00000000")


def test_a_refusal_says_what_and_hides_ids_and_keys(sandbox):
    with pytest.raises(GatewayRefused) as refusal:
        gateway.retrieve_account("acct_1SecretSecretXYZ")
    assert refusal.value.status in (403, 404)
    assert "acct_1SecretSecretXYZ" not in str(refusal.value)
    assert "sk_test_maly" not in str(refusal.value)


def test_the_same_key_with_other_parameters_is_refused(sandbox):
    make_account()
    with pytest.raises(GatewayRefused):
        gateway.create_account(**{**ACCOUNT, "name": "Other"}, idempotency_key="account-1")


def test_a_refusal_names_stripes_code_and_parameter(sandbox):
    with pytest.raises(GatewayRefused) as refusal:
        gateway.create_checkout_session(
            session_parameters("acct_1Missing00000000"), idempotency_key="checkout-1"
        )
    assert refusal.value.code == "resource_missing"
    assert "destination" in refusal.value.param
    assert "acct_1Missing00000000" not in str(refusal.value)


def test_people_are_told_that_stripe_is_unavailable():
    for error in (GatewayUnavailable("x"), GatewayRefused("Your account is odd."), GatewayBusy("x")):
        with pytest.raises(StripeUnavailable) as answer, gateway.answering_people():
            raise error
        assert (answer.value.code, answer.value.status) == ("STRIPE_UNAVAILABLE", 502)
    assert issubclass(GatewayRefused, GatewayError)


def test_a_paid_session_shows_the_split_that_was_asked_for(sandbox):
    session = paid_session(sandbox)
    assert (session.status, session.payment_status, session.amount_total) == ("complete", "paid", 5000)
    assert session.client_reference_id == "M-1"
    assert session.metadata == {"order": "M-1"}
    intent = session.payment_intent
    assert (intent.amount, intent.application_fee_amount, intent.currency) == (5000, 450, "usd")
    assert intent.destination.startswith("acct_")
    assert intent.charge.card_last4 == "4242"


def test_the_charge_shows_stripes_fee_transfer_and_application_fee_once_they_exist(sandbox):
    charge = gateway.retrieve_charge(paid_session(sandbox).payment_intent.charge.id)
    assert (charge.status, charge.amount, charge.stripe_fee_amount) == ("succeeded", 5000, 175)
    assert charge.transfer_id.startswith("tr_")
    assert charge.application_fee_id.startswith("fee_")
    assert charge.refunded_amount == 0


def test_an_open_session_expires_once(sandbox):
    account = ready_account(sandbox)
    session = gateway.create_checkout_session(session_parameters(account.id), idempotency_key="checkout-1")
    assert session.status == "open"
    assert session.payment_intent is None
    assert gateway.expire_session(session.id).status == "expired"
    with pytest.raises(SessionNotOpen):
        gateway.expire_session(session.id)
    with pytest.raises(GatewayRefused) as refusal:
        gateway.expire_session("cs_test_missing")
    assert not isinstance(refusal.value, SessionNotOpen)


def test_a_complete_session_cannot_be_expired(sandbox):
    with pytest.raises(SessionNotOpen):
        gateway.expire_session(paid_session(sandbox).id)


def test_an_account_is_found_by_the_key_that_made_it(sandbox):
    made = make_account()
    since = timezone.now() - timedelta(hours=1)
    assert gateway.find_account("account-1", created_after=since).id == made.id
    assert gateway.find_account("account-2", created_after=since) is None
