"""Verifying the books: every registered invariant as one statement, in full or since the last clean mark."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from ledger import registry
from ledger.models import LedgerMark
from ledger.services.heads import default_file, find_lost_heads, read_heads


@dataclass(frozen=True)
class Violation:
    """A row that breaks an invariant."""

    code: str
    what: str
    subject: str
    detail: str


@dataclass(frozen=True)
class Verification:
    """What a run found."""

    violations: list[Violation]
    invariants: int
    is_full: bool
    milliseconds: int


def verify_ledger(*, is_full: bool = True, heads_file: Path | None = None) -> Verification:
    """Run every invariant and compare the chain with the exported heads; a clean run leaves a mark.

    An incremental run looks at what was written since the last mark; without one, or after another set of rules or a
    restored dump, it is a full one. Rows that were changed behind the product's back before the mark are found by a
    full run only. Raises ValueError for a file of heads that can't be read.
    """
    started = time.monotonic()
    rules_hash = registry.rules_hash()
    mark = None if is_full else _last_mark(rules_hash)
    parameters: dict[str, Any] = {
        "since": mark.horizon if mark else 0,
        "since_xid": str((mark.horizon if mark else 0) % 2**32),
        "sequence": mark.sequence if mark else 0,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # so many rules take longer to compile than to check
        cursor.execute(registry.build_query(is_full=mark is None), parameters)
        (_, horizon, sequence), *rows = sorted(cursor.fetchall())
    words = {each.code: each.what for each in registry.all_invariants()}
    violations = [Violation(code, words[code], subject, detail) for code, subject, detail in rows]
    violations += [
        Violation("I06", words["I06"], f"head:{head.day}", f"seal {head.sequence} isn't what was exported")
        for head in find_lost_heads(read_heads(heads_file or default_file()))
    ]
    if not violations:
        LedgerMark.objects.create(
            horizon=int(horizon), sequence=int(sequence), rules_hash=rules_hash, is_full=mark is None
        )
    spent = round((time.monotonic() - started) * 1000)
    return Verification(violations, len(words), mark is None, spent)


def _last_mark(rules_hash: str) -> LedgerMark | None:
    """The last clean mark, if it was made by these rules and by this cluster's numbers."""
    mark = LedgerMark.objects.order_by("-pk").first()
    if mark is None or mark.rules_hash != rules_hash:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return mark if mark.horizon <= cursor.fetchone()[0] else None
