"""Refunds beyond the plain ones: proportions, short balances, failures later, Stripe's dashboard."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.books import assert_books_balance
from sandbox.tests.conftest import PLATFORM_URL, Buy, Inbox, pay

NOW = "4000000000000077"


def balance(client: stripe.StripeClient, account: str = "") -> int:
    """All that an account has in dollars, pending or available; minor units."""
    options: stripe.RequestOptions = {"stripe_account": account} if account else {}
    shown = client.v1.balance.retrieve(options=options)
    return shown.pending[0].amount + shown.available[0].amount


@pytest.mark.parametrize(
    ("reverse", "with_fee", "organizer", "platform"),
    [(True, True, 0, -175), (True, False, -150, -25), (False, False, 4850, -5025)],
)
def test_a_full_refund_is_paid_by_whom_the_flags_say(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    new_session: Buy,
    account: stripe.Account,
    reverse: bool,
    with_fee: bool,
    organizer: int,
    platform: int,
) -> None:
    pay(sandbox, new_session(1000, fee=None))
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    sandbox.pump()
    theirs, ours = balance(client, account.id) - 4850, balance(client) + 25
    client.v1.refunds.create(
        {"payment_intent": intent, "reverse_transfer": reverse, "refund_application_fee": with_fee}
    )
    assert balance(client, account.id) == theirs + organizer
    assert balance(client) == ours + platform
    assert_books_balance(sandbox)


def test_parts_of_a_refund_add_up_to_the_whole(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    intent = pay(sandbox, new_session(1000, fee=100))["payment_intent"]
    flags: Any = {"payment_intent": intent, "reverse_transfer": True, "refund_application_fee": True}
    for amount in (333, 333):
        client.v1.refunds.create({**flags, "amount": amount})
    client.v1.refunds.create(flags)
    fee = client.v1.application_fees.list({"expand": ["data.refunds"]}).data[0]
    assert [part.amount for part in reversed(fee.refunds.data)] == [33, 33, 34]
    assert balance(client, account.id) == 0
    assert len(client.v1.refunds.list({"payment_intent": intent}).data) == 3
    assert_books_balance(sandbox)


def test_a_refund_without_reversal_leaves_the_transfer_for_later_ones(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    client.v1.refunds.create({"payment_intent": intent, "amount": 3000})
    refund = client.v1.refunds.create(
        {"payment_intent": intent, "reverse_transfer": True, "expand": ["transfer_reversal"]}
    )
    assert (refund.amount, refund.transfer_reversal.amount) == (2000, 2000)
    assert_books_balance(sandbox)


def test_a_refund_uses_pending_money_and_the_fee_given_back_with_it(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150), NOW)["payment_intent"]
    sandbox.pump()
    assert sandbox.control("POST", "/_sandbox/payouts", {"account": account.id, "outcome": "paid"})[0] == 200
    pay(sandbox, new_session(4000, fee=None))
    sandbox.pump()
    flags: Any = {"payment_intent": intent, "reverse_transfer": True, "refund_application_fee": True}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(flags)
    assert caught.value.code == "balance_insufficient"
    assert client.v1.refunds.list().data == []
    assert client.v1.refunds.create({**flags, "amount": 4000}).status == "succeeded"
    assert balance(client, account.id) == 4000 - 4000 + 120
    assert_books_balance(sandbox)


def test_wrong_refunds_name_their_error(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    plain = pay(sandbox, new_session(5000, fee=None))["payment_intent"]
    for params, said in (
        ({"amount": 5001}, "greater than unrefunded amount on charge ($50.00)"),
        ({"refund_application_fee": True, "reverse_transfer": True}, "has no application fee"),
        ({"reason": "regret"}, "must be one of"),
    ):
        with pytest.raises(
            stripe.InvalidRequestError, match=said.replace("$", r"\$").replace("(", r"\(")[:30]
        ):
            client.v1.refunds.create({"payment_intent": plain, **params})  # type: ignore[typeddict-item]
    disputed = pay(sandbox, new_session(5000), "4000000000000259")["payment_intent"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": disputed})
    assert caught.value.code == "charge_disputed"
    theirs = client.v1.transfers.list().data[0]
    with pytest.raises(stripe.InvalidRequestError, match="reverse the transfer instead"):
        client.v1.refunds.create(
            {"charge": str(theirs.destination_payment)}, {"stripe_account": str(theirs.destination)}
        )
    assert client.v1.refunds.list().data == []


def test_a_short_platform_leaves_refunds_pending_until_the_clock_finds_money(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox
) -> None:
    sandbox.control("POST", "/_sandbox/platform", {"bank_debits": False})
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert (refund.status, refund.pending_reason, refund.balance_transaction) == (
        "pending",
        "insufficient_funds",
        None,
    )
    assert client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]}).latest_charge.refunded
    sandbox.pump()
    for days, status in ((1, "pending"), (1, "pending"), (1, "succeeded")):
        sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": days * 86_400 + 1})
        assert client.v1.refunds.retrieve(refund.id).status == status
        assert_books_balance(sandbox)
    sandbox.pump()
    assert inbox.types(PLATFORM_URL).count("refund.updated") == 1
    assert client.v1.refunds.retrieve(refund.id).balance_transaction


def test_a_waiting_refund_is_paid_as_soon_as_there_is_money(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    sandbox.control("POST", "/_sandbox/platform", {"bank_debits": False})
    intent = pay(sandbox, new_session(500, fee=15))["payment_intent"]
    refund = client.v1.refunds.create({"payment_intent": intent})
    pay(sandbox, new_session(5000, fee=2000))
    sandbox.pump()
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 86_401})
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_a_waiting_refund_can_be_canceled_and_no_other(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox
) -> None:
    sandbox.control("POST", "/_sandbox/platform", {"bank_debits": False})
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert client.v1.refunds.cancel(refund.id).status == "canceled"
    assert client.v1.charges.retrieve(str(refund.charge)).amount_refunded == 0
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.refunds.cancel(refund.id)
    sandbox.pump()
    assert {"refund.created", "refund.updated", "charge.refunded"} <= set(inbox.types(PLATFORM_URL))
    assert_books_balance(sandbox)


def test_a_refund_may_fail_later_and_the_money_is_the_platforms_again(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account, inbox: Inbox
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    refund = client.v1.refunds.create(
        {"payment_intent": intent, "reverse_transfer": True, "refund_application_fee": True}
    )
    path = f"/_sandbox/refunds/{refund.id}"
    answer = sandbox.control("POST", path, {"status": "failed", "failure_reason": "lost_or_stolen_card"})
    assert (answer[0], answer[1]["status"]) == (200, "failed")
    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction", "charge"]})
    assert (failed.failure_reason, failed.charge.amount_refunded) == ("lost_or_stolen_card", 0)
    entry = failed.failure_balance_transaction
    assert (entry.type, entry.amount, entry.source) == ("refund_failure", 5000, refund.id)
    assert balance(client) == 5000 - 175
    assert balance(client, account.id) == 0
    sandbox.pump()
    last = inbox.events("refund.failed")[0]["data"]
    assert last["previous_attributes"] == {"status": "succeeded"}
    assert inbox.types(PLATFORM_URL)[-3:] == ["charge.updated", "refund.updated", "refund.failed"]
    assert sandbox.control("POST", path, {"status": "failed"})[0] == 400
    assert_books_balance(sandbox)
    again = client.v1.transfers.create(
        {
            "amount": 4850,
            "currency": "usd",
            "destination": account.id,
            "source_transaction": str(failed.charge.id),
        }
    )
    assert (again.amount, balance(client, account.id)) == (4850, 4850)
    assert_books_balance(sandbox)


def test_a_refund_made_in_stripes_dashboard_reverses_nothing_unless_ticked(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account, inbox: Inbox
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    charge = str(client.v1.payment_intents.retrieve(intent).latest_charge)
    path = f"/_sandbox/charges/{charge}/refund"
    status, refund = sandbox.control("POST", path, {"amount": 1000})
    assert (status, refund["amount"], refund["transfer_reversal"]) == (200, 1000, None)
    ticked = {"amount": 2000, "reverse_transfer": True, "refund_application_fee": True}
    assert sandbox.control("POST", path, ticked)[1]["transfer_reversal"]
    assert balance(client, account.id) == 4850 - 2000 + 75
    event = client.v1.events.list({"type": "refund.created"}).data[0]
    assert event["request"].to_dict() == {"id": None, "idempotency_key": None}
    sandbox.pump()
    assert inbox.types(PLATFORM_URL).count("charge.refunded") == 2
    for wrong in ({"amount": 0}, {"amount": 9999}, {"reverse_transfer": "yes"}, {"surprise": 1}):
        assert sandbox.control("POST", path, wrong)[0] == 400
    assert sandbox.control("POST", "/_sandbox/charges/ch_none/refund", {})[0] == 404


def test_metadata_of_a_refund_can_be_changed(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    intent = pay(sandbox, new_session())["payment_intent"]
    refund = client.v1.refunds.create({"payment_intent": intent, "metadata": {"a": "1", "b": "2"}})
    assert client.v1.refunds.update(refund.id, {"metadata": {"a": "", "c": "3"}}).metadata.to_dict() == {
        "b": "2",
        "c": "3",
    }
    assert client.v1.refunds.list({"charge": str(refund.charge)}).data[0].id == refund.id
    assert client.v1.refunds.list({"charge": "ch_other"}).data == []


def test_what_undoes_a_payment_is_available_when_the_payment_is(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    sandbox.pump()
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 86_400})
    client.v1.refunds.create(
        {"payment_intent": intent, "reverse_transfer": True, "refund_application_fee": True}
    )
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 86_400})
    for options in ({}, {"stripe_account": account.id}):
        shown = client.v1.balance.retrieve(options=options)  # type: ignore[arg-type]
        assert shown.pending[0].amount == 0
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 10 * 86_400})
    assert client.v1.payouts.list(options={"stripe_account": account.id}).data == []


def test_refunds_at_the_same_moment_never_exceed_the_payment(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]

    def refund(_number: int) -> bool:
        flags: Any = {"reverse_transfer": True, "refund_application_fee": True}
        try:
            client.v1.refunds.create({"payment_intent": intent, "amount": 400, **flags})
        except stripe.InvalidRequestError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(refund, range(32))) == 12
    assert client.v1.charges.list({"payment_intent": intent}).data[0].amount_refunded == 4800
    assert_books_balance(sandbox)


@pytest.mark.parametrize(
    "body", [{"amount": "x"}, {"outcome": []}, {"status": {}}, {"account": ["x"]}, {"a": 1}]
)
@pytest.mark.parametrize(
    "path", ["charges/{charge}/refund", "charges/{charge}/dispute", "payouts", "platform", "refunds/re_1"]
)
def test_wrong_control_calls_change_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, path: str, body: dict[str, Any]
) -> None:
    intent = pay(sandbox, new_session())["payment_intent"]
    sandbox.pump()
    events = len(sandbox.control("GET", "/_sandbox/events")[1])
    charge = client.v1.payment_intents.retrieve(intent).latest_charge
    status, answer = sandbox.control("POST", "/_sandbox/" + path.format(charge=charge), body)
    assert status == 400
    assert answer["error"]["message"]
    assert len(sandbox.control("GET", "/_sandbox/events")[1]) == events
