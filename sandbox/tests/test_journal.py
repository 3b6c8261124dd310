"""The journal: a restart finds everything as it was; a torn line is left out; a reset empties it."""

from pathlib import Path

import pytest
import requests
import stripe

from sandbox.journal import JournalInUse
from sandbox.server import Sandbox
from sandbox.tests.conftest import ENDPOINTS, EXPRESS, KEY, Inbox, pay, session_params


def start(journal: Path, inbox: Inbox) -> tuple[Sandbox, stripe.StripeClient]:
    sandbox = Sandbox(journal=journal, endpoints=ENDPOINTS, transport=inbox, automatic=False)
    sandbox.start()
    return sandbox, stripe.StripeClient(KEY, base_addresses={"api": sandbox.url})


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal.jsonl"


def test_a_restart_keeps_objects_balances_keys_and_what_is_due(journal: Path, inbox: Inbox) -> None:
    sandbox, client = start(journal, inbox)
    account = client.v1.accounts.create({"country": "US", **EXPRESS}, {"idempotency_key": "k1"})
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"complete": True})
    data = {"transfer_data": {"destination": account.id}, "application_fee_amount": 458}
    params = session_params() | {"payment_intent_data": data}
    paid = client.v1.checkout.sessions.create(params)  # type: ignore[arg-type]
    waiting = client.v1.checkout.sessions.create(params)  # type: ignore[arg-type]
    pay(sandbox, paid)
    sandbox.pump()
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "hold"})
    client.v1.accounts.update(account.id, {"business_profile": {"name": "Later"}})
    before = (
        client.v1.balance.retrieve().to_dict(),
        [one.id for one in client.v1.events.list({"limit": 100}).data],
    )
    sandbox.stop()

    sandbox, client = start(journal, inbox)
    assert (
        client.v1.balance.retrieve().to_dict(),
        [one.id for one in client.v1.events.list({"limit": 100}).data],
    ) == before
    again = client.v1.accounts.create({"country": "US", **EXPRESS}, {"idempotency_key": "k1"})
    assert again.id == account.id
    assert len(sandbox.control("GET", "/_sandbox/requests?path=/v1/checkout")[1]) == 2
    assert sandbox.control("POST", "/_sandbox/delivery/release")[1] == {"released": 1}
    assert sandbox.pump() == 1
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 2 * 86400})
    assert client.v1.checkout.sessions.retrieve(waiting.id).status == "expired"
    assert client.v1.balance.retrieve(options={"stripe_account": account.id}).available[0].amount == 5000
    sandbox.stop()


def test_a_restart_keeps_subscriptions_their_cards_and_their_renewals(journal: Path, inbox: Inbox) -> None:
    sandbox, client = start(journal, inbox)
    price = client.v1.prices.create(
        {
            "product_data": {"name": "Plan"},
            "currency": "usd",
            "unit_amount": 2900,
            "recurring": {"interval": "month"},
            "lookup_key": "plan",
        }
    )
    customer = client.v1.customers.create({"email": "ada@example.com"})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    subscription = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method.id}
    )
    link = client.v1.billing_portal.sessions.create({"customer": customer.id}).url
    sandbox.pump()
    before = client.v1.subscriptions.retrieve(subscription.id).to_dict()
    sandbox.stop()

    sandbox, client = start(journal, inbox)
    assert client.v1.subscriptions.retrieve(subscription.id).to_dict() == before
    assert client.v1.prices.list({"lookup_keys": ["plan"]}).data[0].id == price.id
    page = requests.get(f"{sandbox.url}/p/session/{link.rpartition('/')[2]}", timeout=5)
    assert "Visa ending in 4242" in page.text
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 31 * 86400 + 3600})
    invoices = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [one.status for one in invoices] == ["paid", "paid"]
    sandbox.stop()


def test_undelivered_events_are_sent_after_a_restart(journal: Path, inbox: Inbox) -> None:
    sandbox, client = start(journal, inbox)
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    client.v1.accounts.update(account.id, {"business_profile": {"name": "A"}})
    sandbox.stop()
    sandbox, client = start(journal, inbox)
    assert sandbox.pump() == 1
    assert inbox.types() == ["account.updated"]
    sandbox.stop()


def test_a_line_that_a_crash_cut_short_is_left_out(journal: Path, inbox: Inbox) -> None:
    sandbox, client = start(journal, inbox)
    kept = client.v1.customers.create({"email": "a@example.com"})
    client.v1.customers.create({"email": "b@example.com"})
    sandbox.stop()
    whole = journal.read_bytes()
    for cut in (1, 50, 200):
        journal.write_bytes(whole[:-cut])
        sandbox, client = start(journal, inbox)
        assert kept.id in [one.id for one in client.v1.customers.list().data]
        client.v1.customers.create({"email": "c@example.com"})
        sandbox.stop()


def test_two_sandboxes_never_share_a_journal(journal: Path, inbox: Inbox) -> None:
    sandbox, client = start(journal, inbox)
    with pytest.raises(JournalInUse):
        Sandbox(journal=journal)
    kept = client.v1.customers.create({"email": "a@example.com"})
    sandbox.stop()
    sandbox, client = start(journal, inbox)
    assert [one.id for one in client.v1.customers.list().data] == [kept.id]
    sandbox.stop()


def test_a_reset_empties_state_journal_faults_and_clock(journal: Path, inbox: Inbox) -> None:
    sandbox, client = start(journal, inbox)
    client.v1.customers.create({"email": "a@example.com"})
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 3600})
    sandbox.control("POST", "/_sandbox/faults", {"path": "/v1/", "effect": "error_500"})
    assert sandbox.control("POST", "/_sandbox/reset")[0] == 200
    assert sandbox.control("GET", "/_sandbox/requests")[1] == []
    assert client.v1.customers.list().data == []
    assert client.v1.events.list().data == []
    assert len(client.v1.webhook_endpoints.list().data) == 2
    sandbox.stop()
    assert b"cus_" not in journal.read_bytes()
