"""Differences as rows that staff see: written by each run, cleared when they are gone, opened again if they return."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from accounts.services.audit import record
from maly.errors import Invalid
from payouts.models import MoneyException

# Whoever acknowledged a difference knew these amounts; with others it is asked about again.
WRITE = """
INSERT INTO payouts_moneyexception AS known (kind, subject, books, currency, expected_amount, found_amount, ids, words,
    first_seen_at, last_seen_at, times_opened, note)
VALUES (%(kind)s, %(subject)s, %(books)s, %(currency)s, %(expected)s, %(found)s, %(ids)s, %(words)s, %(now)s, %(now)s,
    1, '')
ON CONFLICT (kind, subject) DO UPDATE SET
    expected_amount = excluded.expected_amount, found_amount = excluded.found_amount, ids = excluded.ids,
    words = excluded.words, last_seen_at = excluded.last_seen_at, cleared_at = NULL,
    times_opened = known.times_opened + CASE WHEN known.cleared_at IS NULL THEN 0 ELSE 1 END,
    acknowledged_at = CASE WHEN known.cleared_at IS NULL AND (known.expected_amount, known.found_amount)
        IS NOT DISTINCT FROM (excluded.expected_amount, excluded.found_amount) THEN known.acknowledged_at END
"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that doesn't match: `expected` by Stripe, `found` with us, minor units of `currency`."""

    kind: MoneyException.Kind
    subject: str
    words: str
    books: str = ""
    currency: str = ""
    expected: int | None = None
    found: int | None = None
    ids: list[str] = field(default_factory=list)


def record_findings(
    findings: Iterable[Finding],
    *,
    kinds: Collection[MoneyException.Kind],
    books: Collection[str] | None = None,
    undecided: Collection[str] = (),
    at: datetime | None = None,
) -> int:
    """Write what a check found, and clear what it found no more of its `kinds`; returns how many were cleared.

    `books` are those that it looked at (None: all); of subjects that are `undecided`, nothing is said now.
    """
    now = at or timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        for found in findings:
            cursor.execute(WRITE, _parameters(found, now))
        gone = MoneyException.objects.filter(cleared_at=None, kind__in=kinds, last_seen_at__lt=now)
        if books is not None:
            gone = gone.filter(books__in=books)
        return gone.exclude(subject__in=list(undecided)).update(cleared_at=now)


def acknowledge(exception: MoneyException, *, actor: User, note: str) -> MoneyException:
    """Say that somebody knows of a difference and what is done about it. It stays open until it is gone.

    Raises Invalid without a note.
    """
    if not note.strip():
        raise Invalid(_("Say what is being done about it."), attr="note")
    with transaction.atomic():
        exception = MoneyException.objects.select_for_update().get(pk=exception.pk)
        exception.note, exception.acknowledged_by = note.strip(), actor
        exception.acknowledged_at = timezone.now()
        exception.save(update_fields=["note", "acknowledged_by", "acknowledged_at"])
        record(
            "money_exception.acknowledged",
            subject=f"money-exception:{exception.pk}",
            actor=actor,
            actor_kind=AuditEntry.Actor.STAFF,
            after={"kind": exception.kind, "about": exception.subject},
            reason=exception.note,
        )
    return exception


def _parameters(found: Finding, now: datetime) -> dict[str, Any]:
    return {
        "kind": str(found.kind),
        "subject": found.subject[:200],
        "books": found.books,
        "currency": found.currency,
        "expected": found.expected,
        "found": found.found,
        "ids": json.dumps(found.ids),
        "words": found.words,
        "now": now,
    }
