"""When or where an event takes place has changed: everybody who holds a ticket is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from notifications.models import Message
from notifications.services.outbox import enqueue_all
from ticketing.models import Event, Order, Ticket

# What a holder must know of; another title or text is no reason to write to everybody.
TOLD = ("starts_at", "ends_at", "timezone", "venue_name", "address")
ON_PUBLIC = (Event.Status.PUBLISHED, Event.Status.PAUSED)


def tell_of_change(event: Event, *, before: Mapping[str, Any]) -> int:
    """Queue an email to the buyer of each order with tickets that count; returns how many were queued.

    `event` is locked and has its new `revision`, which makes each change news once; `before` holds the fields as they
    were. In the caller's transaction: an order that is paid now waits for the event's row and is mailed the new facts.
    """
    if event.status not in ON_PUBLIC or not is_news(event, before):
        return 0
    was = facts_of(before)
    orders = list(_orders_told(event).values_list("pk", "code", "email"))
    enqueue_all(
        Message(
            kind="event_changed",
            key=f"event_changed:{code}:{event.revision}",
            to=email,
            ids={"order": pk, "before": was, "after": facts_of(vars(event))},
        )
        for pk, code, email in orders
    )
    return len(orders)


def is_news(event: Event, before: Mapping[str, Any]) -> bool:
    """Whether a change concerns those who are coming: not once the event was over, and is."""
    if before["ends_at"] <= timezone.now() and event.ends_at <= timezone.now():
        return False
    return any(before[name] != getattr(event, name) for name in TOLD)


def count_told(event: Event) -> int:
    """How many buyers a change of time or place would be news to."""
    return _orders_told(event).count() if event.status in ON_PUBLIC and not event.has_ended else 0


def _orders_told(event: Event) -> QuerySet[Order]:
    """The orders with a ticket that isn't cancelled."""
    live = Ticket.objects.filter(order__event=event).exclude(status=Ticket.Status.CANCELLED)
    return Order.objects.filter(event=event, pk__in=live.values("order_id"))


def facts_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """When and where, as a message keeps it."""
    return {
        name: fields[name].isoformat() if isinstance(fields[name], datetime) else fields[name]
        for name in TOLD
    }
