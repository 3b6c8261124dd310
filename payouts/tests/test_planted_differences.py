"""Differences planted at Stripe and with us: `manage.py reconcile` names each of them with its id."""

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.tests.factories import OrganizationFactory
from payouts.models import MoneyException
from payouts.services.payouts import sync_payout
from payouts.tests.conftest import control
from sandbox.resources import balance_transactions
from ticketing.models import Payment
from ticketing.services.refunds import request_refund

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("faults are planted")]


@pytest.fixture
def market(sell, account, pay_out, sandbox, settle, organizer):
    """Three sales, one of them refunded by half, and a payout: what the plants spoil."""
    sell()
    order = sell(2)
    request_refund(order, actor=organizer, reason="Ill", tickets=[order.tickets.first().code])
    settle()
    payout_id = pay_out()
    sync_payout(account, payout_id)
    last = sell()
    settle()
    payment = Payment.objects.get(order=last)
    refund = order.refunds.get()
    return SimpleNamespace(
        sandbox=sandbox,
        account=account,
        payout=payout_id,
        payment=payment,
        charge=payment.charge_id,
        refund=refund.stripe_refund_id,
        reversal=refund.reversals.get().stripe_id,
    )


def reconcile() -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    try:
        call_command("reconcile", "--json", "--grace", "0", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def sql(statement: str, *values: Any) -> None:
    """Change what is kept behind the product's back: as a replica, no trigger and no key looks on."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")


def at_stripe(market: Any, source: str, **changes: Any) -> dict[str, Any]:
    """Change the balance transaction of an object in Stripe's own state."""
    state = market.sandbox.world.state
    with state.transaction():
        row = next(row for row in state.values("balance_transaction") if row["source"] == source)
        row.update(changes)
        row["net"] = row["amount"] - row["fee"]
        state.save(row)
    return row


# --- the plants: each returns the id that must be named


def missing_here(market: Any) -> str:
    sql(
        "DELETE FROM ledger_ledgerentry WHERE transaction_id IN (SELECT id FROM ledger_ledgertransaction"
        " WHERE kind = 'sale' AND source = %s)",
        market.charge,
    )
    return market.charge


def missing_at_stripe(market: Any) -> str:
    state = market.sandbox.world.state
    row = next(
        row for row in state.values("balance_transaction") if row["source"] == market.payment.transfer_id
    )
    state.remove("balance_transaction", row["id"])
    return market.payment.transfer_id


def another_amount(market: Any) -> str:
    at_stripe(market, market.refund, amount=-4900)
    return market.refund


def another_currency(market: Any) -> str:
    at_stripe(market, market.payment.transfer_id, currency="eur")
    return market.payment.transfer_id


def another_stripe_fee(market: Any) -> str:
    row = at_stripe(market, market.charge, fee=190, fee_details=[fee_line("stripe_fee", 190)])
    return row["id"]


def another_application_fee(market: Any) -> str:
    at_stripe(market, market.payment.application_fee_id, amount=451)
    return market.payment.application_fee_id


def fee_line(kind: str, amount: int) -> dict[str, Any]:
    return {"amount": amount, "application": None, "currency": "usd", "description": kind, "type": kind}


def wrong_account(market: Any) -> str:
    other = OrganizationFactory()
    sql(
        "INSERT INTO ledger_ledgeraccount (code, currency, kind, organization_id)"
        f" VALUES ('stripe:connected:{other.pk}', 'usd', 'asset', {other.pk})"
    )
    sql(
        "UPDATE ledger_ledgerentry SET account_id = (SELECT id FROM ledger_ledgeraccount WHERE code = %s)"
        " WHERE transaction_id IN (SELECT id FROM ledger_ledgertransaction WHERE source = %s)"
        " AND account_id IN (SELECT id FROM ledger_ledgeraccount WHERE code LIKE 'stripe:connected:%%')",
        f"stripe:connected:{other.pk}",
        market.payment.transfer_id,
    )
    return market.payment.transfer_id


def booked_twice(market: Any) -> str:
    sql(
        "WITH again AS (INSERT INTO ledger_ledgertransaction (kind, source, subject, currency, occurred_at)"
        " SELECT 'transfer_again', source, subject, currency, occurred_at FROM ledger_ledgertransaction"
        " WHERE kind = 'transfer' AND source = %s RETURNING id)"
        " INSERT INTO ledger_ledgerentry (transaction_id, account_id, amount)"
        " SELECT again.id, entry.account_id, entry.amount FROM again, ledger_ledgerentry entry"
        " JOIN ledger_ledgertransaction posted ON posted.id = entry.transaction_id"
        " WHERE posted.kind = 'transfer' AND posted.source = %s",
        market.payment.transfer_id,
        market.payment.transfer_id,
    )
    return market.payment.transfer_id


def booked_at_another_time(market: Any) -> str:
    sql(
        "UPDATE ledger_ledgertransaction SET occurred_at = occurred_at - interval '40 days' WHERE source = %s",
        market.reversal,
    )
    return market.reversal


def still_pending(market: Any) -> str:
    row = at_stripe(market, market.charge)
    at_stripe(market, market.charge, status="pending", available_on=row["created"] - 10 * 86400)
    return row["id"]


def unknown_kind(market: Any) -> str:
    world = market.sandbox.world
    with world.state.transaction():
        row = balance_transactions.post(
            world,
            account="",
            kind="stripe_fee",
            category="fee",
            amount=-200,
            currency="usd",
            source=market.charge,
        )
    return row["id"]


def payout_without_a_line(market: Any) -> str:
    sql(
        "DELETE FROM payouts_payoutline WHERE id IN (SELECT max(line.id) FROM payouts_payoutline line"
        " JOIN payouts_organizerpayout payout ON payout.id = line.payout_id WHERE payout.stripe_payout_id = %s)",
        market.payout,
    )
    return market.payout


def payout_with_another_line(market: Any) -> str:
    sql("UPDATE payouts_payoutline SET net_amount = net_amount + 1, amount = amount + 1 WHERE net_amount > 0")
    return market.payout


def balance_that_is_no_sum(market: Any) -> str:
    market.sandbox.world.totals[market.account.stripe_account_id, "usd"]["available"] += 500
    return market.account.stripe_account_id


def refund_made_at_stripe(market: Any) -> str:
    return control(market.sandbox, f"charges/{market.charge}/refund", amount=700)["id"]


def payout_that_nobody_told_of(market: Any) -> str:
    answer = control(market.sandbox, "payouts", account=market.account.stripe_account_id, outcome="paid")
    return answer["id"]


PLANTS: dict[Callable[[Any], str], str] = {
    missing_here: "missing_here",
    missing_at_stripe: "missing_at_stripe",
    another_amount: "amount",
    another_currency: "currency",
    another_stripe_fee: "stripe_fee",
    another_application_fee: "application_fee",
    wrong_account: "wrong_account",
    booked_twice: "duplicate",
    booked_at_another_time: "late",
    still_pending: "overdue",
    unknown_kind: "unknown",
    payout_without_a_line: "payout_lines",
    payout_with_another_line: "payout_lines",
    balance_that_is_no_sum: "balance",
    refund_made_at_stripe: "missing_here",
    payout_that_nobody_told_of: "missing_here",
}


def test_nothing_is_said_of_books_that_match(market):
    code, said = reconcile()
    assert said["open"] == []
    assert code == 0
    assert said["compared"] > 15


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_difference_is_reported_with_its_id(plant, market):
    wanted = plant(market)
    code, said = reconcile()
    named = [(each["kind"], wanted in each["ids"]) for each in said["open"]]
    assert code == 1
    assert (PLANTS[plant], True) in named, said["open"]
    # What else it spoils is the balance that it was taken from, never another movement.
    assert {kind for kind, is_it in named if not is_it} <= {"balance"}, said["open"]
    assert all(each["words"] and each["subject"] for each in said["open"])


def test_every_kind_of_exception_is_planted():
    elsewhere = {MoneyException.Kind.UNREADABLE}
    assert set(PLANTS.values()) == set(MoneyException.Kind) - elsewhere
