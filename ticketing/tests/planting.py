"""Faults as somebody could plant them who goes round every constraint, trigger and foreign key."""

from django.db import connection

# The sale's lines in the books of the one paid order of a world, so that a fault of its payment is no fault of theirs.
ENTRY = "account_id IN (SELECT id FROM ledger_ledgeraccount WHERE code LIKE '{}')"


def plant(statements: str) -> None:
    """Run statements as nothing of ours could."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ticketing_tickettype DROP CONSTRAINT IF EXISTS ticket_type_stock")
        cursor.execute("ALTER TABLE ticketing_event DROP CONSTRAINT IF EXISTS event_stock")
        cursor.execute("ALTER TABLE ticketing_order DROP CONSTRAINT IF EXISTS order_refund_within_total")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statements)
        cursor.execute("SET session_replication_role = origin")


def rebook(account: str, amount: str) -> str:
    """Change every entry of the accounts like `account` to an expression of `amount`."""
    return f"UPDATE ledger_ledgerentry SET amount = {amount} WHERE {ENTRY.format(account)}"


def unbook(account: str) -> str:
    """Take every entry of the accounts like `account` away."""
    return f"DELETE FROM ledger_ledgerentry WHERE {ENTRY.format(account)}"


def book(kind: str, source: str, order: str, **amounts: int) -> str:
    """Post for the order of a subquery: `platform`, `connected`, `organizer`, `revenue` are debited by amount."""
    codes = {
        "platform": "'stripe:platform'",
        "connected": "'stripe:connected:' || organization_id",
        "organizer": "'organizer:' || organization_id",
        "revenue": "'revenue:platform_fee'",
    }
    lines = ", ".join(f"({codes[name]}, {amount})" for name, amount in amounts.items())
    return (
        "WITH sold AS (SELECT organization_id, code FROM ticketing_order WHERE id = {order}), posted AS ("
        "INSERT INTO ledger_ledgertransaction (kind, source, organization_id, subject, currency, occurred_at)"
        f" SELECT '{kind}', '{source}', organization_id, 'order:' || code, 'usd', now() FROM sold RETURNING id)"
        " INSERT INTO ledger_ledgerentry (transaction_id, account_id, amount)"
        " SELECT posted.id, account.id, line.amount FROM posted, sold"
        f" CROSS JOIN LATERAL (VALUES {lines}) line (code, amount)"
        " JOIN ledger_ledgeraccount account ON account.code = line.code AND account.currency = 'usd'"
    ).replace("{order}", order)
