"""What an incremental verification reads: what is new, once, however much is old and however much came at once."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import Organization
from ledger import chart, registry
from ledger.models import LedgerMark
from ledger.services.verification import verify_ledger
from ledger.tests.conftest import move, seal_all

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.broken_books("a past that was never posted"),
]

# So many new ones that their square is more than a scan or two of everything.
OLD, NEW = 2000, 100
# A long past that the mark has seen: copies of the first movement, and checkpoints of accounts that rest since.
HISTORY = """
SET session_replication_role = replica;
INSERT INTO ledger_ledgercheckpoint (account_id, sequence, balance)
SELECT account_id, -number, 0 FROM ledger_ledgercheckpoint, generate_series(1, {number}) number WHERE sequence = 1;
WITH old AS (
    INSERT INTO ledger_ledgertransaction (kind, source, subject, currency, occurred_at, xact_id)
    SELECT kind, 'old_' || number, subject, currency, occurred_at, xact_id
    FROM ledger_ledgertransaction, generate_series(1, {number}) number WHERE source = 'po_1' RETURNING id
), entries AS (
    INSERT INTO ledger_ledgerentry (transaction_id, account_id, amount)
    SELECT old.id, account_id, amount FROM ledger_ledgerentry, old
)
INSERT INTO ledger_ledgerseal (transaction_id, sequence, previous_hash, hash, horizon, sealed_at)
SELECT old.id, -row_number() OVER (), previous_hash, hash, horizon, sealed_at FROM ledger_ledgerseal, old;
SET session_replication_role = origin;
ANALYZE;
"""


def test_an_incremental_run_reads_no_checkpoints_of_accounts_that_did_not_move(
    organization: Organization,
) -> None:
    _begin(organization)
    move("po_2", chart.revenue_premium(), chart.expense_stripe_fees(), 5)
    seal_all(1)
    read = [node for node in _nodes() if node.get("Relation Name") == "ledger_ledgercheckpoint"]
    assert read
    assert sum(map(_rows, read)) < OLD


def test_an_incremental_run_compares_no_new_row_with_every_other(organization: Organization) -> None:
    _begin(organization)
    for number in range(NEW):
        move(f"po_new_{number}", chart.bank_platform(), chart.clearing_payout_platform(), 5)
    seal_all(NEW)
    assert max(map(_rows, _nodes())) < NEW * NEW


def _begin(organization: Organization) -> None:
    """An account with a long past, a clean mark, and statistics that know of nothing new."""
    move("po_1", chart.bank_platform(), chart.clearing_payout_platform(), 100)
    seal_all(1)
    assert verify_ledger().violations == []
    with connection.cursor() as cursor:
        cursor.execute(HISTORY.format(number=OLD))


def _rows(node: dict[str, Any]) -> float:
    """How many rows a node of the plan has looked at."""
    removed = sum(count for name, count in node.items() if name.startswith("Rows Removed by"))
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


def _nodes() -> Iterator[dict[str, Any]]:
    mark = LedgerMark.objects.latest("pk")
    parameters = {
        "since": mark.horizon,
        "since_xid": str(mark.horizon % 2**32),
        "sequence": mark.sequence,
    }
    with connection.cursor() as cursor:
        query = registry.build_query(is_full=False)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters)
        waiting = [cursor.fetchone()[0][0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        yield node
