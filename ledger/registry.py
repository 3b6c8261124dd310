"""What must be true of the books at every moment: `invariant("I01", …)` in an app's `invariants.py`.

An invariant is a SELECT of what breaks it, as (subject, detail): no rows, no fault. All of them run as one statement
and so see one moment. `relation` names a SELECT that several of them read; one that is given `changed` shrinks, in an
incremental run, to what was written since the last clean mark. Those SELECTs may use

    %(since)s      the 64-bit number of the oldest transaction that the mark hadn't seen, for xact_id
    %(since_xid)s  the same for a row's xmin, as age(row.xmin) <= age(%(since_xid)s::xid)
    %(sequence)s   the last seal that the mark had seen; 0 in a full run

and write any other percent sign twice.
"""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """A rule, in words and as a SELECT of what breaks it."""

    code: str
    what: str
    sql: str


@dataclass(frozen=True)
class Relation:
    """A named SELECT; `changed` is the part of it that an incremental run looks at."""

    sql: str
    changed: str | None = None


_invariants: dict[str, Invariant] = {}
_relations: dict[str, Relation] = {}


def invariant(code: str, what: str, sql: str) -> None:
    """Register a rule. Two rules never share a code."""
    assert code not in _invariants, code
    _invariants[code] = Invariant(code, what, sql)


def relation(name: str, sql: str, *, changed: str | None = None) -> None:
    """Register a SELECT under a name that the invariants and relations registered after it may read."""
    assert name not in _relations, name
    _relations[name] = Relation(sql, changed)


def all_invariants() -> list[Invariant]:
    return [_invariants[code] for code in sorted(_invariants)]


def build_query(*, is_full: bool) -> str:
    """All invariants as one statement of rows (code, subject, detail).

    Its first row has no code: the oldest transaction that this very statement may not have seen, and the last seal.
    """
    relations = ",\n".join(
        f"{name} AS ({each.sql if is_full or each.changed is None else each.changed})"
        for name, each in _relations.items()
    )
    parts = [
        "SELECT '' AS code, pg_snapshot_xmin(pg_current_snapshot())::text AS subject,"
        " (SELECT COALESCE(max(sequence), 0) FROM ledger_ledgerseal)::text AS detail"
    ]
    parts += [
        # Written in our own modules, never by a user.
        f"SELECT '{each.code}', found.subject::text, found.detail::text FROM ({each.sql}) AS found (subject, detail)"  # noqa: S608
        for each in all_invariants()
    ]
    return f"WITH {relations}\n" + "\nUNION ALL\n".join(parts)


def rules_hash() -> str:
    """A name for the present set of rules: with another set, an old mark says nothing."""
    return hashlib.sha256((build_query(is_full=True) + build_query(is_full=False)).encode()).hexdigest()
