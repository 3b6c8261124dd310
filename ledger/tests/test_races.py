"""Postings at the same moment: one source is posted once, and no posting waits for another's row."""

import pytest
from django.db import connection, transaction

from accounts.models import Organization
from ledger import chart
from ledger.errors import AlreadyReversed, PostingConflict
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.services.balances import balance, trial_balance
from ledger.services.posting import reverse
from ledger.tests.conftest import NOON, Poster, move, run_together

pytestmark = pytest.mark.django_db(transaction=True)


def _post(source: str, amount: int = 100) -> LedgerTransaction:
    return move(source, chart.bank_platform(), chart.clearing_payout_platform(), amount)


def test_one_source_posted_by_many_at_once_is_posted_once() -> None:
    for round_number in range(10):
        results = run_together([lambda n=round_number: _post(f"po_{n}")] * 8)
        assert len(set(results)) == 1, results
    assert LedgerTransaction.objects.count() == 10
    assert LedgerEntry.objects.count() == 20


def test_of_two_amounts_for_one_source_one_is_posted_and_the_other_is_told() -> None:
    for round_number in range(10):
        source = f"po_{round_number}"
        results = run_together([lambda s=source, a=amount: _post(s, a) for amount in (1, 2)])
        assert sorted(type(result).__name__ for result in results) == ["LedgerTransaction", "PostingConflict"]
        refused = next(result for result in results if isinstance(result, PostingConflict))
        assert refused.status == 409
    assert LedgerEntry.objects.count() == 20


def test_one_posting_is_reversed_once_by_many_at_once() -> None:
    posted = _post("po_1")

    def undo(source: str) -> LedgerTransaction:
        with transaction.atomic():
            return reverse(posted, source=source, occurred_at=NOON)

    results = run_together([lambda n=number: undo(f"re_{n % 2}") for number in range(8)])
    assert sum(isinstance(result, AlreadyReversed) for result in results) == 4
    assert len({result for result in results if isinstance(result, LedgerTransaction)}) == 1
    assert balance(chart.bank_platform(), currency="usd") == 0


def test_accounts_that_many_need_first_are_made_once(organization: Organization) -> None:
    def post(number: int) -> LedgerTransaction:
        to, of = chart.connected(organization), chart.platform()
        return move(f"tr_{number}", *((to, of) if number % 2 else (of, to)), amount=100)

    results = run_together([lambda n=number: post(n) for number in range(10)])
    assert all(isinstance(result, LedgerTransaction) for result in results), results
    assert LedgerAccount.objects.count() == 2
    assert {row.amount for row in trial_balance("usd")} == {0}


def test_a_posting_waits_for_no_other_that_is_still_open() -> None:
    _post("po_0")
    poster = Poster("po_1")
    poster.open()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'")
        _post("po_2")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    poster.commit()
    assert balance(chart.bank_platform(), currency="usd") == 300


def test_a_posting_locks_no_row_of_an_account() -> None:
    _post("po_0")
    poster = Poster("po_1")
    poster.open()
    with transaction.atomic():
        assert LedgerAccount.objects.select_for_update(nowait=True).count() == 2
        assert len(LedgerAccount.objects.select_for_update(nowait=True)) == 2
    poster.commit()


def test_posting_outside_a_transaction_is_a_mistake() -> None:
    posted = _post("po_1")
    with pytest.raises(AssertionError, match="inside the transaction"):
        reverse(posted, source="po_1", occurred_at=NOON)
