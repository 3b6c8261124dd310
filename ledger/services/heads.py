"""The heads of the chain, one for each day, kept where the database can't reach: a log line and a line in a file.

A chain proves that nothing in it was changed, but not that its end wasn't cut off and written anew. Whoever does that
can't change the heads that have left the house.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ledger.models import LedgerHead, LedgerSeal
from ledger.services.sealing import take_lock
from maly.crash import crash_point

logger = logging.getLogger(__name__)

# Looks at the seals of past days only when there are any after the last head.
FIND_HEADS = """
WITH last AS (SELECT COALESCE(max(sequence), 0) AS sequence FROM ledger_ledgerhead)
SELECT DISTINCT ON (1) (seal.sealed_at AT TIME ZONE 'UTC')::date AS day, seal.sequence, seal.hash
FROM ledger_ledgerseal seal, last
WHERE seal.sequence > last.sequence AND (seal.sealed_at AT TIME ZONE 'UTC')::date < %(today)s
    AND EXISTS (
        SELECT FROM ledger_ledgerseal next
        WHERE next.sequence = last.sequence + 1 AND (next.sealed_at AT TIME ZONE 'UTC')::date < %(today)s
    )
ORDER BY 1, seal.sequence DESC
"""


@dataclass(frozen=True)
class Head:
    """The last seal of a day (UTC)."""

    day: str
    sequence: int
    hash: str


def default_file() -> Path:
    """Where heads are exported to; copy it off the machine."""
    return Path(settings.MALY_DATA_DIR) / "ledger" / "heads.jsonl"


def export_heads(*, now: datetime | None = None) -> list[Head]:
    """Keep the head of every day that has ended since the last export: row, log line, line in the file.

    The file is written before the commit: what it says is true already, and a crash in between writes a line twice.
    """
    today = (now or timezone.now()).date()
    with transaction.atomic(durable=True):
        if not take_lock():
            return []
        heads = _find_heads(today)
        LedgerHead.objects.bulk_create(LedgerHead(**asdict(head)) for head in heads)
        if heads:
            _append(default_file(), heads)
            crash_point("ledger.heads_written")
    for head in heads:
        # Grouped, since the log takes long hexadecimal words for secrets.
        grouped = ":".join(head.hash[i : i + 8] for i in range(0, len(head.hash), 8))
        logger.info("ledger_head day=%s sequence=%s hash=%s", head.day, head.sequence, grouped)
    return heads


def read_heads(file: Path) -> list[Head]:
    """The heads of an exported file, or of a copy of one; none when there is no file. Raises ValueError."""
    if not file.exists():
        return []
    try:
        return [Head(**json.loads(line)) for line in file.read_text().splitlines() if line.strip()]
    except TypeError:
        raise ValueError("A line isn't {day, sequence, hash}.") from None


def find_lost_heads(heads: Iterable[Head]) -> list[Head]:
    """The exported heads that the chain doesn't have any more, or has with another hash."""
    known = {head.sequence: head for head in heads}
    hashes = dict(LedgerSeal.objects.filter(sequence__in=known).values_list("sequence", "hash"))
    return [head for sequence, head in sorted(known.items()) if hashes.get(sequence) != head.hash]


def _find_heads(today: date) -> list[Head]:
    with connection.cursor() as cursor:
        cursor.execute(FIND_HEADS, {"today": today})
        return [Head(day.isoformat(), sequence, digest) for day, sequence, digest in cursor.fetchall()]


def _append(file: Path, heads: list[Head]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as output:
        output.writelines(json.dumps(asdict(head)) + "\n" for head in heads)
