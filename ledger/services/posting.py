"""Writing to the ledger: `post` and its correction, `reverse`. Amounts are minor units of the posting's currency.

Both take part in the caller's transaction, the one that writes the row which the posting tells of. They only insert,
two statements a posting, and lock no row that another posting needs.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import Organization
from ledger.chart import Account
from ledger.errors import AlreadyReversed, PostingConflict, UnbalancedPosting
from ledger.models import LedgerEntry, LedgerTransaction
from maly.money import get_currency

logger = logging.getLogger(__name__)

# Makes the accounts that are missing, in one order, so that two first sales don't wait for each other crosswise.
FIND_ACCOUNTS = """
WITH wanted AS (
    SELECT * FROM unnest(%(codes)s::text[], %(kinds)s::text[], %(organizations)s::bigint[])
        AS wanted(code, kind, organization_id)
), made AS (
    INSERT INTO ledger_ledgeraccount (code, currency, kind, organization_id)
    SELECT code, %(currency)s, kind, organization_id FROM wanted
    WHERE NOT EXISTS (
        SELECT FROM ledger_ledgeraccount known WHERE known.code = wanted.code AND known.currency = %(currency)s
    )
    ORDER BY code
    ON CONFLICT (code, currency) DO NOTHING
    RETURNING code, id
)
SELECT code, id FROM made
UNION ALL
SELECT known.code, known.id FROM ledger_ledgeraccount known JOIN wanted USING (code)
WHERE known.currency = %(currency)s
"""
# A second poster of the same source waits here for the first one's commit and then writes nothing.
WRITE = """
WITH posted AS (
    INSERT INTO ledger_ledgertransaction
        (kind, source, organization_id, subject, currency, occurred_at, reverses_id)
    VALUES (%(kind)s, %(source)s, %(organization)s, %(subject)s, %(currency)s, %(occurred_at)s, %(reverses)s)
    ON CONFLICT DO NOTHING
    RETURNING {columns}
), written AS (
    INSERT INTO ledger_ledgerentry (transaction_id, account_id, amount)
    SELECT posted.id, line.account_id, line.amount
    FROM posted, unnest(%(accounts)s::bigint[], %(amounts)s::bigint[])
        WITH ORDINALITY AS line(account_id, amount, position)
    ORDER BY line.position
)
SELECT * FROM posted
"""


@dataclass(frozen=True)
class Line:
    """One side of a recipe: an account and a signed amount in minor units."""

    account: Account
    amount: int


def debit(account: Account, amount: int) -> Line:
    """A debit of `amount` minor units. Raises UnbalancedPosting for a negative amount."""
    return Line(account, _checked(amount))


def credit(account: Account, amount: int) -> Line:
    """A credit of `amount` minor units. Raises UnbalancedPosting for a negative amount."""
    return Line(account, -_checked(amount))


def post(
    kind: str,
    *,
    source: str,
    currency: str,
    lines: Sequence[Line],
    occurred_at: datetime,
    organization: Organization | None = None,
    subject: str = "",
) -> LedgerTransaction:
    """Post one movement of money, once for each kind and source; lines of zero are dropped.

    The same kind and source again gives the first posting back. Raises PostingConflict when that one has other lines,
    another currency or another organization, UnbalancedPosting when debits and credits differ or nothing is left.
    """
    lines = [line for line in lines if line.amount]
    if len(lines) < 2 or sum(line.amount for line in lines) != 0:
        raise UnbalancedPosting(
            _("%(kind)s %(source)s: %(lines)s don't balance. Correct the recipe.")
            % {"kind": kind, "source": source, "lines": _in_words(lines)}
        )
    account_ids = _find_accounts({line.account for line in lines}, get_currency(currency).code)
    transaction = LedgerTransaction(
        kind=kind,
        source=source,
        organization=organization,
        subject=subject,
        currency=currency,
        occurred_at=occurred_at,
    )
    return _write(transaction, [(account_ids[line.account.code], line.amount) for line in lines])


def reverse(transaction: LedgerTransaction, *, source: str, occurred_at: datetime) -> LedgerTransaction:
    """Undo a posting by its mirror image, which names it; nothing is ever changed or taken away.

    `source` is Stripe's id of what undid it. The same source again gives the first reversal back. Raises
    AlreadyReversed when another source reversed it.
    """
    mirrored = LedgerTransaction(
        kind=f"{transaction.kind}_reversal",
        source=source,
        organization_id=transaction.organization_id,
        subject=transaction.subject,
        currency=transaction.currency,
        occurred_at=occurred_at,
        reverses=transaction,
    )
    return _write(mirrored, [(account_id, -amount) for account_id, amount in _entries_of(transaction)])


def _checked(amount: int) -> int:
    if amount < 0:
        raise UnbalancedPosting(_("A line's amount is never negative: debit instead of credit, or reverse."))
    return amount


def _in_words(lines: Sequence[Line]) -> str:
    return ", ".join(f"{line.account.code} {line.amount:+d}" for line in lines) or "no lines"


def _find_accounts(accounts: set[Account], currency: str) -> dict[str, int]:
    """The ids of these accounts by code, made where they are missing."""
    ordered = sorted(accounts, key=lambda account: account.code)
    parameters: dict[str, Any] = {
        "codes": [account.code for account in ordered],
        "kinds": [account.kind for account in ordered],
        "organizations": [account.organization_id for account in ordered],
        "currency": currency,
    }
    found: dict[str, int] = {}
    # The second look sees what another transaction made while the first one waited for it.
    for _look in range(2):
        with connection.cursor() as cursor:
            cursor.execute(FIND_ACCOUNTS, parameters)
            found = dict(cursor.fetchall())
        if len(found) == len(ordered):
            break
    assert len(found) == len(ordered), "Two accounts of one code, or an isolation level above READ COMMITTED."
    return found


def _write(transaction: LedgerTransaction, entries: list[tuple[int, int]]) -> LedgerTransaction:
    """Insert a transaction with its entries in one statement, or find it."""
    assert connection.in_atomic_block, "Post inside the transaction that writes the row it tells of."
    fields = LedgerTransaction._meta.concrete_fields
    parameters: dict[str, Any] = {
        "kind": transaction.kind,
        "source": transaction.source,
        "organization": transaction.organization_id,
        "subject": transaction.subject,
        "currency": transaction.currency,
        "occurred_at": transaction.occurred_at,
        "reverses": transaction.reverses_id,
        "accounts": [account_id for account_id, _ in entries],
        "amounts": [amount for _, amount in entries],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE.format(columns=", ".join(str(field.column) for field in fields)), parameters)
        row = cursor.fetchone()
    if row is None:
        return _find_same(transaction, entries)
    logger.info(
        "ledger_posted kind=%s source=%s subject=%s",
        transaction.kind,
        transaction.source,
        transaction.subject,
    )
    return LedgerTransaction.from_db(connection.alias, [field.attname for field in fields], row)


def _find_same(wanted: LedgerTransaction, entries: list[tuple[int, int]]) -> LedgerTransaction:
    """The posting that stands in the way, if it says the same. Raises PostingConflict, AlreadyReversed."""
    known = LedgerTransaction.objects.filter(kind=wanted.kind, source=wanted.source).first()
    if known is None:
        raise AlreadyReversed
    facts = [(one.currency, one.organization_id, one.reverses_id) for one in (known, wanted)]
    if facts[0] != facts[1] or sorted(_entries_of(known)) != sorted(entries):
        raise PostingConflict(
            _("%(known)s was posted before with other amounts. Reverse that posting instead.")
            % {"known": known}
        )
    return known


def _entries_of(transaction: LedgerTransaction) -> list[tuple[int, int]]:
    return list(LedgerEntry.objects.filter(transaction=transaction).values_list("account_id", "amount"))
