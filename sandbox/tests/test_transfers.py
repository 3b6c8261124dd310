"""Transfers by hand, reversals by themselves, and application fees given back by themselves."""

from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.books import assert_books_balance
from sandbox.tests.conftest import Buy, pay
from sandbox.tests.test_refunds import NOW, balance


def first_transfer(
    sandbox: Sandbox, client: stripe.StripeClient, session: Any, card: str = NOW
) -> stripe.Transfer:
    """Pay a session and return its transfer."""
    pay(sandbox, session, card)
    sandbox.pump()
    return client.v1.transfers.list().data[0]


def test_a_reversal_takes_back_what_the_account_can_bear(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    transfer = first_transfer(sandbox, client, new_session(5000, fee=150))
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.reversals.create(transfer.id)
    assert caught.value.code == "balance_insufficient"
    made = client.v1.transfers.reversals.create(
        transfer.id, {"amount": 4850, "metadata": {"dispute": "dp_1"}, "expand": ["balance_transaction"]}
    )
    assert (made.balance_transaction.type, made.balance_transaction.amount) == ("transfer_refund", 4850)
    assert (balance(client, account.id), balance(client)) == (0, 4850 - 25)
    with pytest.raises(stripe.InvalidRequestError, match="unreversed amount"):
        client.v1.transfers.reversals.create(transfer.id, {"amount": 151})
    assert client.v1.transfers.reversals.list(transfer.id).data[0].id == made.id
    assert client.v1.transfers.reversals.retrieve(transfer.id, made.id).metadata["dispute"] == "dp_1"
    kept = client.v1.transfers.reversals.update(transfer.id, made.id, {"metadata": {"note": "x"}})
    assert kept.metadata.to_dict() == {"dispute": "dp_1", "note": "x"}
    shown = client.v1.transfers.retrieve(transfer.id)
    assert (shown.amount_reversed, shown.reversed, len(shown.reversals.data)) == (4850, False, 1)
    assert_books_balance(sandbox)


def test_a_reversal_may_give_the_fee_back_in_proportion(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    transfer = first_transfer(sandbox, client, new_session(5000, fee=150))
    for amount in (1000, 4000):
        client.v1.transfers.reversals.create(transfer.id, {"amount": amount, "refund_application_fee": True})
    fee = client.v1.application_fees.list().data[0]
    assert [part.amount for part in reversed(fee.refunds.data)] == [30, 120]
    assert (fee.refunded, balance(client, account.id)) == (True, 0)
    with pytest.raises(stripe.InvalidRequestError, match="already fully reversed"):
        client.v1.transfers.reversals.create(transfer.id)
    assert_books_balance(sandbox)


def test_a_transfer_by_hand_needs_available_money(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    first_transfer(sandbox, client, new_session(5000, fee=2000))
    params: Any = {"amount": 1825, "currency": "usd", "destination": account.id, "metadata": {"order": "M-1"}}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.create({**params, "amount": 1826})
    assert caught.value.code == "balance_insufficient"
    made = client.v1.transfers.create({**params, "expand": ["destination_payment"]})
    assert (made.source_transaction, made.metadata["order"]) == (None, "M-1")
    assert (balance(client), balance(client, account.id)) == (0, 3000 + 1825)
    options: stripe.RequestOptions = {"stripe_account": account.id}
    entry = client.v1.balance_transactions.list({"source": made.destination_payment.id}, options).data[0]
    assert (entry.type, entry.net, entry.status) == ("payment", 1825, "available")
    assert client.v1.transfers.list({"destination": account.id}).data[0].id == made.id
    assert client.v1.transfers.update(made.id, {"metadata": {"order": ""}}).metadata.to_dict() == {}
    assert_books_balance(sandbox)


def test_transfers_of_one_charge_never_exceed_it(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    transfer = first_transfer(sandbox, client, new_session(5000, fee=None), "4242424242424242")
    params: Any = {
        "amount": 1000,
        "currency": "usd",
        "destination": account.id,
        "source_transaction": transfer.source_transaction,
    }
    with pytest.raises(stripe.InvalidRequestError, match="no other transfer has"):
        client.v1.transfers.create(params)
    client.v1.transfers.reversals.create(transfer.id, {"amount": 1000})
    made = client.v1.transfers.create({**params, "expand": ["balance_transaction"]})
    assert made.balance_transaction.status == "pending"
    assert made.transfer_group == client.v1.charges.retrieve(str(transfer.source_transaction)).transfer_group
    for wrong in (
        {"currency": "eur"},
        {"amount": 0},
        {"source_transaction": "ch_none"},
        {"destination": "acct_x"},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.transfers.create({**params, **wrong})
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"capabilities": {"transfers": "inactive"}})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.create(params)
    assert caught.value.code == "insufficient_capabilities_for_transfer"
    assert_books_balance(sandbox)


def test_a_fee_given_back_by_itself_reaches_the_account(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    first_transfer(sandbox, client, new_session(5000, fee=150))
    fee = client.v1.application_fees.list().data[0]
    made = client.v1.application_fees.refunds.create(fee.id, {"amount": 100, "metadata": {"order": "M-1"}})
    assert (made.object, made.fee, made.amount) == ("fee_refund", fee.id, 100)
    assert (balance(client), balance(client, account.id)) == (-25 - 100, 4850 + 100)
    options: stripe.RequestOptions = {"stripe_account": account.id}
    entry = client.v1.balance_transactions.list({"source": made.id}, options).data[0]
    assert (entry.type, entry.reporting_category, entry.amount) == ("adjustment", "fee", 100)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        client.v1.application_fees.refunds.create(fee.id, {"amount": 51})
    client.v1.application_fees.refunds.create(fee.id)
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        client.v1.application_fees.refunds.create(fee.id)
    assert [one.amount for one in client.v1.application_fees.refunds.list(fee.id).data] == [50, 100]
    changed = client.v1.application_fees.refunds.update(fee.id, made.id, {"metadata": {"order": "M-2"}})
    assert changed.metadata["order"] == "M-2"
    assert client.v1.application_fees.refunds.retrieve(fee.id, made.id).id == made.id
    types = [event.type for event in client.v1.events.list({"limit": 100}).data]
    assert types.count("application_fee.refunded") == 2
    assert_books_balance(sandbox)


def test_a_refund_after_the_fee_was_given_back_gives_back_the_rest_of_it(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    first_transfer(sandbox, client, new_session(6000, fee=330))
    fee = client.v1.application_fees.list().data[0]
    charge = str(fee.originating_transaction)
    client.v1.refunds.create({"charge": charge, "amount": 5000, "reverse_transfer": True})
    client.v1.application_fees.refunds.create(fee.id, {"amount": 225})
    client.v1.refunds.create({"charge": charge, "reverse_transfer": True, "refund_application_fee": True})
    assert client.v1.application_fees.retrieve(fee.id).refunds.data[0].amount == 105
    assert balance(client, account.id) == 0
    assert_books_balance(sandbox)


def test_a_refund_cannot_reverse_what_was_taken_back_before(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    transfer = first_transfer(sandbox, client, new_session(5000, fee=150))
    client.v1.transfers.reversals.create(transfer.id, {"amount": 3000})
    params: Any = {"charge": transfer.source_transaction, "reverse_transfer": True}
    with pytest.raises(stripe.InvalidRequestError, match="greater than unreversed amount"):
        client.v1.refunds.create(params)
    client.v1.refunds.create({**params, "amount": 1850})
    assert balance(client, account.id) == 0
    assert client.v1.refunds.create({"charge": params["charge"]}).amount == 3150
    assert_books_balance(sandbox)
