"""The work of cancelled events, one order at a time: unpaid orders are closed, paid ones refunded, each buyer once.

Any number of workers may be at it, each may be killed at any point: what an order needs next is read from its rows,
and the refund itself is asked for under its own key, as every refund is.
"""

import logging
import time
from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.services import audit
from connect.errors import StripeUnavailable
from maly.crash import crash_point
from maly.errors import MalyError
from notifications.services.outbox import enqueue
from ticketing.errors import NothingToRefund, RefundUnderWay, ReservationExpired
from ticketing.models import CancelledOrder, EventCancellation, Order, Payment, Refund, Ticket
from ticketing.services import cancellation_orders as rows
from ticketing.services import stock
from ticketing.services.cancellation_preview import plan_cancellation
from ticketing.services.checkout import cancel_checkout
from ticketing.services.orders import lock_order
from ticketing.services.refund_attempts import carry_out_refund
from ticketing.services.refundable import GONE, live_tickets, read_money
from ticketing.services.refunds import REFUNDABLE, check_nothing_under_way, find_payment, write_refund

logger = logging.getLogger(__name__)
State = CancelledOrder.State
# An order that fails for no reason that we know is shown to staff after so many tries, an hour or so.
MOST_FAILURES = 8
AT_THE_BANK = "The buyer disputes the payment: the bank decides about its money. Won, it is refunded."
LOST = "The buyer's bank gave the money back."
PARTLY_LOST = "The buyer's bank gave only a part of the money back: see to the rest."
IN_REVIEW = "The payment isn't what was asked for: look at it first, then try again."
PAYING = "The buyer's bank hasn't decided about the payment yet."
MADE = (Refund.Status.SUCCEEDED, Refund.Status.PENDING)
OVER = (Order.Status.CANCELLED, Order.Status.EXPIRED)


def work_off_cancellations(
    *, now: datetime | None = None, limit: int = 200, for_seconds: int | None = None
) -> int:
    """Collect what is requested, then work off up to `limit` orders that are due; returns how many were taken up.

    After `for_seconds` no other is taken up, so that a large event leaves the workers time for everything else.
    """
    now, began_at = now or timezone.now(), time.monotonic()
    under_way = [EventCancellation.State.REQUESTED, EventCancellation.State.RUNNING]
    touched = set(EventCancellation.objects.filter(state__in=under_way).values_list("pk", flat=True))
    for cancellation_id in touched:
        rows.collect_orders(cancellation_id)
    rows.reopen_changed_orders(now)
    taken = 0
    while taken < limit and (row := rows.claim_order(now)):
        taken += 1
        touched.add(row.cancellation_id)
        crash_point("cancellation.claimed")
        _work_off(row, now)
        if for_seconds is not None and time.monotonic() - began_at >= for_seconds:
            break
    for cancellation_id in touched:
        rows.settle_cancellation(cancellation_id)
    return taken


def _work_off(row: CancelledOrder, now: datetime) -> None:
    """Take one order a step on, and record how far it is; one order that can't go on doesn't stop the others."""
    try:
        _take_on(row, now)
    except (RefundUnderWay, ReservationExpired, StripeUnavailable) as error:
        rows.postpone_order(row, error.detail, now=now)
    except MalyError as error:
        rows.decide_order(row, State.NEEDS_STAFF, error=error.detail)
    except Exception as error:
        logger.exception("cancelled_order_failed order=%s", row.order_id)
        if row.attempts >= MOST_FAILURES:
            rows.decide_order(
                row, State.NEEDS_STAFF, error=f"It failed {row.attempts} times: {type(error).__name__}."
            )
        else:
            rows.postpone_order(row, type(error).__name__, now=now)


def _take_on(row: CancelledOrder, now: datetime) -> None:
    order = Order.objects.get(pk=row.order_id)
    if order.status == Order.Status.AWAITING_PAYMENT:
        order = cancel_checkout(order)
        crash_point("cancellation.unpaid_closed")
    refund = row.refund or _late_refund(order)
    if refund is not None and not (refund.status == Refund.Status.REFUSED and _is_overtaken(order)):
        _carry_on(row, refund, now)
    elif order.payments.filter(status=Payment.Status.REVIEW).exists():
        rows.decide_order(row, State.NEEDS_STAFF, error=IN_REVIEW)
    elif order.status == Order.Status.AWAITING_PAYMENT:
        rows.postpone_order(row, PAYING, now=now)
    elif order.status in OVER:
        rows.decide_order(row, State.CLOSED)
    elif order.status == Order.Status.DISPUTED:
        _leave_to_the_bank(row, order)
    else:
        _refund(row, now)


def _late_refund(order: Order) -> Refund | None:
    """The refund of an order that was paid while, or after, its event was cancelled: fulfilment has written it."""
    if order.status not in (*OVER, Order.Status.REFUNDED):
        return None
    return order.refunds.filter(origin=Refund.Origin.LATE_PAYMENT).order_by("-pk").first()


def _leave_to_the_bank(row: CancelledOrder, order: Order) -> None:
    """A lost dispute has given the buyer the money; if only a part of it was disputed, staff see to the rest."""
    lost = order.disputes.filter(status__in=GONE).aggregate(Sum("amount"))["amount__sum"]
    if lost is None:
        rows.decide_order(row, State.DISPUTED, error=AT_THE_BANK)
    elif order.refunded_amount + lost < order.total_amount:
        rows.decide_order(row, State.NEEDS_STAFF, error=PARTLY_LOST)
    else:
        rows.decide_order(row, State.NOTHING_TO_REFUND, error=LOST)


def _is_overtaken(order: Order) -> bool:
    """Whether a refund that Stripe refused is no matter any more: refunded otherwise, or the bank's to decide."""
    return order.status in (Order.Status.REFUNDED, Order.Status.DISPUTED)


def _refund(row: CancelledOrder, now: datetime) -> None:
    refund = _write_refund(row)
    crash_point("cancellation.refund_written")
    if refund is None:
        rows.decide_order(row, State.NOTHING_TO_REFUND)
    else:
        _carry_on(row, refund, now)


def _carry_on(row: CancelledOrder, refund: Refund, now: datetime) -> None:
    """Ask Stripe for the refund unless it is decided, and say on the row what it came to."""
    if refund.status == Refund.Status.REQUESTED:
        refund = carry_out_refund(refund.pk)
        crash_point("cancellation.refunded")
    if refund.status in MADE:
        rows.decide_order(row, State.REFUNDED, refund=refund)
    elif refund.status == Refund.Status.OTHERWISE:
        rows.decide_order(row, State.NOTHING_TO_REFUND, error=rows.SETTLED)
    elif refund.status == Refund.Status.REQUESTED:
        rows.postpone_order(row, "Stripe hasn't answered yet.", now=now)
    else:
        rows.decide_order(row, State.NEEDS_STAFF, refund=refund, error=_why(refund))
    crash_point("cancellation.decided")


def _why(refund: Refund) -> str:
    if refund.status == Refund.Status.FAILED:
        return refund.staff_reason or f"The buyer's bank sent the refund back: {refund.failure_reason}."
    return f"Stripe refused the refund: {refund.failure_reason}"


def _write_refund(row: CancelledOrder) -> Refund | None:
    """Write the refund of all that is left and tie it to the row, once; None where no money can go back.

    Then the tickets that are left are cancelled at once and the buyer is told. Raises OrderNotRefundable,
    RefundUnderWay, RefundNeedsStaff.
    """
    with transaction.atomic():
        order = lock_order(row.order_id)
        payment = None
        if order.total_amount or order.status not in REFUNDABLE:
            payment = Payment.objects.select_for_update().get(pk=find_payment(order).pk)
        locked = CancelledOrder.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if locked.refund is not None and locked.refund.status != Refund.Status.REFUSED:
            return locked.refund
        try:
            refund = _plan_and_write(row, order, payment)
        except NothingToRefund:
            _cancel_without_money(order, row)
            return None
        locked.refund, locked.amount = refund, refund.amount
        locked.save(update_fields=["refund", "amount"])
    return refund


def _plan_and_write(row: CancelledOrder, order: Order, payment: Payment | None) -> Refund:
    if payment is None:
        raise NothingToRefund
    check_nothing_under_way(payment)
    cancellation = row.cancellation
    choice = cancellation.gives_fee_back if row.gives_fee_back is None else row.gives_fee_back
    plan = plan_cancellation(
        order, read_money(order, payment), live=live_tickets(order), gives_fee_back=choice
    )
    return write_refund(
        order,
        payment,
        plan,
        origin=Refund.Origin.EVENT_CANCELLED,
        actor=cancellation.actor,
        reason=cancellation.reason,
    )


def _cancel_without_money(order: Order, row: CancelledOrder) -> None:
    """Cancel what is left of a locked order that cost nothing, or whose money is back, and tell its buyer, once."""
    tickets = live_tickets(order)
    if not tickets:
        return
    order.status = Order.Status.REFUNDED
    order.save(update_fields=["status"])
    audit.record(
        "order.cancelled_with_event",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=row.cancellation.actor,
        actor_kind=AuditEntry.Actor.SWEEP,
        after={"tickets": [ticket.code for ticket in tickets]},
        reason=row.cancellation.reason,
    )
    enqueue("event_cancelled", key=f"event_cancelled:{order.code}", to=order.email, ids={"order": order.pk})
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(status=Ticket.Status.CANCELLED)
    stock.give_back(order.event_id, Counter(ticket.ticket_type_id for ticket in tickets), restock=True)
