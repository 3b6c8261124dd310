"""The sealer: chains committed transactions by their hashes and writes the balances they lead to.

Ids are not the order of commits, so a transaction is sealed only when nothing that could still commit is older. Sealing
is apart from posting: a chain made at commit would be one row that every sale waits for.
"""

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from ledger.models import LedgerSeal
from maly.crash import crash_point

logger = logging.getLogger(__name__)

FIRST_HASH = "0" * 64
BATCH = 1000
# An advisory lock of the transaction: any number of sealers are one. "malyseal" in ASCII.
LOCK = 0x6D616C797365616C
# The horizon is the oldest transaction that is still open. One that is known to work in another database of the cluster
# can't write here and isn't waited for; one of which nothing is known is. A number that the cluster hasn't reached was
# brought by a restored dump and is long committed.
FIND_SEALABLE = """
WITH snapshot AS (SELECT pg_current_snapshot() AS taken),
horizon AS (
    SELECT LEAST(
        pg_snapshot_xmax(taken)::text::bigint,
        pg_current_xact_id_if_assigned()::text::bigint,
        (SELECT min(open::text::bigint) FROM pg_snapshot_xip(taken) open WHERE NOT EXISTS (
            SELECT FROM pg_stat_activity WHERE backend_xid = open::xid AND datname <> current_database()
        ))
    ) AS xact_id, pg_snapshot_xmax(taken)::text::bigint AS future
    FROM snapshot
)
SELECT transaction_id, xact_id, (SELECT xact_id FROM horizon) AS horizon
FROM ledger_unsealed
WHERE xact_id < (SELECT xact_id FROM horizon)
    OR (xact_id >= (SELECT future FROM horizon)
        AND xact_id IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint)
ORDER BY xact_id, transaction_id
LIMIT %(limit)s
"""
WRITE_CHECKPOINTS = """
INSERT INTO ledger_ledgercheckpoint (account_id, sequence, balance)
SELECT moved.account_id, %(sequence)s, moved.amount + COALESCE((
    SELECT last.balance FROM ledger_ledgercheckpoint last
    WHERE last.account_id = moved.account_id ORDER BY last.sequence DESC LIMIT 1
), 0)
FROM (
    SELECT account_id, sum(amount) AS amount FROM ledger_ledgerentry
    WHERE transaction_id = ANY(%(transactions)s) GROUP BY account_id
) moved
"""


@dataclass(frozen=True)
class Sealable:
    """A transaction that can be sealed, the number that wrote it, and the horizon it was found below."""

    transaction_id: int
    xact_id: int
    horizon: int


def seal_transactions(*, batch: int = BATCH) -> int:
    """Seal everything that can be sealed, in batches; returns how many transactions that were.

    Returns at once while another sealer is at work. May be called at any time, any number of times.
    """
    total = sealed = seal_batch(batch)
    while sealed == batch:
        sealed = seal_batch(batch)
        total += sealed
    return total


def seal_batch(limit: int = BATCH) -> int:
    """Seal up to `limit` transactions, with the checkpoints of the accounts they moved; returns how many."""
    with transaction.atomic(durable=True):
        if not take_lock():
            return 0
        due = _find_sealable(limit)
        if due:
            sequence = _write_seals(due, horizon=_horizon_after(due, limit))
            _write_checkpoints(due, sequence)
    crash_point("ledger.sealed")
    if due:
        logger.info("ledger_sealed transactions=%s sequence=%s", len(due), sequence)
    return len(due)


def take_lock() -> bool:
    """Become the one sealer until the caller's transaction ends; False while another one is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def hash_body(previous_hash: str, body: str) -> str:
    """The hash of a transaction: SHA-256 of the hash before it, in hex, followed by its body."""
    return hashlib.sha256((previous_hash + body).encode()).hexdigest()


def _find_sealable(limit: int) -> list[Sealable]:
    with connection.cursor() as cursor:
        # While the tables grow fast, their statistics say that they are small, and reading them whole looks cheap.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(FIND_SEALABLE, {"limit": limit})
        return [Sealable(*row) for row in cursor.fetchall()]


def _bodies_of(due: list[Sealable]) -> dict[int, str]:
    """What each seal covers, by transaction."""
    query = "SELECT transaction_id, body FROM ledger_body WHERE transaction_id = ANY(%(transactions)s)"
    parameters: dict[str, Any] = {"transactions": [each.transaction_id for each in due]}
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return dict(cursor.fetchall())


def _horizon_after(due: list[Sealable], limit: int) -> int:
    """Below which number nothing is left unsealed: all that can be sealed, or as far as a full batch reached."""
    return due[-1].horizon if len(due) < limit else min(due[-1].xact_id, due[-1].horizon)


def _write_seals(due: list[Sealable], *, horizon: int) -> int:
    """Go on with the chain; returns the last sequence."""
    last = LedgerSeal.objects.order_by("-sequence").values_list("sequence", "hash").first()
    sequence, previous_hash = last or (0, FIRST_HASH)
    bodies = _bodies_of(due)
    seals = []
    for each in due:
        sequence += 1
        digest = hash_body(previous_hash, bodies[each.transaction_id])
        seals.append(
            LedgerSeal(
                transaction_id=each.transaction_id,
                sequence=sequence,
                previous_hash=previous_hash,
                hash=digest,
                horizon=horizon,
                sealed_at=timezone.now(),
            )
        )
        previous_hash = digest
    LedgerSeal.objects.bulk_create(seals)
    return sequence


def _write_checkpoints(due: list[Sealable], sequence: int) -> None:
    parameters: dict[str, Any] = {
        "sequence": sequence,
        "transactions": [each.transaction_id for each in due],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE_CHECKPOINTS, parameters)
