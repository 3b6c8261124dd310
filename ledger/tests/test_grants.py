"""The wall of grants.sql: a role that works the product, and can only read the ledger and add to it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Organization
from accounts.services.audit import record
from ledger import chart
from ledger.models import LedgerCheckpoint, LedgerHead, LedgerSeal, LedgerTransaction, LedgerViolation
from ledger.services.balances import balance
from ledger.services.posting import reverse
from ledger.services.sealing import seal_transactions
from ledger.services.verification import verify_ledger
from ledger.services.violations import note_violations
from ledger.tests.conftest import NOON, check_now, move

GRANTS = (Path(__file__).parents[1] / "grants.sql").read_text()
OPEN_TO_CHANGE = "ledger_ledgerviolation"  # cleared when it is whole again
TABLES = sorted(
    {model._meta.db_table for model in apps.get_app_config("ledger").get_models()} - {OPEN_TO_CHANGE}
)
VIEWS = ["ledger_unsealed", "ledger_balance", "ledger_body"]


@pytest.fixture
def posted(organization: Organization) -> LedgerTransaction:
    posted = move("po_1", chart.bank_platform(), chart.clearing_payout_platform(), 1000)
    record("payout.paid", organization=organization)
    check_now()
    return posted


@pytest.fixture
def as_application(posted: LedgerTransaction) -> Iterator[None]:
    """The test goes on as the application's role, which ends with the test's transaction."""
    role = f"maly_app_{os.getpid()}"  # roles are the cluster's, and so shared with the tests beside this one
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}; {GRANTS.replace('maly_app', role)} SET LOCAL ROLE {role}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def _execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.broken_books("checkpoint, head and seal are made up")
def test_the_role_posts_reverses_seals_verifies_and_reads(
    as_application: None, posted: LedgerTransaction
) -> None:
    second = move("po_2", chart.bank_platform(), chart.clearing_payout_platform(), 500)
    with transaction.atomic():
        reverse(posted, source="po_1", occurred_at=NOON)
    check_now()
    assert balance(chart.bank_platform(), currency="usd") == 500
    assert seal_transactions() == 0  # nothing is committed
    account = second.entries.first().account
    LedgerCheckpoint.objects.create(account=account, sequence=1, balance=0)
    LedgerHead.objects.create(day="2026-09-01", sequence=1, hash="0" * 64)
    fields = {"hash": "0" * 64, "previous_hash": "0" * 64, "horizon": 0, "sealed_at": NOON}
    LedgerSeal.objects.create(transaction=second, sequence=1, **fields)
    found = verify_ledger()
    assert {each.code for each in found.violations} == {"I04", "I06"}
    note_violations(found)
    note_violations(replace(found, violations=[]))
    assert not LedgerViolation.objects.filter(cleared_at=None).exists()
    with pytest.raises(DatabaseError, match="permission denied"):
        _execute(f"DELETE FROM {OPEN_TO_CHANGE}")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"],
)
@pytest.mark.parametrize("table", [*TABLES, "accounts_auditentry"])
def test_the_role_changes_nothing_and_cannot_stop_the_triggers(
    as_application: None, table: str, statement: str
) -> None:
    with pytest.raises(DatabaseError, match="permission denied|must be owner"):
        _execute(statement.format(table))


@pytest.mark.parametrize("view", VIEWS)
def test_the_role_cannot_write_through_a_view(as_application: None, view: str) -> None:
    column = "account_id" if view == "ledger_balance" else "transaction_id"
    with pytest.raises(DatabaseError, match="permission denied|cannot delete from view"):
        _execute(f"DELETE FROM {view} WHERE {column} = 0")
    with connection.cursor() as cursor:
        for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            cursor.execute("SELECT has_table_privilege(%s, %s)", [view, right])
            assert cursor.fetchone() == (False,)


def test_the_role_cannot_turn_the_triggers_off_for_itself(as_application: None) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        _execute("SET session_replication_role = replica")


def test_a_temporary_table_does_not_stand_in_for_the_entries(
    as_application: None, posted: LedgerTransaction
) -> None:
    account = posted.entries.first().account_id
    _execute("CREATE TEMPORARY TABLE ledger_ledgerentry AS SELECT * FROM public.ledger_ledgerentry")
    with pytest.raises(IntegrityError, match="fewer than two entries|sums to"):
        _post_unbalanced(account)


def _post_unbalanced(account: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_ledgertransaction (kind, source, subject, currency, occurred_at)"
            " VALUES ('raw', 'raw', '', 'usd', now()) RETURNING id"
        )
        (raw,) = cursor.fetchone()
        for table in ("public.ledger_ledgerentry", "pg_temp.ledger_ledgerentry"):
            cursor.execute(
                f"INSERT INTO {table} (transaction_id, account_id, amount) VALUES (%s, %s, 5)", [raw, account]
            )
        cursor.execute(
            "INSERT INTO pg_temp.ledger_ledgerentry (transaction_id, account_id, amount) VALUES (%s, %s, -5)",
            [raw, account],
        )
        check_now()


def test_the_wall_names_every_table_of_the_ledger() -> None:
    assert all(f"    {table}," in GRANTS for table in TABLES)
