"""What `doctor` says about Stripe and the books."""

import contextlib
import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone

from connect.models import EventCursor
from connect.services.catch_up import catch_up
from payouts.checks_for_doctor import checks_for_doctor
from payouts.models import BalanceComparison, BalanceImport, MoneyException, Reconciliation
from payouts.services.reconciliation.runs import are_balances_due, reconcile

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold_long_ago(sell):
    sell()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE ledger_ledgertransaction SET posted_at = posted_at - interval '1 day'")
        cursor.execute("SET session_replication_role = origin")


@pytest.fixture
def healthy(sold_long_ago):
    catch_up()
    reconcile(grace=timedelta(0))
    assert checks_for_doctor() == []


def test_nothing_is_asked_of_a_platform_that_has_sold_nothing():
    assert checks_for_doctor() == []


def test_a_young_platform_has_time_for_its_first_run(sell):
    sell()
    assert checks_for_doctor() == []


def test_without_any_run_both_sweeps_are_missed(sold_long_ago):
    said = checks_for_doctor()
    assert len(said) == 2
    assert "never compared" in said[0]
    assert "replay_webhooks --missed" in said[1]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda ago: Reconciliation.objects.update(finished_at=ago(hours=4)), "last compared"),
        (lambda ago: BalanceComparison.objects.update(compared_at=ago(days=3)), "The balance of stripe:"),
        (lambda ago: EventCursor.objects.update(complete_at=ago(hours=2)), "caught up"),
        (lambda _ago: MoneyException.objects.create(kind="amount", words="W"), "1 differences"),
    ],
)
def test_each_trouble_is_said_with_what_to_do(spoil, words, healthy):
    spoil(lambda **past: timezone.now() - timedelta(**past))
    said = checks_for_doctor()
    assert [words in each for each in said] == [True]


def test_doctor_asks_it(healthy):
    out = io.StringIO()
    with contextlib.suppress(SystemExit):  # of other parts of a test's environment
        call_command("doctor", stdout=out)
    assert "ok     books" in out.getvalue()


@pytest.mark.broken_books("a comparison that differed when the account was closed")
def test_the_balance_of_a_closed_account_is_asked_for_no_more(healthy):
    past = timezone.now() - timedelta(days=3)
    closed = BalanceComparison.objects.filter(books__startswith="stripe:connected:")
    assert closed.update(compared_at=past, stripe_amount=F("ledger_amount") + 1)
    assert checks_for_doctor()
    assert are_balances_due()
    BalanceImport.objects.exclude(account_id="").update(
        unreachable_since=past, error="The account was closed."
    )
    assert checks_for_doctor() == []
    assert not are_balances_due()
