"""The gateway's calls about balances and payouts against the sandbox."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connect import gateway
from connect.errors import GatewayRefused
from connect.stripe_objects import BalanceTransaction, Payout, PayoutSchedule
from connect.tests.test_gateway import ready_account, requests_made, session_parameters

# Paying delivers webhooks, which are stored.
pytestmark = pytest.mark.django_db

AT_ONCE, IN_TWO_DAYS = "4000000000000077", "4242424242424242"


@pytest.fixture
def account_id(sandbox: Any) -> str:
    """An account with $45.50 available and $45.50 pending."""
    account = ready_account(sandbox)
    for card in (AT_ONCE, IN_TWO_DAYS):
        session = gateway.create_checkout_session(
            session_parameters(account.id), idempotency_key=f"checkout-{uuid.uuid4()}"
        )
        assert sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay", {"card": card})[0] == 200
    sandbox.pump()
    return str(account.id)


def pay_out(account_id: str, key: str = "payout-1", amount: int = 1000) -> Payout:
    return gateway.create_payout(
        account_id, amount=amount, currency="usd", request="r-1", idempotency_key=key
    )


def long_ago() -> Any:
    return timezone.now() - timedelta(days=100)


def test_a_balance_is_read_by_currency(account_id):
    balance = gateway.retrieve_balance(account_id)
    assert (balance.available, balance.pending) == ({"usd": 4550}, {"usd": 4550})
    assert "usd" in gateway.retrieve_balance("").available


def test_a_payout_is_made_once_under_its_key_and_carries_its_request(account_id, sandbox):
    made = pay_out(account_id)
    assert pay_out(account_id).id == made.id
    assert (made.amount, made.status, made.automatic, made.request) == (1000, "pending", False, "r-1")
    sent = requests_made(sandbox, "/v1/payouts")[0]
    assert sent["headers"]["stripe_account"] == account_id
    assert sent["headers"]["idempotency_key"] == "payout-1"


def test_a_payout_above_the_balance_is_refused_with_stripes_code(account_id):
    with pytest.raises(GatewayRefused) as refusal:
        pay_out(account_id, amount=4551)
    assert refusal.value.code == "balance_insufficient"


def test_payouts_are_listed_of_one_account_since_a_moment(account_id, sandbox):
    made = pay_out(account_id)
    assert [each.id for each in gateway.list_payouts(account_id, created_after=long_ago())] == [made.id]
    assert gateway.list_payouts(account_id, created_after=timezone.now() + timedelta(hours=1)) == []
    assert gateway.list_payouts(ready_account_beside(sandbox), created_after=long_ago()) == []


def ready_account_beside(sandbox: Any) -> str:
    """Another account, made under another key."""
    account = gateway.create_account(
        organization_slug="host",
        name="Host",
        email="h@example.com",
        country="US",
        idempotency_key="account-2",
    )
    return str(account.id)


def test_a_list_is_read_to_its_last_page(account_id, sandbox):
    for number in range(110):
        pay_out(account_id, key=f"payout-{number}", amount=10)
    assert len(gateway.list_payouts(account_id, created_after=long_ago())) == 110
    pages = [row for row in requests_made(sandbox, "/v1/payouts") if row["method"] == "GET"]
    assert [row["params"]["limit"] for row in pages] == ["100", "100"]


def test_a_failed_payout_says_why_and_what_brought_its_money_back(account_id, sandbox):
    made = pay_out(account_id)
    body = {"outcome": "failed", "failure_code": "account_closed"}
    assert sandbox.control("POST", f"/_sandbox/payouts/{made.id}", body)[0] == 200
    payout = gateway.retrieve_payout(account_id, made.id)
    assert (payout.status, payout.failure_code) == ("failed", "account_closed")
    assert payout.failure_message
    assert payout.failure_transaction_id.startswith("txn_")
    assert payout.failed_at is not None
    assert "acct_" not in repr(payout)


def test_an_automatic_payout_is_itemised_without_itself(account_id, sandbox):
    body = {"account": account_id, "outcome": "paid"}
    made = sandbox.control("POST", "/_sandbox/payouts", body)[1]
    assert gateway.retrieve_payout(account_id, made["id"]).is_itemised
    (row,) = gateway.list_payout_transactions(account_id, made["id"])
    assert (row.type, row.amount, row.fee, row.net) == ("payment", 5000, 450, 4550)
    assert row.transfer_id.startswith("tr_")


def test_a_manual_payout_is_not_itemised(account_id):
    made = pay_out(account_id)
    assert not made.is_itemised
    with pytest.raises(GatewayRefused):
        gateway.list_payout_transactions(account_id, made.id)


def test_only_settled_movements_of_the_currency_are_listed(account_id):
    made = pay_out(account_id)
    settled = gateway.list_settled_transactions(account_id, currency="usd", created_after=long_ago())
    assert [(row.type, row.net) for row in settled] == [("payout", -1000), ("payment", 4550)]
    assert settled[0].source_id == made.id
    assert gateway.list_settled_transactions(account_id, currency="eur", created_after=None) == []


def test_a_refunds_movement_names_the_payment_it_gives_back():
    row = {
        "id": "txn_1",
        "type": "payment_refund",
        "status": "available",
        "amount": -1000,
        "fee": 0,
        "net": -1000,
        "currency": "usd",
        "source": {"id": "pyr_1", "object": "refund", "charge": "py_1", "source_transfer_reversal": "trr_1"},
        "created": 1,
        "available_on": 2,
    }
    movement = BalanceTransaction.parse(row)
    assert (movement.source_id, movement.payment_id, movement.transfer_id) == ("pyr_1", "py_1", None)
    assert movement.reversal_id == "trr_1"
    assert BalanceTransaction.parse({**row, "source": None}).source_id is None


def test_a_schedule_is_set_and_read_with_the_account(account_id):
    weekly = PayoutSchedule(interval="weekly", weekly_anchor="friday")
    assert gateway.update_payout_schedule(account_id, weekly).payout_schedule == weekly
    assert gateway.retrieve_account(account_id).payout_schedule == weekly
