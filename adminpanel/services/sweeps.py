"""What is kept of each run of a sweep, so that the operations page can say what runs and what doesn't."""

import logging
import math
import time
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

logger = logging.getLogger(__name__)

BEAT = "beat"
# Beat asks for a sweep about once a second; a sign of life that often would tell no more.
SIGN_EVERY_SECONDS = 10
KEEP = """
INSERT INTO adminpanel_sweeprun AS known (name, started_at, finished_at, succeeded_at, error, failures)
VALUES (%(name)s, %(started_at)s, %(finished_at)s, CASE WHEN %(error)s = '' THEN %(finished_at)s END, %(error)s,
    CASE WHEN %(error)s = '' THEN 0 ELSE 1 END)
ON CONFLICT (name) DO UPDATE SET
    started_at = EXCLUDED.started_at, finished_at = EXCLUDED.finished_at,
    succeeded_at = COALESCE(EXCLUDED.succeeded_at, known.succeeded_at), error = EXCLUDED.error,
    failures = CASE WHEN EXCLUDED.error = '' THEN 0 ELSE known.failures + 1 END
WHERE known.finished_at <= EXCLUDED.finished_at
"""
_last_sign = -math.inf
_beat_began_at: datetime | None = None


def record_run(name: str, *, started_at: datetime, error: BaseException | None = None) -> None:
    """Keep that a sweep ran from `started_at` until now, and what ended it, in one statement.

    Of the error only its type is kept: what it says may name people. A database that refuses is logged and no more,
    since the sweep itself has done its work.
    """
    row: dict[str, Any] = {
        "name": name,
        "started_at": started_at,
        "finished_at": timezone.now(),
        "error": type(error).__name__[:100] if error else "",
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(KEEP, row)
    except DatabaseError as refused:
        logger.warning("sweep_run_lost sweep=%s error=%s", name, type(refused).__name__)


def record_beat() -> None:
    """Keep that beat is alive, and since when, at most every ten seconds."""
    global _last_sign, _beat_began_at  # noqa: PLW0603 — of this process, which is the one beat
    if time.monotonic() - _last_sign < SIGN_EVERY_SECONDS:
        return
    _last_sign = time.monotonic()
    _beat_began_at = _beat_began_at or timezone.now()
    record_run(BEAT, started_at=_beat_began_at)
