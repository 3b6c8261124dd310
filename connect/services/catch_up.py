"""Events that no webhook brought: Stripe's own list of them against the inbox, the platform's and each account's.

What is found is stored as a webhook's event is, and worked off by the same workers. Stripe keeps events for 30 days.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from connect.errors import BadWebhook, GatewayError, GatewayRefused
from connect.list_calls import MOST_TYPES, Span, page_events
from connect.models import ConnectedAccount, EventCursor, StripeEvent
from connect.registry import handled_types
from connect.services.inbox import keep_event
from connect.stripe_objects import Data
from maly.crash import crash_point

logger = logging.getLogger(__name__)

# An event becomes visible a little after the second that it is dated with.
OVERLAP = timedelta(hours=1)
# One as young as this may be on its way here.
YOUNG = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)
Endpoint = StripeEvent.Endpoint


@dataclass
class CaughtUp:
    """How many accounts were asked about, how many events no webhook had brought, and which couldn't be read."""

    accounts: int = 0
    found: int = 0
    unread: list[str] = field(default_factory=list)


def catch_up(*, now: datetime | None = None, seconds: float | None = None, anew: bool = False) -> CaughtUp:
    """Store every event of the types we handle that Stripe has and the inbox hasn't.

    Those asked about longest ago come first, for `seconds` at most; an account that can't be read is passed over until
    the next run. `anew` looks through all 30 days again. Safe to run twice and beside itself.
    """
    now = now or timezone.now()
    end = time.monotonic() + seconds if seconds else None
    done = CaughtUp()
    for cursor in _cursors():
        if end and time.monotonic() > end:
            logger.info("catch_up_paused accounts=%s", done.accounts)
            break
        try:
            done.found += _catch_up_account(cursor, now, anew=anew)
            done.accounts += 1
        except GatewayError as error:
            _note(cursor, error)
            done.unread.append(str(cursor))
    logger.info("caught_up accounts=%s found=%s unread=%s", done.accounts, done.found, len(done.unread))
    return done


def _cursors() -> list[EventCursor]:
    """One for the platform and each account, made for new ones; the longest untouched first."""
    accounts = ConnectedAccount.objects.filter(deauthorized_at=None).exclude(stripe_account_id=None)
    wanted = {"", *map(str, accounts.values_list("stripe_account_id", flat=True))}
    known = set(EventCursor.objects.values_list("account_id", flat=True))
    EventCursor.objects.bulk_create(
        [EventCursor(account_id=each) for each in sorted(wanted - known)], ignore_conflicts=True
    )
    rows = EventCursor.objects.order_by(F("complete_at").asc(nulls_first=True), "account_id")
    return [row for row in rows if row.account_id in wanted]


def _catch_up_account(cursor: EventCursor, now: datetime, *, anew: bool) -> int:
    """Look through one account's events since the cursor; it moves on only when all of them were seen."""
    endpoint = Endpoint.CONNECT if cursor.account_id else Endpoint.PLATFORM
    until = now - YOUNG
    since = now - KEPT_FOR
    if cursor.complete_at and not anew:
        since = max(cursor.complete_at - OVERLAP, since)
    types = handled_types(endpoint)
    found = 0
    for first in range(0, len(types), MOST_TYPES):
        wanted = types[first : first + MOST_TYPES]
        for events in page_events(cursor.account_id, wanted, Span(since=since, until=until)):
            found += _keep_unknown(endpoint, cursor.account_id, events)
            crash_point("connect.page_caught_up")
    if found:
        cursor.found, cursor.found_at = cursor.found + found, now
    cursor.complete_at, cursor.error = until, ""
    cursor.save()
    return found


def _keep_unknown(endpoint: str, account_id: str, events: Sequence[Data]) -> int:
    """Store the events of a page that the inbox doesn't have, oldest first; how many those were."""
    ids = [event["id"] for event in events]
    known = set(
        StripeEvent.objects.filter(endpoint=endpoint, event_id__in=ids).values_list("event_id", flat=True)
    )
    kept = 0
    for event in reversed(events):
        if event["id"] in known:
            continue
        # An account's own list doesn't say whose it is; a webhook does.
        whole = {**event, "account": account_id} if account_id else event
        try:
            kept += keep_event(endpoint, whole) is not None
        except BadWebhook as error:
            logger.warning("event_not_taken event=%s reason=%s", event["id"], error.detail)
    return kept


def _note(cursor: EventCursor, error: GatewayError) -> None:
    cursor.error = (error.message if isinstance(error, GatewayRefused) else type(error).__name__)[:200]
    cursor.save(update_fields=["error"])
    logger.warning("events_unread account=%s error=%s", cursor, type(error).__name__)
