"""Balances: at a moment, of a currency, of an organization."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization
from accounts.tests.factories import OrganizationFactory
from ledger import chart
from ledger.services.balances import balance, organization_balances, trial_balance
from ledger.tests.conftest import NOON, move, seal_all

pytestmark = pytest.mark.django_db


def test_an_account_that_nothing_was_posted_to_stands_at_zero(organization: Organization) -> None:
    assert balance(chart.organizer(organization), currency="usd") == 0
    assert balance(chart.organizer(organization), currency="usd", at=NOON) == 0


def test_a_balance_counts_what_had_occurred_by_then(organization: Organization) -> None:
    owed = chart.organizer(organization)
    move("third", chart.platform(), owed, 700, occurred_at=NOON + timedelta(days=2))
    move("first", chart.platform(), owed, 100, occurred_at=NOON)
    move("second", owed, chart.platform(), 30, occurred_at=NOON + timedelta(days=1))
    at = [NOON - timedelta(seconds=1), NOON, NOON + timedelta(days=1), NOON + timedelta(days=9)]
    assert [balance(owed, currency="usd", at=moment) for moment in at] == [0, -100, -70, -770]
    assert balance(owed, currency="usd") == -770


def test_the_trial_balance_has_debits_and_credits_of_one_sum(organization: Organization) -> None:
    move("a", chart.platform(), chart.organizer(organization), 5000)
    move("b", chart.expense_stripe_fees(), chart.platform(), 175)
    move("c", chart.platform(), chart.organizer(organization), 900, currency="jpy")
    rows = trial_balance("usd")
    assert [(row.code, row.debit_amount, row.credit_amount) for row in rows] == [
        ("expense:stripe_fees", 175, 0),
        (f"organizer:{organization.pk}", 0, 5000),
        ("stripe:platform", 4825, 0),
    ]
    assert sum(row.debit_amount for row in rows) == sum(row.credit_amount for row in rows)


def test_an_organization_sees_its_own_accounts_in_every_currency(organization: Organization) -> None:
    other = OrganizationFactory()
    move("a", chart.platform(), chart.organizer(organization), 5000)
    move("b", chart.connected(organization), chart.platform(), 4500)
    move("c", chart.platform(), chart.organizer(organization), 900, currency="jpy")
    move("d", chart.platform(), chart.organizer(other), 1)
    move("e", chart.dispute("dp_1", organization), chart.platform(), 20)
    found = [(row.currency, row.code, row.amount) for row in organization_balances(organization)]
    assert found == [
        ("jpy", f"organizer:{organization.pk}", -900),
        ("usd", "dispute:dp_1", 20),
        ("usd", f"organizer:{organization.pk}", -5000),
        ("usd", f"stripe:connected:{organization.pk}", 4500),
    ]


def test_every_balance_is_one_statement(organization: Organization) -> None:
    move("a", chart.platform(), chart.organizer(organization), 5000)
    with CaptureQueriesContext(connection) as queries:
        balance(chart.platform(), currency="usd")
        balance(chart.platform(), currency="usd", at=NOON)
        trial_balance("usd")
        organization_balances(organization)
    assert len(queries) == 4


@pytest.mark.django_db(transaction=True)
def test_sealing_changes_no_balance(organization: Organization) -> None:
    for number in range(5):
        move(f"po_{number}", chart.platform(), chart.organizer(organization), 100)
    before = trial_balance("usd")
    seal_all(5)
    assert trial_balance("usd") == before
    move("po_5", chart.platform(), chart.organizer(organization), 1)
    assert balance(chart.platform(), currency="usd") == 501
    assert balance(chart.platform(), currency="usd", at=NOON) == 501
