"""Checkout Sessions: every card, declines and retries, 3D Secure, expiry, delayed payment."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.conftest import PLATFORM_URL, Buy, Inbox, pay, session_params


def test_a_session_is_open_and_has_no_payment_intent_yet(
    client: stripe.StripeClient, new_session: Buy
) -> None:
    session = new_session(client_reference_id="M-1")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency, session.client_reference_id) == (5458, "usd", "M-1")
    assert session.url.endswith(f"/c/pay/{session.id}")
    assert "acct_" not in session.url
    found = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert [line.description for line in found.line_items.data] == ["Night Market: General"]


@pytest.mark.parametrize(
    "card", ["4242424242424242", "4242 4242 4242 4242", "5555555555554444", "378282246310005"]
)
def test_a_good_card_pays_and_the_fresh_charge_is_not_settled(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account, card: str
) -> None:
    session = new_session()
    answer = pay(sandbox, session, card)
    assert (answer["status"], answer["payment_status"]) == ("complete", "paid")
    intent = client.v1.payment_intents.retrieve(answer["payment_intent"], {"expand": ["latest_charge"]})
    assert (intent.status, intent.amount_received, intent.metadata["order"]) == ("succeeded", 5458, "M-1")
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.balance_transaction, charge.transfer, charge.application_fee) == (None, None, None)
    assert charge.transfer_data.destination == account.id
    assert charge.payment_method_details.card.last4 == card[-4:]


def test_the_events_of_a_purchase_reach_the_platform_in_order(
    sandbox: Sandbox, new_session: Buy, inbox: Inbox
) -> None:
    inbox.arrived.clear()
    session = new_session()
    pay(sandbox, session)
    sandbox.pump()
    assert inbox.types(PLATFORM_URL) == ["checkout.session.completed", "charge.updated"]
    completed, updated = (inbox.events(kind)[0] for kind in ("checkout.session.completed", "charge.updated"))
    assert completed["data"]["object"]["payment_status"] == "paid"
    assert updated["data"]["previous_attributes"] == {
        "application_fee": None,
        "balance_transaction": None,
        "transfer": None,
    }
    assert "account" not in completed


def test_a_purchase_makes_the_other_events_of_stripe_too(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    pay(sandbox, new_session())
    sandbox.pump()
    types = [event.type for event in client.v1.events.list({"limit": 100}).data]
    assert types[::-1] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "transfer.created",
        "application_fee.created",
        "charge.updated",
    ]


@pytest.mark.parametrize(
    ("card", "declined", "code"),
    [
        ("4000000000000002", "generic_decline", "card_declined"),
        ("4000000000009995", "insufficient_funds", "card_declined"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
    ],
)
def test_a_declined_card_leaves_the_session_open_for_another(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    new_session: Buy,
    inbox: Inbox,
    card: str,
    declined: str,
    code: str,
) -> None:
    session = new_session()
    first = pay(sandbox, session, card)
    assert (first["status"], first["payment_status"], first["declined"]) == ("open", "unpaid", declined)
    sandbox.pump()
    failed = inbox.events("payment_intent.payment_failed")[0]["data"]["object"]
    assert failed["last_payment_error"]["code"] == code
    assert failed["status"] == "requires_payment_method"
    second = pay(sandbox, session)
    assert (second["status"], second["payment_intent"]) == ("complete", first["payment_intent"])
    charges = client.v1.charges.list({"payment_intent": first["payment_intent"]}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_a_number_that_is_no_card_is_refused(sandbox: Sandbox, new_session: Buy) -> None:
    session = new_session()
    for number in ("4242424242424241", "hello", "", "42"):
        status, answer = sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay", {"card": number})
        assert (status, answer["error"]["code"]) == (400, "incorrect_number")


def test_3d_secure_pays_if_it_is_completed_and_fails_if_not(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    card = "4000000000003220"
    session = new_session()
    asked = pay(sandbox, session, card, authenticate=None)
    assert asked["requires_action"]
    assert client.v1.payment_intents.retrieve(asked["payment_intent"]).status == "requires_action"
    failed = pay(sandbox, session, card, authenticate=False)
    assert (failed["status"], failed["declined"]) == ("open", "payment_intent_authentication_failure")
    assert pay(sandbox, session, card, authenticate=True)["status"] == "complete"
    assert pay(sandbox, new_session(), card)["status"] == "complete"


def test_the_bypass_card_is_available_at_once(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    pay(sandbox, new_session(), "4000000000000077")
    sandbox.pump()
    balance = client.v1.balance.retrieve(options={"stripe_account": account.id})
    assert (balance.available[0].amount, balance.pending[0].amount) == (5000, 0)


def test_the_dispute_card_pays_and_is_disputed(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox
) -> None:
    assert pay(sandbox, new_session(), "4000000000000259")["status"] == "complete"
    sandbox.pump()
    dispute = client.v1.disputes.retrieve(inbox.events("charge.dispute.created")[0]["data"]["object"]["id"])
    assert (dispute.amount, dispute.status, dispute.reason) == (5458, "needs_response", "fraudulent")
    assert dispute.balance_transactions[0].net == -5458 - 1500
    assert client.v1.charges.retrieve(str(dispute.charge)).disputed


def test_a_session_can_be_paid_once_only(sandbox: Sandbox, new_session: Buy) -> None:
    session = new_session()
    pay(sandbox, session)
    status, answer = sandbox.control(
        "POST", f"/_sandbox/checkout/{session.id}/pay", {"card": "4242424242424242"}
    )
    assert (status, answer["error"]["code"]) == (409, "session_complete")
    assert sandbox.control("POST", "/_sandbox/checkout/cs_test_none/pay", {})[0] == 404


def test_many_buyers_at_once_pay_one_session_once(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    session = new_session()
    path = f"/_sandbox/checkout/{session.id}/pay"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sandbox.control("POST", path, {})[0], range(16)))
    assert sorted(answers) == [200] + [409] * 15
    assert len(client.v1.charges.list().data) == 1


def test_expiring_ends_an_open_session_and_no_other(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox
) -> None:
    session = new_session()
    expired = client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    sandbox.pump()
    assert len(inbox.events("checkout.session.expired")) == 1
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.expire(session.id)
    assert "status" in str(caught.value)
    assert sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay", {})[0] == 409


def test_expiring_after_a_decline_cancels_the_intent(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    session = new_session()
    intent = pay(sandbox, session, "4000000000000002")["payment_intent"]
    client.v1.checkout.sessions.expire(session.id)
    assert client.v1.payment_intents.retrieve(intent).status == "canceled"


def test_a_session_expires_by_the_clock(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    session, later = new_session(), new_session(expires_at=int(time.time()) + 3600)
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 33 * 60})
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert client.v1.checkout.sessions.retrieve(later.id).status == "open"
    # A session that is made after the clock was moved lives as long as any other.
    fresh = new_session()
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 60})
    assert client.v1.checkout.sessions.retrieve(fresh.id).status == "open"


def test_a_buyer_who_leaves_keeps_the_session_open(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    session = new_session()
    status, answer = sandbox.control("POST", f"/_sandbox/checkout/{session.id}/abandon")
    assert (status, answer["abandoned"]) == (200, True)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


@pytest.mark.parametrize(("result", "paid"), [("succeeds", "paid"), ("fails", "unpaid")])
def test_a_delayed_payment_completes_unpaid_and_is_decided_later(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox, result: str, paid: str
) -> None:
    session = new_session()
    answer = pay(sandbox, session, delayed=result)
    assert (answer["status"], answer["payment_status"]) == ("complete", "unpaid")
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 120})
    sandbox.pump()
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == paid
    name = "succeeded" if result == "succeeds" else "failed"
    assert len(inbox.events(f"checkout.session.async_payment_{name}")) == 1


def test_an_account_that_may_not_receive_transfers_is_refused(
    sandbox: Sandbox, account: stripe.Account, new_session: Buy
) -> None:
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"capabilities": {"transfers": "inactive"}})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_session()
    assert caught.value.code == "insufficient_capabilities_for_transfer"


def test_a_free_session_needs_no_payment(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    params: Any = session_params(0)
    session = client.v1.checkout.sessions.create(params)
    assert pay(sandbox, session)["payment_status"] == "no_payment_required"


def test_sessions_are_found_by_payment_intent_and_status(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    paid, _open = new_session(), new_session()
    intent = pay(sandbox, paid)["payment_intent"]
    assert [one.id for one in client.v1.checkout.sessions.list({"payment_intent": intent}).data] == [paid.id]
    assert [one.id for one in client.v1.checkout.sessions.list({"status": "open"}).data] == [_open.id]


def test_a_customer_is_made_when_the_session_asks_for_one(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    session = new_session(customer_creation="always")
    pay(sandbox, session)
    customer = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer"]}).customer
    assert isinstance(customer, stripe.Customer)
    assert customer.email == "ada@example.com"
