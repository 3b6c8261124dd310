"""`manage.py reconcile`, as a person at a terminal and a script see it."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from payouts.models import BalanceTransaction
from payouts.services.reconciliation import runs
from payouts.services.reconciliation.findings import acknowledge
from payouts.services.reconciliation.runs import open_exceptions
from payouts.tests.conftest import control, fail, requests_to

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.broken_books("the last comparison found what nobody has told us of"),
]


def run(*options):
    """The exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command("reconcile", "--grace", "0", *options, stdout=out)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def unknown_refund(sell, sandbox):
    """A refund made at Stripe that nobody has told us of."""
    charge = sell().payments.get().charge_id
    return control(sandbox, f"charges/{charge}/refund", amount=700)["id"]


def test_books_that_match_say_so_and_how_far_it_came(sell):
    sell()
    code, said = run()
    assert code == 0
    assert "Comparing 2 accounts" in said
    assert "Imported 4 movements" in said
    assert "Compared 4 movements and 2 balances" in said
    assert said.endswith("Everything that was compared matches.\n")


def test_a_difference_is_printed_with_its_ids_and_what_to_do(unknown_refund):
    code, said = run()
    assert code == 1
    assert f"At Stripe, not in the ledger: {unknown_refund}, txn_" in said
    assert "-$7.00 (refund) on stripe:platform" in said
    assert "look the id up in Stripe's dashboard" in said
    assert said.endswith("1 differences are open.\n")


def test_it_is_gone_once_the_event_has_been_heard(unknown_refund, settle):
    assert run()[0] == 1
    settle()
    assert run() == (0, run()[1])


def test_what_was_acknowledged_is_said_to_be_and_stays_open(unknown_refund, staff):
    run()
    acknowledge(open_exceptions()[0], actor=staff, note="Asked who made it.")
    code, said = run()
    assert code == 1
    assert "not in the ledger (acknowledged)" in said


def test_without_import_stripe_is_asked_nothing(sell, sandbox):
    sell()
    run()
    before = len(sandbox.control("GET", "/_sandbox/requests")[1])
    BalanceTransaction.objects.filter(type="transfer").delete()
    code, said = run("--no-import", "--json")
    assert code == 1
    assert [each["kind"] for each in json.loads(said)["open"]] == ["missing_at_stripe"]
    assert len(sandbox.control("GET", "/_sandbox/requests")[1]) == before


def test_one_account_is_looked_at_alone(unknown_refund, sandbox, account):
    code, said = run("--account", account.stripe_account_id)
    assert (code, "Comparing 1 accounts" in said) == (0, True)
    lists = requests_to(sandbox, "/v1/balance_transactions", "GET")
    assert {row["headers"]["stripe_account"] for row in lists} == {account.stripe_account_id}
    code, said = run("--account", "platform")
    assert (code, unknown_refund in said) == (1, True)


def test_an_account_of_nobody_is_refused():
    with pytest.raises(CommandError, match="no account of an organization here"):
        run("--account", "acct_1Nobody")


def test_an_account_that_could_not_be_read_is_named(sell, sandbox):
    sell()
    fail(sandbox, "/v1/balance_transactions", "error_500", method="GET")
    code, said = run()
    assert code == 1
    assert "Not read: platform. GatewayUnavailable" in said
    assert "couldn't be compared. Try again." in said
    assert "1 balances" in said
    code, said = run()
    assert (code, "2 balances" in said) == (0, True)


@pytest.mark.django_db(transaction=True)
def test_a_second_run_is_refused_in_words(sell):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [runs.LOCK])
            with pytest.raises(CommandError, match="Another reconciliation is under way"):
                run()
    finally:
        other.close()
