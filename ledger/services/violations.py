"""What verifications have found broken, kept until it is whole again: for the log and for staff."""

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from ledger.services.verification import Verification, verify_ledger

logger = logging.getLogger(__name__)
LOGGED_AT_MOST = 100

KEEP = """
INSERT INTO ledger_ledgerviolation (code, subject, detail, needs_full)
SELECT * FROM unnest(%(codes)s::text[], %(subjects)s::text[], %(details)s::text[], %(full)s::boolean[])
ON CONFLICT (code, subject) WHERE cleared_at IS NULL DO UPDATE SET
    detail = EXCLUDED.detail, last_seen_at = now(),
    needs_full = ledger_ledgerviolation.needs_full AND EXCLUDED.needs_full
RETURNING code, subject, detail
"""
# An incremental run says nothing of what only a full one could see.
CLEAR = """
UPDATE ledger_ledgerviolation SET cleared_at = now()
WHERE cleared_at IS NULL AND (%(is_full)s OR NOT needs_full) AND (code, subject) NOT IN (
    SELECT * FROM unnest(%(codes)s::text[], %(subjects)s::text[])
)
RETURNING code, subject
"""


def check_ledger(*, is_full: bool = True, heads_file: Path | None = None) -> Verification:
    """Verify the books and keep what is broken: new faults are logged as errors, those that are gone are cleared.

    Raises ValueError for a file of heads that can't be read.
    """
    found = verify_ledger(is_full=is_full, heads_file=heads_file)
    note_violations(found)
    return found


def note_violations(found: Verification) -> None:
    """Keep a row for each code and subject that is broken, and clear those that are whole. Safe to call twice."""
    details: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in found.violations:
        details[each.code, each.subject[:200]].append(each.detail)
    parameters: dict[str, Any] = {
        "codes": [code for code, _ in details],
        "subjects": [subject for _, subject in details],
        "details": ["; ".join(several) for several in details.values()],
        "full": [found.is_full] * len(details),
        "is_full": found.is_full,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT code, subject FROM ledger_ledgerviolation WHERE cleared_at IS NULL")
        known = set(cursor.fetchall())
        cursor.execute(KEEP, parameters)
        kept = cursor.fetchall()
        cursor.execute(CLEAR, parameters)
        cleared = cursor.fetchall()
    # The nightly run says all of it once more, so that a fault that stays isn't forgotten.
    told = [row for row in kept if found.is_full or row[:2] not in known]
    for code, subject, detail in told[:LOGGED_AT_MOST]:
        logger.error("ledger_violation code=%s subject=%s detail=%s", code, subject, detail)
    if len(told) > LOGGED_AT_MOST:
        logger.error("ledger_violations more=%s", len(told) - LOGGED_AT_MOST)
    for code, subject in cleared:
        logger.warning("ledger_violation_cleared code=%s subject=%s", code, subject)
