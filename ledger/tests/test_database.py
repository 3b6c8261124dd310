"""What the database refuses, whoever asks and however: unbalanced transactions, and changes."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Organization
from ledger import chart
from ledger.models import LedgerAccount, LedgerEntry, LedgerHead, LedgerMark, LedgerTransaction
from ledger.tests.conftest import NOON, check_now, move

TABLES = [
    "ledger_ledgeraccount",
    "ledger_ledgertransaction",
    "ledger_ledgerentry",
    "ledger_ledgerseal",
    "ledger_ledgercheckpoint",
    "ledger_ledgerhead",
    "ledger_ledgermark",
]
CHANGES = ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"]


@pytest.fixture
def posted(organization: Organization) -> LedgerTransaction:
    """A movement of $10.00, not committed."""
    return move("po_1", chart.bank_platform(), chart.clearing_payout_platform(), 1000)


def _run(statement: str, *parameters: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        check_now()


def _account(code: str) -> int:
    return LedgerAccount.objects.get(code=code).pk


def _post_raw(*lines: tuple[int, int], currency: str = "usd", **fields: object) -> LedgerTransaction:
    """Write a transaction as somebody who doesn't know of `post`, up to the check at commit."""
    with transaction.atomic():
        raw = LedgerTransaction.objects.create(
            kind="raw", source="raw", currency=currency, occurred_at=NOON, **fields
        )
        for account_id, amount in lines:
            LedgerEntry.objects.create(transaction=raw, account_id=account_id, amount=amount)
        check_now()
    return raw


def _add_entries(posted: LedgerTransaction) -> None:
    with transaction.atomic():
        for entry in posted.entries.all():
            LedgerEntry.objects.create(transaction=posted, account_id=entry.account_id, amount=entry.amount)


# --- unbalanced


def test_a_balanced_transaction_in_raw_sql_is_accepted(posted: LedgerTransaction) -> None:
    raw = _post_raw((_account("bank:platform"), 5), (_account("clearing:payout:platform"), -5))
    assert raw.entries.count() == 2


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        ([5, -4], "sums to 1"),
        ([5], "sums to 5"),
        ([], "fewer than two entries"),
        ([2**62, 2**62, -5], "sums to"),
    ],
)
def test_an_unbalanced_transaction_is_refused_at_commit(
    posted: LedgerTransaction, amounts: list[int], words: str
) -> None:
    bank = _account("bank:platform")
    with pytest.raises(IntegrityError, match=words):
        _post_raw(*((bank, amount) for amount in amounts))
    assert LedgerTransaction.objects.get() == posted


@pytest.mark.django_db(transaction=True)
def test_the_refusal_comes_at_the_commit_itself() -> None:
    with pytest.raises(IntegrityError, match="fewer than two entries"), transaction.atomic():
        LedgerTransaction.objects.create(kind="raw", source="raw", currency="usd", occurred_at=NOON)
    assert not LedgerTransaction.objects.exists()


def test_an_entry_of_zero_is_refused(posted: LedgerTransaction) -> None:
    with pytest.raises(IntegrityError, match="not_zero"):
        _post_raw((_account("bank:platform"), 0))


def test_an_account_of_another_currency_is_refused(posted: LedgerTransaction) -> None:
    bank, clearing = _account("bank:platform"), _account("clearing:payout:platform")
    with pytest.raises(IntegrityError, match="no account in eur"):
        _post_raw((bank, 5), (clearing, -5), currency="eur")


def test_an_account_that_does_not_exist_is_refused(posted: LedgerTransaction) -> None:
    bank = _account("bank:platform")
    with pytest.raises(IntegrityError, match="no account in usd"):
        _post_raw((bank, 5), (987654321, -5))


@pytest.mark.django_db(transaction=True)
def test_a_committed_transaction_takes_no_more_entries(organization: Organization) -> None:
    posted = move("po_1", chart.bank_platform(), chart.clearing_payout_platform(), 1000)
    with pytest.raises(IntegrityError, match="closed"):
        _add_entries(posted)
    assert posted.entries.count() == 2


def test_nobody_chooses_the_number_of_its_database_transaction(posted: LedgerTransaction) -> None:
    bank, clearing = _account("bank:platform"), _account("clearing:payout:platform")
    with pytest.raises(IntegrityError, match="closed"):
        _post_raw((bank, 5), (clearing, -5), xact_id=1)


# --- append-only


@pytest.fixture
def everywhere(posted: LedgerTransaction, request: pytest.FixtureRequest) -> None:
    """A row in every table that a test within one transaction can fill, the head of a chain that there isn't."""
    request.node.add_marker(pytest.mark.broken_books("a head of no chain"))
    LedgerHead.objects.create(day="2026-09-01", sequence=1, hash="0" * 64)
    LedgerMark.objects.create(horizon=1, sequence=0, rules_hash="", is_full=True)
    check_now()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", TABLES)
def test_no_table_can_be_changed_or_emptied(everywhere: None, table: str, change: str) -> None:
    # TRUNCATE of a table that another one points to is refused for that already.
    with pytest.raises(DatabaseError, match="append-only|cannot truncate"):
        _run(change.format(table))


def test_the_orm_cannot_get_round_it(posted: LedgerTransaction) -> None:
    check_now()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.filter(transaction=posted).update(amount=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        posted.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.all().delete()


def test_emptying_the_organizations_does_not_empty_the_ledger(everywhere: None) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        _run("TRUNCATE accounts_organization CASCADE")
