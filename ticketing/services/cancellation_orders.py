"""The rows of a cancelled event's orders: collected once, leased to one worker at a time, decided, looked at again.

What is due lives in these rows, so a job that was killed goes on where it was. Amounts are minor units.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.services import audit
from ticketing.models import CancelledOrder, EventCancellation, Order, Refund

State = CancelledOrder.State
SETTLED = "Settled by staff."
# Longer than a worker takes for one order, its refund's calls to Stripe included.
LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
# How often an order that waits for a bank or for staff is looked at.
LOOK_AGAIN = timedelta(minutes=10)
# An expired or cancelled order joins only if it is paid after all; one that was refunded before has its money.
_COLLECT = """
INSERT INTO ticketing_cancelledorder (cancellation_id, order_id, state, amount, attempts, error, due_at)
SELECT %(cancellation_id)s, affected.id, 'waiting', 0, 0, '', statement_timestamp()
FROM (
    SELECT id FROM ticketing_order
    WHERE event_id = %(event_id)s AND status IN ('awaiting_payment', 'paid', 'partly_refunded', 'disputed')
    ORDER BY id FOR KEY SHARE
) affected
ON CONFLICT (order_id) DO NOTHING
"""
_CLAIM = """
UPDATE ticketing_cancelledorder SET lease_until = %(until)s, attempts = least(attempts + 1, 30000)
WHERE id = (
    SELECT id FROM ticketing_cancelledorder
    WHERE state IN ('waiting', 'disputed') AND due_at <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s)
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def collect_orders(cancellation_id: int) -> int:
    """Write a row for each order that is paid or under way; returns how many are new. Safe to call twice.

    The event is cancelled and committed before, so none comes after. A transaction of its own: it locks orders against
    deletion, each before its row, and whoever changes an order may want the event next.
    """
    with transaction.atomic():
        cancellation = EventCancellation.objects.get(pk=cancellation_id)
        if cancellation.state != EventCancellation.State.REQUESTED:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_COLLECT, {"cancellation_id": cancellation.pk, "event_id": cancellation.event_id})
            collected = int(cursor.rowcount)
        EventCancellation.objects.filter(pk=cancellation.pk, state=EventCancellation.State.REQUESTED).update(
            state=EventCancellation.State.RUNNING
        )
    return collected


def add_late_order(order: Order) -> None:
    """Have the job of a cancelled event tell of an order that was paid too late; the caller has locked the order.

    It may have closed the order as unpaid before.
    """
    cancellation = EventCancellation.objects.filter(event_id=order.event_id).first()
    if cancellation is not None:
        row = CancelledOrder(cancellation=cancellation, order=order)
        CancelledOrder.objects.bulk_create([row], ignore_conflicts=True)
        closed = CancelledOrder.objects.filter(order=order, state=State.CLOSED)
        closed.update(state=State.WAITING, due_at=timezone.now())


def claim_order(now: datetime) -> CancelledOrder | None:
    """Lease the row that is due longest; None when nothing is due, or others have it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE})
        found = cursor.fetchone()
    if found is None:
        return None
    return CancelledOrder.objects.select_related("cancellation__actor", "refund").get(pk=found[0])


def decide_order(row: CancelledOrder, state: str, *, refund: Refund | None = None, error: str = "") -> None:
    """Record what became of a leased order, and the refund that gave its money back, if one did."""
    fields = {"state": state, "refund": refund, "amount": refund.amount if refund else 0, "error": error}
    _write(row, **fields, due_at=timezone.now() + LOOK_AGAIN)


def postpone_order(row: CancelledOrder, why: str, *, now: datetime) -> None:
    """Come back to a leased order later: after 15 seconds, then after twice as long, at most an hour."""
    pause = min(FIRST_PAUSE * 2 ** min(row.attempts - 1, 10), LONGEST_PAUSE)
    _write(row, error=why, due_at=now + pause)


def reopen_changed_orders(now: datetime) -> int:
    """Look again at rows that their refund or order has overtaken; returns how many.

    A refund that the bank sent back is not done; what needed staff may be done by them, past Stripe or at it.
    """
    rows = CancelledOrder.objects
    came_back = rows.filter(
        state=State.REFUNDED, refund__status=Refund.Status.FAILED, refund__needs_staff=True
    )
    made = rows.filter(
        state=State.NEEDS_STAFF,
        refund__status__in=[Refund.Status.SUCCEEDED, Refund.Status.PENDING, Refund.Status.OTHERWISE],
    )
    elsewhere = rows.filter(
        state=State.NEEDS_STAFF,
        due_at__lte=now,
        order__status__in=[Order.Status.REFUNDED, Order.Status.DISPUTED],
    )
    changed = {pk for each in (came_back, made, elsewhere) for pk in each.values_list("pk", flat=True)}
    reopened = rows.filter(pk__in=changed, state__in=[State.REFUNDED, State.NEEDS_STAFF])
    return reopened.update(state=State.WAITING, due_at=now, lease_until=None)


def settle_cancellation(cancellation_id: int) -> EventCancellation:
    """Derive how far a job is from its rows; the first time that nothing waits it is audited as finished."""
    with transaction.atomic():
        cancellation = EventCancellation.objects.select_for_update(of=("self",), no_key=True).get(
            pk=cancellation_id
        )
        if cancellation.state == EventCancellation.State.REQUESTED:
            return cancellation
        cancellation.state = _state_of(cancellation)
        is_over = cancellation.state == EventCancellation.State.DONE
        is_news = is_over and cancellation.finished_at is None
        cancellation.finished_at = (cancellation.finished_at or timezone.now()) if is_over else None
        cancellation.save(update_fields=["state", "finished_at"])
        if is_news:
            _audit_end(cancellation)
    return cancellation


def _write(row: CancelledOrder, **fields: Any) -> None:
    """Write a row and free it, unless its lease has lapsed and somebody else has it now."""
    mine = CancelledOrder.objects.filter(pk=row.pk, lease_until=row.lease_until)
    mine.update(lease_until=None, **fields)


def _state_of(cancellation: EventCancellation) -> str:
    states = set(cancellation.orders.values_list("state", flat=True).distinct())
    if State.WAITING in states:
        return EventCancellation.State.RUNNING
    return (
        EventCancellation.State.NEEDS_STAFF if State.NEEDS_STAFF in states else EventCancellation.State.DONE
    )


def _audit_end(cancellation: EventCancellation) -> None:
    event = cancellation.event
    audit.record(
        "event.cancellation_finished",
        organization=event.organization,
        subject=f"event:{event.slug}",
        actor_kind=AuditEntry.Actor.SWEEP,
        after={"orders": cancellation.orders.count()},
    )
