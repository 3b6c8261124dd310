"""Each movement at Stripe against the ledger, both ways, in one statement; what differs is told apart here."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from ledger import chart
from payouts.models import BalanceImport, BalanceTransaction, MoneyException
from payouts.services.reconciliation import suspense, words
from payouts.services.reconciliation.findings import Finding, record_findings
from payouts.services.reconciliation.statements import COMPARED, DETAILS, HORIZON

Kind = MoneyException.Kind
KINDS = (
    Kind.MISSING_HERE,
    Kind.MISSING_AT_STRIPE,
    Kind.AMOUNT,
    Kind.STRIPE_FEE,
    Kind.APPLICATION_FEE,
    Kind.CURRENCY,
    Kind.WRONG_ACCOUNT,
    Kind.DUPLICATE,
    Kind.LATE,
    Kind.UNKNOWN,
    Kind.OVERDUE,
)
# A posting further than this from Stripe's own time may stand in another month's statement.
LATE_BY = timedelta(days=7)
# Money that Stripe promised for a day and still holds so much later.
OVERDUE_BY = timedelta(days=3)

# A refund is dated by when it was asked for; Stripe may pay it days later.
DIFFERENT = f"""
WITH horizon AS ({HORIZON})
SELECT found.*, COALESCE(known_at <= until - %(grace)s, false) AS is_settled, COALESCE(known.has_gap, false) AS has_gap
FROM ({COMPARED}) found
LEFT JOIN horizon known ON known.books = found.books
CROSS JOIN LATERAL (
    SELECT CASE WHEN known.books IS NULL
        THEN (SELECT complete_at FROM horizon WHERE books = %(platform)s) ELSE known.complete_at END AS until
) edge
WHERE (%(books)s::text[] IS NULL OR found.books = ANY(%(books)s)) AND (
    at_stripe <> in_ledger
    OR (is_unknown AND at_stripe <> 0)
    OR (key !~ '^(re|pyr)_' AND abs(extract(epoch FROM posted_for - moved_at)) > %(late)s)
)
ORDER BY known_at, found.books, key
"""  # noqa: S608


@dataclass(frozen=True, eq=False)
class Difference:
    """A key of which Stripe and the ledger say different things, with all that either side knows of it."""

    books: str
    currency: str
    key: str
    at_stripe: int
    in_ledger: int
    movements: int
    postings: int
    is_unknown: bool
    stripe_ids: list[str]
    transaction_ids: list[int]
    types: list[str]
    moved_at: datetime | None
    posted_for: datetime | None
    is_settled: bool
    has_gap: bool

    @property
    def subject(self) -> str:
        return f"{self.books}:{self.currency}:{self.key}"

    @property
    def ids(self) -> list[str]:
        ours = [f"ledger:{each}" for each in self.transaction_ids]
        return list(dict.fromkeys([self.key, *self.stripe_ids, *ours]))


def compare_movements(*, books: Collection[str] | None = None, grace: timedelta) -> int:
    """Compare what was imported with the ledger and keep what differs; returns how many movements were looked at.

    Nothing is said of a key about which something happened in the last `grace` before its import. What is of no known
    kind is booked to suspense, so that the books hold what Stripe holds.
    """
    suspense.reverse_explained()
    found = find_differences(books=books, grace=grace)
    settled = [each for each in found if each.is_settled]
    suspended = suspense.suspend_unknown(
        each.key for each in settled if each.is_unknown and not each.postings
    )
    settled = [replace(each, in_ledger=each.at_stripe) if each.key in suspended else each for each in settled]
    findings = [*_tell_apart(settled), *_find_overdue(books)]
    undecided = [each.subject for each in found if not each.is_settled]
    record_findings(findings, kinds=KINDS, books=books, undecided=undecided)
    looked_at = BalanceTransaction.objects.all()
    return (looked_at.filter(books__in=books) if books else looked_at).count()


def find_differences(*, books: Collection[str] | None, grace: timedelta) -> list[Difference]:
    """Every key on which the two sides differ, or that is worth a second look, the oldest first."""
    parameters: dict[str, Any] = {
        "grace": grace,
        "platform": chart.platform().code,
        "books": list(books) if books else None,
        "late": LATE_BY.total_seconds(),
    }
    rows = _query(DIFFERENT, parameters)
    details = (
        {_key(row): row for row in _query(DETAILS, {"keys": [row["key"] for row in rows]})} if rows else {}
    )
    return [_read({**row, **details[_key(row)]}) for row in rows]


def _query(statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["books"], row["currency"], row["key"]


def _read(row: dict[str, Any]) -> Difference:
    known = {name: row[name] for name in Difference.__dataclass_fields__}
    return Difference(**{**known, "at_stripe": int(row["at_stripe"]), "in_ledger": int(row["in_ledger"])})


def _tell_apart(differences: list[Difference]) -> Iterator[Finding]:
    """Name what each difference is; two of them that are one movement on another account or in another currency."""
    rest = dict.fromkeys(differences)
    for ours in differences:
        theirs = _other_side(ours, rest)
        if theirs is None:
            continue
        del rest[ours], rest[theirs]
        moved = Kind.CURRENCY if ours.books == theirs.books else Kind.WRONG_ACCOUNT
        yield _finding(moved, ours, words.MOVED[moved](ours, theirs), expected=0)
    for each in rest:
        if kind := _kind_of(each):
            yield _finding(kind, each, words.SAID[kind](each))


def _other_side(ours: Difference, rest: dict[Difference, None]) -> Difference | None:
    """What Stripe has of a movement that the ledger has elsewhere."""
    if ours.movements or ours not in rest:
        return None
    same = (
        each
        for each in rest
        if each.key == ours.key
        and not each.postings
        and (each.books == ours.books) != (each.currency == ours.currency)
    )
    return next(same, None)


def _kind_of(each: Difference) -> Kind | None:
    """What a difference is; None for one that is explained, or of an account whose end can't be read."""
    if each.is_unknown:
        is_open = each.at_stripe != each.in_ledger or suspense.is_suspended(each.key)
        return Kind.UNKNOWN if is_open else None
    if each.at_stripe == each.in_ledger:
        return Kind.LATE
    if not each.movements:
        return None if each.has_gap else Kind.MISSING_AT_STRIPE
    if not each.postings:
        return Kind.MISSING_HERE
    if _is_repeated(each):
        return Kind.DUPLICATE
    if each.key.startswith("txn_"):
        return Kind.STRIPE_FEE
    return Kind.APPLICATION_FEE if each.key.startswith(("fee_", "fr_")) else Kind.AMOUNT


def _is_repeated(each: Difference) -> bool:
    """Whether one side has the same amount several times."""
    for once, often, count in (
        (each.at_stripe, each.in_ledger, each.postings),
        (each.in_ledger, each.at_stripe, each.movements),
    ):
        if once and count > 1 and often % once == 0 and often // once > 1:
            return True
    return False


def _finding(kind: Kind, each: Difference, said: str, *, expected: int | None = None) -> Finding:
    return Finding(
        kind=kind,
        subject=each.subject,
        words=said,
        books=each.books,
        currency=each.currency,
        expected=each.at_stripe if expected is None else expected,
        found=each.in_ledger,
        ids=each.ids,
    )


def _find_overdue(books: Collection[str] | None) -> Iterator[Finding]:
    """Movements whose money should have been available days ago."""
    rows = BalanceTransaction.objects.filter(
        status="pending", available_at__lt=timezone.now() - OVERDUE_BY
    ).order_by("available_at")
    # Of an account that can't be read any more nobody knows whether it still is.
    rows = rows.exclude(
        account_id__in=BalanceImport.objects.exclude(unreachable_since=None).values("account_id")
    )
    for row in rows.filter(books__in=books) if books else rows:
        yield Finding(
            kind=Kind.OVERDUE,
            subject=f"{row.books}:{row.currency}:{row.stripe_id}",
            words=words.overdue(row),
            books=row.books,
            currency=row.currency,
            expected=row.net_amount,
            found=0,
            ids=[row.source_id, row.stripe_id],
        )
