"""Whether the books are proved, sealed and compared with Stripe, and how the database does."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from adminpanel.selectors.operations_rows import read_rows

BOOKS = """
WITH unsealed AS (
    SELECT posted.posted_at FROM ledger_unsealed JOIN ledger_ledgertransaction posted ON posted.id = transaction_id
)
SELECT
    (SELECT checked_at FROM ledger_ledgermark ORDER BY id DESC LIMIT 1) AS proved_at,
    (SELECT checked_at FROM ledger_ledgermark WHERE is_full ORDER BY id DESC LIMIT 1) AS proved_whole_at,
    (SELECT count(*) FROM ledger_ledgerviolation WHERE cleared_at IS NULL) AS violations,
    (SELECT count(*) FROM unsealed) AS unsealed,
    (SELECT min(posted_at) FROM unsealed) AS unsealed_since,
    (SELECT finished_at FROM payouts_reconciliation ORDER BY finished_at DESC LIMIT 1) AS compared_at,
    (SELECT count(*) FROM payouts_moneyexception WHERE cleared_at IS NULL AND acknowledged_at IS NULL) AS differences,
    (SELECT posted_at FROM ledger_ledgertransaction ORDER BY id LIMIT 1) AS begun_at,
    (SELECT refreshed_at FROM adminpanel_revenuemark) AS revenue_at
"""
# Of other sessions of this database: ours is reading this.
DATABASE = """
SELECT pg_database_size(current_database()) AS bytes, count(*) AS connections,
    count(*) FILTER (WHERE wait_event_type = 'Lock') AS blocked,
    max(clock_timestamp() - xact_start) AS longest,
    current_setting('max_connections')::int AS most_connections
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, kw_only=True)
class Books:
    """When the ledger was last proved clean, what waits for its seal, and when Stripe was last compared with it."""

    proved_at: datetime | None
    proved_whole_at: datetime | None
    violations: int
    unsealed: int
    unsealed_since: datetime | None
    compared_at: datetime | None
    differences: int
    begun_at: datetime | None
    revenue_at: datetime | None

    @property
    def seal_lag(self) -> timedelta:
        """How long the oldest posting has waited for its seal."""
        return timezone.now() - self.unsealed_since if self.unsealed_since else timedelta()


@dataclass(frozen=True, kw_only=True)
class Database:
    """The database's size and its sessions; `longest` is the oldest open transaction's age."""

    bytes: int
    connections: int
    blocked: int
    longest: timedelta | None
    most_connections: int


def read_books() -> Books:
    """One statement."""
    (row,) = read_rows(BOOKS, {})
    return Books(**row)


def read_database() -> Database:
    """One statement."""
    (row,) = read_rows(DATABASE, {})
    return Database(**row)
