"""The outbox as operations see it: what waits, what was given up and why, and that anything leaves at all."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from adminpanel.selectors.operations_rows import read_rows
from notifications.models import Message

SHOWN = 50
WAITING = """
WITH waiting AS (SELECT due_at, attempts FROM notifications_message WHERE state = 'queued')
SELECT
    (SELECT count(*) FROM waiting) AS waiting,
    (SELECT count(*) FROM waiting WHERE attempts > 0) AS retrying,
    (SELECT min(due_at) FROM waiting WHERE due_at <= %(now)s) AS oldest_due_at,
    (SELECT count(*) FROM notifications_message WHERE state = 'dead') AS dead,
    (SELECT sent_at FROM notifications_message WHERE state = 'sent' ORDER BY id DESC LIMIT 1) AS sent_at
"""
KINDS = """
SELECT kind, count(*) AS dead, min(created_at) AS since, (array_agg(error ORDER BY id DESC))[1] AS error
FROM notifications_message WHERE state = 'dead' GROUP BY kind ORDER BY dead DESC, kind LIMIT 50
"""


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """How many messages wait, since when the oldest is due, how many were given up, when one was last sent."""

    waiting: int
    retrying: int
    oldest_due_at: datetime | None
    dead: int
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class MessageKind:
    """Messages of one kind that were given up, and the newest one's error."""

    kind: str
    dead: int
    since: datetime
    error: str


def read_outbox() -> Outbox:
    """One statement."""
    (row,) = read_rows(WAITING, {"now": timezone.now()})
    return Outbox(**row)


def list_message_kinds() -> list[MessageKind]:
    """Kinds with messages that were given up, most first; one statement."""
    return [MessageKind(**row) for row in read_rows(KINDS, {})]


def given_up(*, kind: str = "") -> QuerySet[Message]:
    """Messages that were given up, of a kind if one is named."""
    dead = Message.objects.filter(state=Message.State.DEAD)
    return dead.filter(kind=kind) if kind else dead
