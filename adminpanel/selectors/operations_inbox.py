"""The inbox of Stripe's events as operations see it: the backlog, what keeps failing, what was given up."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import AuditEntry
from adminpanel.selectors.operations_rows import read_rows
from connect.models import StripeEvent
from connect.stripe_objects import hide_ids

# The newest rows are looked at for the rate: counting an hour of a busy platform would cost more than it tells.
WINDOW = 1000
SHOWN = 50
BACKLOG = """
WITH waiting AS (SELECT due_at, attempts FROM connect_stripeevent WHERE status = 'received'),
newest AS (SELECT received_at FROM connect_stripeevent ORDER BY id DESC LIMIT %(window)s)
SELECT
    (SELECT count(*) FROM waiting) AS waiting,
    (SELECT count(*) FROM waiting WHERE attempts > 0) AS retrying,
    (SELECT min(due_at) FROM waiting WHERE due_at <= %(now)s) AS oldest_due_at,
    (SELECT count(*) FROM connect_stripeevent WHERE status = 'dead' AND acknowledged_at IS NULL) AS dead,
    (SELECT count(*) FROM newest WHERE received_at > %(now)s - interval '1 hour') AS last_hour,
    (SELECT received_at FROM connect_stripeevent WHERE endpoint = 'platform' ORDER BY id DESC LIMIT 1) AS platform_at,
    (SELECT received_at FROM connect_stripeevent WHERE endpoint = 'connect' ORDER BY id DESC LIMIT 1) AS connect_at,
    (SELECT complete_at FROM connect_eventcursor WHERE account_id = '') AS caught_up_at
"""
KINDS = """
SELECT endpoint, type, count(*) FILTER (WHERE status = 'dead') AS dead,
    count(*) FILTER (WHERE status = 'received') AS retrying, min(received_at) AS since,
    (array_agg(error ORDER BY id DESC))[1] AS error
FROM (
    SELECT * FROM connect_stripeevent WHERE status = 'dead' AND acknowledged_at IS NULL
    UNION ALL SELECT * FROM connect_stripeevent WHERE status = 'received' AND attempts > 0
) troubled
GROUP BY endpoint, type ORDER BY dead DESC, since LIMIT 50
"""


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """How many events wait, since when the oldest is due, and when each endpoint last heard of Stripe."""

    waiting: int
    retrying: int
    oldest_due_at: datetime | None
    dead: int
    last_hour: int
    platform_at: datetime | None
    connect_at: datetime | None
    caught_up_at: datetime | None

    @property
    def is_rate_at_least(self) -> bool:
        """Whether there were more in the last hour than were looked at."""
        return self.last_hour == WINDOW


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Events of one type at one endpoint that were given up or keep failing, and the newest one's error."""

    endpoint: str
    type: str
    dead: int
    retrying: int
    since: datetime
    error: str


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """One event, ids of accounts masked, and what staff and commands did about it, the newest first."""

    event: StripeEvent
    account: str
    object_id: str
    is_under_way: bool
    history: list[AuditEntry]


def read_backlog() -> Backlog:
    """One statement."""
    (row,) = read_rows(BACKLOG, {"now": timezone.now(), "window": WINDOW})
    return Backlog(**row)


def list_kinds() -> list[Kind]:
    """What needs somebody, most of it first; one statement."""
    return [Kind(**row) for row in read_rows(KINDS, {})]


def list_troubled(kind: Kind | None = None) -> list[StripeEvent]:
    """Dead letters and events that keep failing, of a kind if one is named: the oldest fifty."""
    is_dead = Q(status=StripeEvent.Status.DEAD, acknowledged_at=None)
    found = StripeEvent.objects.filter(is_dead | Q(status=StripeEvent.Status.RECEIVED, attempts__gt=0))
    if kind:
        found = found.filter(endpoint=kind.endpoint, type=kind.type)
    return list(found.defer("payload").order_by(F("status").asc(), "pk")[:SHOWN])


def dead_letters(*, endpoint: str, type_: str) -> QuerySet[StripeEvent]:
    """The dead letters of a kind that nobody has let rest."""
    return StripeEvent.objects.filter(
        status=StripeEvent.Status.DEAD, acknowledged_at=None, endpoint=endpoint, type=type_
    )


def read_event(event: StripeEvent) -> EventPage:
    """One event for its page; one statement."""
    now = timezone.now()
    history = AuditEntry.objects.filter(subject=f"event:{event.event_id}"[:80]).select_related("actor")
    return EventPage(
        event=event,
        account=hide_ids(event.account),
        object_id=hide_ids(event.object_id),
        is_under_way=event.status == StripeEvent.Status.RECEIVED
        and event.lease_until is not None
        and event.lease_until > now,
        history=list(history.order_by("-pk")[:20]),
    )
