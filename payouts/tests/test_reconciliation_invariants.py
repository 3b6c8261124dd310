"""The invariants between Stripe and the books have planted faults that each alone catches."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from ledger.services.verification import verify_ledger
from payouts.models import MoneyException
from payouts.services.reconciliation.findings import acknowledge
from payouts.services.reconciliation.movements import compare_movements
from payouts.services.reconciliation.runs import reconcile

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("faults are planted")]

# What the import says of the transfer moves to the application fee: the balance stays what it is.
SWAPPED = """
UPDATE payouts_balancetransaction SET amount = amount + step, net_amount = net_amount + step
FROM (VALUES ('transfer', 1), ('application_fee', -1)) plan (type, step)
WHERE payouts_balancetransaction.type = plan.type AND payouts_balancetransaction.source_id IN (
    SELECT transfer_id FROM ticketing_payment UNION SELECT application_fee_id FROM ticketing_payment
)
"""
FAULTS = {
    "I22": {
        "Stripe holds more": "UPDATE payouts_balancecomparison SET stripe_amount = stripe_amount + 1",
        "the ledger held less": "UPDATE payouts_balancecomparison SET ledger_amount = ledger_amount - 1",
        "less was in flight": "UPDATE payouts_balancecomparison SET in_flight_amount = in_flight_amount - 1",
    },
    "I23": {
        "two amounts that cancel out": SWAPPED,
        "a movement that is gone": "DELETE FROM payouts_balancetransaction WHERE type = 'charge'",
        "another currency": "UPDATE payouts_balancetransaction SET currency = 'eur' WHERE type = 'transfer'",
        "another account": "UPDATE payouts_balancetransaction SET account_id = '', books = 'stripe:platform'"
        " WHERE type = 'payment'",
        "another source": "UPDATE payouts_balancetransaction SET source_id = 'ch_other' WHERE type = 'charge'",
        "another fee of Stripe's": "UPDATE payouts_balancetransaction SET fee_amount = fee_amount + 1,"
        " net_amount = net_amount - 1 WHERE type = 'charge'",
        "another application fee": "UPDATE payouts_balancetransaction SET fee_amount = fee_amount + 1,"
        " application_fee_amount = application_fee_amount + 1, net_amount = net_amount - 1 WHERE type = 'payment'",
    },
}


@pytest.fixture
def world(sell, account):
    """A sale, compared with Stripe ten minutes after it."""
    sell()
    reconcile(grace=timedelta(0))
    plant("UPDATE payouts_balanceimport SET complete_at = complete_at + interval '10 minutes'")


def plant(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")


def codes() -> set[str]:
    return {violation.code for violation in verify_ledger().violations}


def test_what_was_compared_is_clean(world):
    assert codes() == set()
    assert verify_ledger(is_full=False).violations == []


@pytest.mark.parametrize(("code", "words"), [(code, words) for code in FAULTS for words in FAULTS[code]])
def test_a_planted_fault_is_caught_by_its_invariant_alone(code, words, world):
    plant(FAULTS[code][words])
    assert codes() == {code}


def test_what_is_younger_than_five_minutes_is_left_to_the_next_run(world):
    plant("UPDATE payouts_balanceimport SET complete_at = complete_at - interval '10 minutes'")
    plant(FAULTS["I23"]["two amounts that cancel out"])
    assert codes() == set()


def test_an_incremental_run_looks_at_the_balances(world):
    assert verify_ledger().violations == []
    plant(FAULTS["I22"]["Stripe holds more"])
    assert {each.code for each in verify_ledger(is_full=False).violations} == {"I22"}


def test_of_an_account_that_is_gone_only_what_was_imported_is_compared(world):
    plant("UPDATE payouts_balanceimport SET unreachable_since = now() WHERE account_id <> ''")
    assert codes() == set()
    plant(FAULTS["I23"]["another application fee"])
    assert codes() == {"I23"}
    plant("DELETE FROM payouts_balancetransaction WHERE type = 'payment'")
    assert codes() == set()


def test_an_organization_with_an_account_that_was_never_imported_is_not_compared(world):
    plant("DELETE FROM payouts_balancetransaction WHERE type = 'payment'")
    assert codes() == {"I23"}
    plant(
        "INSERT INTO payouts_balanceimport (account_id, books, listing_after, error)"
        " SELECT 'acct_1New', books, '', '' FROM payouts_balanceimport WHERE account_id <> ''"
    )
    assert codes() == set()


def test_a_difference_that_staff_know_of_is_no_fault_any_more(world, staff):
    plant(FAULTS["I23"]["another source"])
    compare_movements(grace=timedelta(0))
    assert codes() == {"I23"}
    for exception in MoneyException.objects.filter(cleared_at=None):
        acknowledge(exception, actor=staff, note="Asked Stripe's support.")
    assert codes() == set()
    assert timezone.now() >= MoneyException.objects.first().acknowledged_at
