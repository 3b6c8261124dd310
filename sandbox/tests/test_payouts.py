"""Payouts: by the schedule, by hand, by control call; paid, failed, failed after they were paid, canceled."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from sandbox.resources.payout_schedules import seconds_until_run
from sandbox.server import Sandbox
from sandbox.tests.books import assert_books_balance
from sandbox.tests.conftest import CONNECT_URL, PLATFORM_URL, Buy, Inbox, pay
from sandbox.tests.test_refunds import NOW

DAY = 86_400


def advance(sandbox: Sandbox, seconds: float) -> None:
    assert sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": seconds})[0] == 200
    assert_books_balance(sandbox)


def schedule(client: stripe.StripeClient, account: stripe.Account, **fields: Any) -> None:
    client.v1.accounts.update(account.id, {"settings": {"payouts": {"schedule": fields}}})  # type: ignore[typeddict-item]


def pay_out(sandbox: Sandbox, account: str, outcome: str = "paid", **more: Any) -> dict[str, Any]:
    body = {"account": account, "outcome": outcome, **more}
    status, payout = sandbox.control("POST", "/_sandbox/payouts", body)
    assert status == 200, payout
    return dict(payout)


@pytest.fixture
def theirs(account: stripe.Account) -> stripe.RequestOptions:
    return {"stripe_account": account.id}


@pytest.fixture
def funded(sandbox: Sandbox, new_session: Buy) -> None:
    """The account has $48.50 available, the platform owes $0.25."""
    pay(sandbox, new_session(5000, fee=150), NOW)
    sandbox.pump()


def payout_events(inbox: Inbox, url: str = CONNECT_URL) -> list[str]:
    return [one for one in inbox.types(url) if one.startswith("payout.")]


def test_a_daily_schedule_pays_out_what_became_available(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    new_session: Buy,
    theirs: stripe.RequestOptions,
    inbox: Inbox,
) -> None:
    pay(sandbox, new_session(5000, fee=150))
    sandbox.pump()
    advance(sandbox, 2 * DAY)
    assert client.v1.payouts.list(options=theirs).data == []
    advance(sandbox, DAY)
    payout = client.v1.payouts.list(options=theirs).data[0]
    assert (payout.amount, payout.status, payout.automatic) == (4850, "pending", True)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.balance_transactions.list({"payout": payout.id}, theirs)
    assert caught.value.code == "payout_reconciliation_not_ready"
    advance(sandbox, 3601)
    assert client.v1.payouts.retrieve(payout.id, options=theirs).status == "in_transit"
    advance(sandbox, DAY)
    paid = client.v1.payouts.retrieve(payout.id, {"expand": ["destination"]}, options=theirs)
    assert (paid.status, paid.reconciliation_status, paid.destination.last4) == ("paid", "completed", "6789")
    lines = client.v1.balance_transactions.list({"payout": payout.id}, theirs).data
    assert [(line.type, line.net) for line in lines] == [("payout", -4850), ("payment", 4850)]
    assert client.v1.balance.retrieve(options=theirs).available[0].amount == 0
    sandbox.pump()
    assert payout_events(inbox) == ["payout.created", "payout.updated", "payout.paid"]
    assert inbox.events("payout.paid")[0]["account"] == theirs["stripe_account"]


def test_a_manual_schedule_pays_nothing_out_by_itself(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    account: stripe.Account,
    theirs: stripe.RequestOptions,
    new_session: Buy,
) -> None:
    schedule(client, account, interval="manual")
    pay(sandbox, new_session(5000, fee=150), NOW)
    sandbox.pump()
    advance(sandbox, 60 * DAY)
    assert client.v1.payouts.list(options=theirs).data == []
    schedule(client, account, interval="daily")
    advance(sandbox, DAY)
    assert client.v1.payouts.list(options=theirs).data[0].amount == 4850


def test_the_delay_decides_when_payments_are_available(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    account: stripe.Account,
    theirs: stripe.RequestOptions,
    new_session: Buy,
) -> None:
    schedule(client, account, delay_days=7)
    pay(sandbox, new_session(5000, fee=150))
    sandbox.pump()
    advance(sandbox, 6 * DAY)
    assert client.v1.balance.retrieve(options=theirs).pending[0].amount == 4850
    advance(sandbox, DAY)
    assert client.v1.balance.retrieve(options=theirs).available[0].amount == 4850


@pytest.mark.parametrize(
    ("fields", "now", "run"),
    [
        ({"interval": "daily"}, "2026-11-22T10:00", "2026-11-23T10:00"),
        ({"interval": "weekly", "weekly_anchor": "friday"}, "2026-11-22T10:00", "2026-11-27T00:00"),
        ({"interval": "weekly", "weekly_anchor": "sunday"}, "2026-11-22T10:00", "2026-11-29T00:00"),
        ({"interval": "weekly", "weekly_payout_days": ["monday", "friday"]}, "2026-11-22T10:00", "2026-11-23T00:00"),
        ({"interval": "monthly", "monthly_anchor": 31}, "2026-11-22T10:00", "2026-11-30T00:00"),
        ({"interval": "monthly", "monthly_anchor": 31}, "2027-02-01T00:00", "2027-02-28T00:00"),
        ({"interval": "monthly", "monthly_payout_days": [1, 15]}, "2026-12-01T00:00", "2026-12-15T00:00"),
    ],
)  # fmt: skip
def test_a_schedule_runs_on_its_days(fields: dict[str, Any], now: str, run: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    wait = timedelta(seconds=seconds_until_run(fields, moment.timestamp()))
    assert (moment + wait).strftime("%Y-%m-%dT%H:%M") == run


@pytest.mark.parametrize(
    "fields",
    [
        {"interval": "weekly"},
        {"interval": "weekly", "monthly_anchor": 3},
        {"weekly_anchor": "monday"},
        {"interval": "monthly", "monthly_anchor": 32},
        {"interval": "monthly", "monthly_payout_days": [0]},
        {"interval": "weekly", "weekly_anchor": "monday", "weekly_payout_days": ["monday"]},
        {"interval": "weekly", "weekly_payout_days": ["sunday"]},
        {"delay_days": 32},
        {"interval": "hourly"},
    ],
)
def test_wrong_schedules_are_refused(
    client: stripe.StripeClient, account: stripe.Account, fields: dict[str, Any]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        schedule(client, account, **fields)
    kept = client.v1.accounts.retrieve(account.id).settings.payouts.schedule
    assert kept.to_dict() == {"delay_days": 2, "interval": "daily"}


def test_a_new_anchor_replaces_the_old_one(client: stripe.StripeClient, account: stripe.Account) -> None:
    schedule(client, account, interval="weekly", weekly_anchor="monday")
    schedule(client, account, weekly_payout_days=["friday"])
    kept = client.v1.accounts.retrieve(account.id).settings.payouts.schedule.to_dict()
    assert kept == {"delay_days": 2, "interval": "weekly", "weekly_payout_days": ["friday"]}


@pytest.mark.usefixtures("funded")
def test_a_payout_by_hand_takes_available_money_only(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    account: stripe.Account,
    theirs: stripe.RequestOptions,
    new_session: Buy,
    inbox: Inbox,
) -> None:
    schedule(client, account, interval="manual")
    pay(sandbox, new_session(5000, fee=150))
    sandbox.pump()
    params: Any = {"amount": 4851, "currency": "usd"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create(params, theirs)
    assert caught.value.code == "balance_insufficient"
    made = client.v1.payouts.create({**params, "amount": 4000, "metadata": {"release": "7"}}, theirs)
    assert (made.status, made.automatic, made.reconciliation_status) == ("pending", False, "not_applicable")
    with pytest.raises(stripe.InvalidRequestError, match="automatic transfers, not manual"):
        client.v1.balance_transactions.list({"payout": made.id}, theirs)
    for wrong in ({"amount": 0}, {"method": "instant"}, {"currency": "xxx"}, {"destination": "ba_x"},
                  {"statement_descriptor": "x" * 23}):  # fmt: skip
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payouts.create({**params, "amount": 1, **wrong}, theirs)
    advance(sandbox, DAY)
    assert client.v1.payouts.retrieve(made.id, options=theirs).status == "paid"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payouts.retrieve(made.id)
    sandbox.pump()
    assert payout_events(inbox) == ["payout.created", "payout.updated", "payout.paid"]


@pytest.mark.usefixtures("funded")
def test_a_payout_by_hand_can_be_canceled_until_it_is_on_its_way(
    sandbox: Sandbox, client: stripe.StripeClient, theirs: stripe.RequestOptions, inbox: Inbox
) -> None:
    first = client.v1.payouts.create({"amount": 4000, "currency": "usd"}, theirs)
    canceled = client.v1.payouts.cancel(first.id, {"expand": ["failure_balance_transaction"]}, theirs)
    assert (canceled.status, canceled.failure_balance_transaction.type) == ("canceled", "payout_cancel")
    second = client.v1.payouts.create({"amount": 4000, "currency": "usd"}, theirs)
    advance(sandbox, 3601)
    with pytest.raises(stripe.InvalidRequestError, match="in_transit"):
        client.v1.payouts.cancel(second.id, options=theirs)
    sandbox.pump()
    assert "payout.canceled" in payout_events(inbox)
    assert client.v1.balance.retrieve(options=theirs).available[0].amount == 850
    status = client.v1.payouts.list({"status": "canceled"}, theirs).data
    assert [payout.id for payout in status] == [first.id]


@pytest.mark.usefixtures("funded")
def test_the_control_call_pays_everything_out_at_once(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account, theirs: stripe.RequestOptions
) -> None:
    made = pay_out(sandbox, account.id)
    assert (made["amount"], made["status"], made["automatic"]) == (4850, "paid", True)
    assert len(client.v1.balance_transactions.list({"payout": made["id"]}, theirs).data) == 2
    path = "/_sandbox/payouts"
    assert sandbox.control("POST", path, {"account": account.id, "outcome": "paid"})[0] == 400
    assert sandbox.control("POST", path, {"account": "acct_none", "outcome": "paid"})[0] == 404
    for wrong in (
        {},
        {"account": account.id, "outcome": "splendid"},
        {"account": account.id, "failure_code": "x"},
    ):
        assert sandbox.control("POST", path, wrong)[0] == 400
    assert_books_balance(sandbox)


@pytest.mark.usefixtures("funded")
def test_a_failed_payout_disables_the_bank_account_until_it_is_entered_anew(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    account: stripe.Account,
    theirs: stripe.RequestOptions,
    inbox: Inbox,
) -> None:
    made = pay_out(sandbox, account.id, "failed", failure_code="no_account")
    assert (made["status"], made["failure_code"]) == ("failed", "no_account")
    assert "could not be located" in made["failure_message"]
    entry = client.v1.balance_transactions.retrieve(made["failure_balance_transaction"], options=theirs)
    assert (entry.type, entry.reporting_category, entry.net) == ("payout_failure", "payout_reversal", 4850)
    bank = client.v1.accounts.external_accounts.list(account.id).data[0]
    assert (bank.id, bank.status) == (made["destination"], "errored")
    assert client.v1.accounts.external_accounts.retrieve(account.id, bank.id).last4 == "6789"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 1, "currency": "usd"}, theirs)
    assert caught.value.code == "bank_account_unusable"
    advance(sandbox, 5 * DAY)
    assert len(client.v1.payouts.list(options=theirs).data) == 1
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"complete": True})
    advance(sandbox, 2 * DAY)
    newest = client.v1.payouts.list(options=theirs).data[0]
    assert (newest.amount, newest.status, newest.destination != bank.id) == (4850, "paid", True)
    lines = client.v1.balance_transactions.list({"payout": newest.id}, theirs).data
    assert [(line.type, line.net) for line in lines] == [("payout", -4850), ("payout_failure", 4850)]
    sandbox.pump()
    assert payout_events(inbox)[:3] == ["payout.created", "payout.updated", "payout.failed"]


@pytest.mark.usefixtures("funded")
def test_a_payout_may_fail_after_it_was_paid(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    account: stripe.Account,
    theirs: stripe.RequestOptions,
    inbox: Inbox,
) -> None:
    made = pay_out(sandbox, account.id)
    path = f"/_sandbox/payouts/{made['id']}"
    status, failed = sandbox.control("POST", path, {"outcome": "failed", "failure_code": "account_closed"})
    assert (status, failed["status"], failed["failure_code"]) == (200, "failed", "account_closed")
    assert client.v1.balance.retrieve(options=theirs).available[0].amount == 4850
    sandbox.pump()
    assert payout_events(inbox)[-2:] == ["payout.paid", "payout.failed"]
    assert inbox.events("payout.failed")[0]["data"]["previous_attributes"]["status"] == "paid"
    assert sandbox.control("POST", path, {"outcome": "failed"})[0] == 400
    assert sandbox.control("POST", "/_sandbox/payouts/po_none", {"outcome": "failed"})[0] == 404
    assert_books_balance(sandbox)


@pytest.mark.usefixtures("funded")
def test_a_failing_test_account_number_fails_on_arrival(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account, theirs: stripe.RequestOptions
) -> None:
    stored = sandbox.world.state.get("account", account.id)
    bank = stored["external_accounts"]["data"][0] | {"last4": "1113"}
    stored["external_accounts"] = stored["external_accounts"] | {"data": [bank]}
    advance(sandbox, 2 * DAY)
    payout = client.v1.payouts.list(options=theirs).data[0]
    assert (payout.status, payout.failure_code) == ("failed", "account_closed")


@pytest.mark.usefixtures("funded")
def test_an_account_that_cannot_be_paid_out_keeps_its_money(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account, theirs: stripe.RequestOptions
) -> None:
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"payouts_enabled": False})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 1, "currency": "usd"}, theirs)
    assert caught.value.code == "payouts_not_allowed"
    advance(sandbox, 3 * DAY)
    assert client.v1.payouts.list(options=theirs).data == []
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"payouts_enabled": True})
    advance(sandbox, DAY)
    assert client.v1.payouts.list(options=theirs).data[0].amount == 4850


def test_the_platform_is_paid_out_too_and_told_on_its_own_endpoint(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox
) -> None:
    pay(sandbox, new_session(5000, fee=1000), NOW)
    sandbox.pump()
    made = pay_out(sandbox, "platform")
    assert (made["amount"], made["status"]) == (825, "paid")
    lines = client.v1.balance_transactions.list({"payout": made["id"]}).data
    assert sum(line.net for line in lines if line.source != made["id"]) == 825
    pay(sandbox, new_session(5000, fee=1000))
    sandbox.pump()
    advance(sandbox, 4 * DAY)
    assert [payout.amount for payout in client.v1.payouts.list().data] == [825, 825]
    sandbox.pump()
    assert payout_events(inbox, PLATFORM_URL).count("payout.paid") == 2
    status, answer = sandbox.control("POST", "/_sandbox/platform", {"schedule": {"interval": "manual"}})
    assert (status, answer["schedule"]["interval"]) == (200, "manual")
    assert sandbox.control("POST", "/_sandbox/platform", {"schedule": {"interval": "x"}})[0] == 400
    pay(sandbox, new_session(5000, fee=1000))
    sandbox.pump()
    advance(sandbox, 9 * DAY)
    assert len(client.v1.payouts.list().data) == 2


def test_each_currency_is_paid_out_by_itself(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, theirs: stripe.RequestOptions
) -> None:
    for currency in ("usd", "eur"):
        pay(sandbox, new_session(5000, fee=150, currency=currency))
    sandbox.pump()
    advance(sandbox, 3 * DAY)
    found = {payout.currency: payout.amount for payout in client.v1.payouts.list(options=theirs).data}
    assert found == {"usd": 4850, "eur": 4850}
    for payout in client.v1.payouts.list(options=theirs).data:
        kept = client.v1.payouts.update(payout.id, {"metadata": {"seen": "yes"}}, theirs)
        assert kept.metadata["seen"] == "yes"


def test_money_is_filtered_by_type_currency_and_time(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    account: stripe.Account,
    new_session: Buy,
    theirs: stripe.RequestOptions,
) -> None:
    for currency in ("usd", "eur"):
        pay(sandbox, new_session(5000, fee=150, currency=currency), NOW)
    sandbox.pump()
    made = pay_out(sandbox, account.id, currency="eur")
    assert made["currency"] == "eur"

    def types(**params: Any) -> list[str]:
        return [row.type for row in client.v1.balance_transactions.list(params, theirs).data]  # type: ignore[arg-type]

    assert types(currency="eur") == ["payout", "payment"]
    assert types(type="payout") == ["payout"]
    assert types(source=made["id"]) == ["payout"]
    assert types(created={"gt": made["created"] + 60}) == []
    listed = client.v1.payouts.list({"arrival_date": {"gte": made["arrival_date"]}}, theirs).data
    assert [payout.id for payout in listed] == [made["id"]]
    assert client.v1.payouts.list({"arrival_date": {"lt": made["arrival_date"]}}, theirs).data == []


def test_events_that_nobody_took_are_found(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox
) -> None:
    intent = pay(sandbox, new_session())["payment_intent"]
    sandbox.pump()
    refund = client.v1.refunds.create({"payment_intent": intent, "reverse_transfer": True, "amount": 100})
    inbox.statuses = [500, 500]
    sandbox.pump()
    missed = client.v1.events.list(
        {
            "delivery_success": False,
            "types": ["refund.*", "charge.refunded"],
            "created": {"gte": refund.created},
        }
    )
    assert {event.type for event in missed.data} == {"refund.created", "charge.refunded"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.list({"types": ["refund.created"] * 21})
