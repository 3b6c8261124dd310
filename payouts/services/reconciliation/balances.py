"""Each balance at Stripe against the sum of its movements and against the ledger's account of it."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils import timezone

from connect import gateway
from connect.errors import GatewayError
from ledger import chart
from payouts.models import BalanceComparison, BalanceImport, BalanceTransaction, MoneyException
from payouts.services.reconciliation.findings import Finding, record_findings
from payouts.services.reconciliation.imports import import_account
from payouts.services.reconciliation.statements import COMPARED
from payouts.services.reconciliation.words import in_words

logger = logging.getLogger(__name__)

Kind = MoneyException.Kind
TRIES = 3
Amounts = Counter[str]

# What happened too lately to be a difference: the ledger may be ahead of what was imported, or behind it.
IN_FLIGHT = f"""
SELECT currency, sum(at_stripe - in_ledger)
FROM ({COMPARED}) part
WHERE books = %(books)s AND at_stripe <> in_ledger AND known_at > %(until)s
GROUP BY currency
"""  # noqa: S608
IN_LEDGER = "SELECT currency, amount FROM ledger_balance WHERE code = %(books)s"


@dataclass(frozen=True)
class Standing:
    """What Stripe held by currency, while nothing moved, and the imported movements of the same moment."""

    at_stripe: Amounts
    imported: Amounts


def compare_balances(imports: Sequence[BalanceImport], *, grace: timedelta) -> list[str]:
    """Compare Stripe's balances with the sum of the movements and with the ledger; returns the books it could compare.

    A balance that moves each time it is read is left to the next run. An organization that replaced its account has
    the sum of both.
    """
    compared = []
    by_books = groupby(sorted(imports, key=lambda row: row.books), key=lambda row: row.books)
    for books, rows in by_books:
        owned = list(rows)
        standing = None if any(row.unreachable_since for row in owned) else _read(owned)
        if standing is None:
            continue
        findings = list(_compare(books, owned, standing, grace))
        record_findings(findings, kinds=[Kind.BALANCE], books=[books])
        compared.append(books)
    return compared


def readable_comparisons() -> QuerySet[BalanceComparison]:
    """The comparisons that a run can bring up to date: of an account that was closed the last one stays as it is."""
    lost = BalanceImport.objects.exclude(unreachable_since=None)
    return BalanceComparison.objects.exclude(books__in=lost.values("books"))


def _read(imports: list[BalanceImport]) -> Standing | None:
    """Balances that were the same before and after the import of their movements; None if they never stood still."""
    try:
        with gateway.patiently():
            before = _held(imports)
            for _try in range(TRIES):
                for row in imports:
                    import_account(row)
                after = _held(imports)
                if before == after:
                    return Standing(at_stripe=after, imported=_imported(imports))
                before = after
    except GatewayError as error:
        logger.warning("balance_unread books=%s error=%s", imports[0].books, type(error).__name__)
        return None
    logger.info("balance_never_still books=%s", imports[0].books)
    return None


def _held(imports: list[BalanceImport]) -> Amounts:
    held: Amounts = Counter()
    for row in imports:
        balance = gateway.retrieve_balance(row.account_id)
        for amounts in (balance.available, balance.pending):
            for currency, amount in amounts.items():
                held[currency] += amount
    return held


def _imported(imports: list[BalanceImport]) -> Amounts:
    rows = BalanceTransaction.objects.filter(account_id__in=[row.account_id for row in imports])
    return Counter(dict(rows.values_list("currency").annotate(Sum("net_amount"))))


def _compare(
    books: str, imports: list[BalanceImport], standing: Standing, grace: timedelta
) -> Iterator[Finding]:
    known_until = min(row.complete_at for row in imports if row.complete_at)
    in_ledger = _sums(IN_LEDGER, {"books": books})
    in_flight = _sums(IN_FLIGHT, {"books": books, "until": known_until - grace})
    for currency in sorted({*standing.at_stripe, *standing.imported, *in_ledger}):
        held, imported = standing.at_stripe[currency], standing.imported[currency]
        BalanceComparison.objects.update_or_create(
            books=books,
            currency=currency,
            defaults={
                "stripe_amount": held,
                "imported_amount": imported,
                "ledger_amount": in_ledger[currency],
                "in_flight_amount": in_flight[currency],
                "compared_at": timezone.now(),
            },
        )
        if held != imported:
            yield Finding(
                kind=Kind.BALANCE,
                subject=f"{books}:{currency}:balance",
                words=_words(books, currency, held, imported),
                books=books,
                currency=currency,
                expected=held,
                found=imported,
                ids=[row.account_id or chart.platform().code for row in imports],
            )


def _sums(query: str, parameters: dict[str, Any]) -> Amounts:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return Counter({currency: int(amount) for currency, amount in cursor.fetchall()})


def _words(books: str, currency: str, held: int, imported: int) -> str:
    return (
        f"Stripe says that {books} holds {in_words(held, currency)}, and its own list of movements adds up to "
        f"{in_words(imported, currency)}. Compare Stripe's balance report with the movements; ask Stripe's support."
    )
