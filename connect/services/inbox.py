"""The inbox of Stripe's events: verified and stored in the request, worked off by workers, never lost.

Due work lives in PostgreSQL. A worker claims a row for a lease, so that one that dies frees it; everything a handler
does may be done twice.
"""

import json
import logging
import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DataError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from accounts.services.audit import record
from connect import gateway
from connect.errors import BadSignature, BadWebhook, Ignored, NotYetKnown
from connect.models import StripeEvent
from connect.registry import find_handler
from connect.stripe_objects import hide_ids, moment
from maly.crash import crash_point

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 12
LEASE = timedelta(minutes=5)
FIRST_DELAY_SECONDS = 10
LONGEST_DELAY_SECONDS = 24 * 3600

LONGEST_TEXTS = {
    "event_id": 80,
    "type": 80,
    "account": 64,
    "object_id": 120,
    "api_version": 40,
}  # of the columns

STORE = """
    INSERT INTO connect_stripeevent (endpoint, event_id, type, account, object_id, livemode, api_version,
        stripe_created_at, payload, status, attempts, due_at, error, received_at)
    VALUES (%(endpoint)s, %(event_id)s, %(type)s, %(account)s, %(object_id)s, %(livemode)s, %(api_version)s,
        %(stripe_created_at)s, %(payload)s, 'received', 0, %(now)s, '', %(now)s)
    ON CONFLICT (endpoint, event_id) DO NOTHING
    RETURNING id
"""
CLAIM = """
    UPDATE connect_stripeevent SET lease_until = %(until)s, attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM connect_stripeevent
        WHERE status = 'received' AND due_at <= %(now)s AND (lease_until IS NULL OR lease_until < %(now)s)
            AND (%(id)s::bigint IS NULL OR id = %(id)s)
        ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


def store_event(endpoint: str, body: bytes, signature: str) -> int | None:
    """Verify a webhook's body and store its event in one statement; None for one that is stored already.

    Raises BadWebhook (400) for a wrong signature, age, shape, mode or scope: nothing of such a body is stored.
    """
    try:
        event = gateway.construct_event(body, signature, endpoint_secrets(endpoint))
    except BadSignature:
        raise BadWebhook(_("The signature is missing, wrong or too old.")) from None
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        raise BadWebhook(_("The body is no event.")) from None
    return keep_event(endpoint, event)


def keep_event(endpoint: str, event: dict[str, Any]) -> int | None:
    """Store an event that is known to be Stripe's in one statement; None for one that is stored already.

    Raises BadWebhook for a wrong shape, mode or scope.
    """
    try:
        row = _read_event(endpoint, event)
        with connection.cursor() as cursor:
            cursor.execute(STORE, row)
            stored = cursor.fetchone()
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        raise BadWebhook(_("The body is no event.")) from None
    except DataError:  # a NUL or half a surrogate pair, which PostgreSQL keeps in no text
        raise BadWebhook(_("The body is no event.")) from None
    crash_point("connect.event_stored")
    return stored[0] if stored else None


def endpoint_secrets(endpoint: str) -> list[str]:
    """The endpoint's own secrets, the previous one too while Stripe's is being rolled."""
    if endpoint == StripeEvent.Endpoint.PLATFORM:
        return [settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_WEBHOOK_SECRET_PREVIOUS]
    return [settings.STRIPE_CONNECT_WEBHOOK_SECRET, settings.STRIPE_CONNECT_WEBHOOK_SECRET_PREVIOUS]


def claim_due_events(limit: int = 10, *, event_pk: int | None = None) -> list[int]:
    """Claim events that are due (or one of them) for five minutes; no other worker gets them meanwhile."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "until": now + LEASE, "limit": limit, "id": event_pk})
        return sorted(row[0] for row in cursor.fetchall())


def process_event(event_pk: int) -> str:
    """Run the handler of a claimed event and keep what became of it; returns the event's status.

    A failure of any kind is written on the event and tried again with growing pauses, at most 12 times in all.
    """
    event = StripeEvent.objects.get(pk=event_pk)
    if event.status != StripeEvent.Status.RECEIVED:
        return event.status
    handler = find_handler(event)
    if handler is None:
        return _finish(event, StripeEvent.Status.IGNORED, "No handler for this type.")
    try:
        handler(event)
    except Ignored as reason:
        return _finish(event, StripeEvent.Status.IGNORED, str(reason))
    except NotYetKnown as reason:
        return _postpone(event, f"Not yet known: {reason}")
    except Exception as error:  # noqa: BLE001 — one poison event must not stop the others; it is kept and retried
        logger.warning("stripe_event_failed event=%s type=%s", event.event_id, event.type, exc_info=True)
        return _postpone(event, f"{type(error).__name__}: {error}")
    crash_point("connect.event_handled")
    return _finish(event, StripeEvent.Status.PROCESSED, "")


def process_due(*, batches: int = 20) -> int:
    """Work off what is due until nothing is, in batches; returns how many events were tried."""
    tried = 0
    for _batch in range(batches):
        claimed = claim_due_events()
        crash_point("connect.event_claimed")
        for event_pk in claimed:
            process_event(event_pk)
        tried += len(claimed)
        if not claimed:
            break
    return tried


def replay(events: QuerySet[StripeEvent], *, actor: User | None = None, reason: str = "") -> int:
    """Make events due again with all their attempts, whatever became of them; returns how many.

    Events under way are left alone. Every handler may run twice, so replaying what was processed is safe.
    """
    now = timezone.now()
    is_free = Q(lease_until=None) | Q(lease_until__lt=now) | ~Q(status=StripeEvent.Status.RECEIVED)
    with transaction.atomic():
        ids = list(events.filter(is_free).select_for_update().values_list("pk", "event_id"))
        StripeEvent.objects.filter(pk__in=[pk for pk, _event_id in ids]).update(
            status=StripeEvent.Status.RECEIVED,
            attempts=0,
            due_at=now,
            lease_until=None,
            error="",
            processed_at=None,
            acknowledged_at=None,
        )
        _audit("stripe_event.replayed", [event_id for _pk, event_id in ids], actor=actor, reason=reason)
    return len(ids)


def acknowledge(events: QuerySet[StripeEvent], *, actor: User, reason: str) -> int:
    """Say of dead letters that they need nothing more, so that they stop being a fault; returns how many."""
    dead = events.filter(status=StripeEvent.Status.DEAD, acknowledged_at=None)
    with transaction.atomic():
        ids = list(dead.select_for_update().values_list("pk", "event_id"))
        StripeEvent.objects.filter(pk__in=[pk for pk, _event_id in ids]).update(
            acknowledged_at=timezone.now()
        )
        _audit("stripe_event.acknowledged", [event_id for _pk, event_id in ids], actor=actor, reason=reason)
    return len(ids)


def _audit(action: str, event_ids: list[str], *, actor: User | None, reason: str) -> None:
    for event_id in event_ids:
        record(
            action,
            subject=f"event:{event_id}"[:80],
            actor=actor,
            actor_kind=AuditEntry.Actor.STAFF if actor else AuditEntry.Actor.COMMAND,
            reason=reason,
        )


def _read_event(endpoint: str, event: dict[str, Any]) -> dict[str, Any]:
    """The row of a verified event. Raises KeyError, TypeError or ValueError for a body that is no event of Stripe's."""
    account = event.get("account") or ""
    if event["object"] != "event":
        raise ValueError("No event.")
    if event["livemode"] is not settings.STRIPE_LIVE_MODE:
        raise BadWebhook(_("The event's livemode is not this platform's."))
    if bool(account) != (endpoint == StripeEvent.Endpoint.CONNECT):
        raise BadWebhook(_("The event belongs to the other endpoint."))
    texts = {
        "event_id": event["id"],
        "type": event["type"],
        "account": account,
        "object_id": event["data"]["object"].get("id") or "",
        "api_version": event.get("api_version") or "",
    }
    _check_texts(texts)
    return {
        **texts,
        "endpoint": endpoint,
        "livemode": event["livemode"],
        "stripe_created_at": moment(event["created"]),
        "payload": json.dumps(event),
        "now": timezone.now(),
    }


def _check_texts(texts: dict[str, Any]) -> None:
    for name, text in texts.items():
        longest = LONGEST_TEXTS[name]
        if not isinstance(text, str) or len(text) > longest:
            raise ValueError(f"{name} is no text of Stripe's.")
    if not texts["event_id"] or not texts["type"]:
        raise ValueError("An event has an id and a type.")


def _finish(event: StripeEvent, status: str, error: str) -> str:
    now = timezone.now()
    _write(event, status=status, error=hide_ids(error)[:2000], processed_at=now, lease_until=None)
    return status


def _postpone(event: StripeEvent, error: str) -> str:
    """Try again after a pause with full jitter, or give up: a dead letter stays until somebody replays it."""
    if event.attempts >= MOST_ATTEMPTS:
        logger.error("stripe_event_dead event=%s type=%s", event.event_id, event.type)
        return _finish(event, StripeEvent.Status.DEAD, error)
    _write(event, due_at=_next_try(event.attempts), error=hide_ids(error)[:2000], lease_until=None)
    return StripeEvent.Status.RECEIVED


def _next_try(attempts: int) -> datetime:
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempts)
    return timezone.now() + timedelta(seconds=random.uniform(0, longest))  # noqa: S311


def _write(event: StripeEvent, **fields: Any) -> None:
    """Write the outcome unless somebody replayed the event meanwhile."""
    StripeEvent.objects.filter(pk=event.pk, attempts=event.attempts, status=event.status).update(**fields)
