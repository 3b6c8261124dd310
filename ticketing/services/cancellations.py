"""Cancelling an event: its sales end at once, its orders' money goes back by a job that any worker goes on with.

First the event is cancelled and committed, so that no order can come after; then its orders are collected, a row each;
then `cancellation_work` takes the rows one by one.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from accounts.services import audit
from maly.crash import crash_point
from maly.errors import Invalid
from maly.poke import poke
from ticketing.errors import RefundNeedsStaff
from ticketing.models import CancelledOrder, Event, EventCancellation, Refund
from ticketing.services.cancellation_orders import SETTLED, collect_orders, settle_cancellation
from ticketing.services.events import change_status, lock_event

LONGEST_REASON = 500
FAILED = (
    "Its refund failed. Say on that refund what became of its money, then settle the order if it still waits."
)


def cancel_event(
    event: Event,
    *,
    actor: User | None,
    reason: str = "",
    gives_fee_back: bool | None = None,
    actor_kind: str | None = None,
) -> Event:
    """End an event's sales for good and begin to give its money back. Safe to call twice: the first call counts.

    The buyers read `reason`. `gives_fee_back` is for staff to choose; None goes by each order's own plan. Not to be
    called inside a transaction, which would hold the event while its orders are collected. Raises Invalid.
    """
    if len(reason.strip()) > LONGEST_REASON:
        raise Invalid(
            _("Give the reason in at most %(longest_reason)s characters.")
            % {"longest_reason": LONGEST_REASON},
            attr="reason",
        )
    with transaction.atomic():
        event = lock_event(event)
        cancellation = EventCancellation.objects.filter(event=event).first()
        if cancellation is None:
            cancellation = EventCancellation.objects.create(
                event=event, actor=actor, reason=reason.strip(), gives_fee_back=gives_fee_back
            )
            event.cancelled_at = event.cancelled_at or timezone.now()
            event = change_status(
                event, Event.Status.CANCELLED, actor, actor_kind=actor_kind, reason=cancellation.reason
            )
    crash_point("cancellation.requested")
    collect_orders(cancellation.pk)
    crash_point("cancellation.collected")
    settle_cancellation(cancellation.pk)
    _wake()
    return event


def try_again(row: CancelledOrder, *, actor: User, gives_fee_back: bool | None = None) -> bool:
    """Have the job take up an order that needed staff, its fee given back if staff say so; False when it needed nobody.

    A refund that was refused or failed is followed by a new one; one that may still be done is never repeated.
    """
    with transaction.atomic():
        row = CancelledOrder.objects.select_for_update(of=("self",)).select_related("refund").get(pk=row.pk)
        if row.state != CancelledOrder.State.NEEDS_STAFF:
            return False
        if row.refund and row.refund.status in (Refund.Status.REFUSED, Refund.Status.FAILED):
            row.refund, row.amount = None, 0
        row.state, row.attempts, row.due_at, row.lease_until = "waiting", 0, timezone.now(), None
        row.gives_fee_back = row.gives_fee_back if gives_fee_back is None else gives_fee_back
        row.save()
        _audit(row, "order.cancellation_tried_again", actor, {"gives_fee_back": row.gives_fee_back})
    settle_cancellation(row.cancellation_id)
    _wake()
    return True


def settle_by_staff(row: CancelledOrder, *, actor: User) -> bool:
    """Say that an order that needed staff is done, its buyer paid another way; False when it needed nobody.

    Raises RefundNeedsStaff while nobody has said of its failed refund what became of the money: that changes the books.
    """
    with transaction.atomic():
        row = CancelledOrder.objects.select_for_update().get(pk=row.pk)
        if row.state != CancelledOrder.State.NEEDS_STAFF:
            return False
        if row.order.refunds.filter(status=Refund.Status.FAILED, needs_staff=True).exists():
            raise RefundNeedsStaff(FAILED)
        _audit(row, "order.cancellation_settled", actor, {"was": row.error})
        row.state, row.error, row.refund, row.amount = "nothing_to_refund", SETTLED, None, 0
        row.save(update_fields=["state", "error", "refund", "amount"])
    settle_cancellation(row.cancellation_id)
    return True


def _audit(row: CancelledOrder, action: str, actor: User, after: dict[str, object]) -> None:
    audit.record(
        action,
        organization=row.order.organization,
        subject=f"order:{row.order.code}",
        actor=actor,
        actor_kind=AuditEntry.Actor.STAFF,
        after=after,
    )


def _wake() -> None:
    from ticketing.tasks import work_off_cancellations

    poke(work_off_cancellations)
