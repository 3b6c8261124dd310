"""The sweeps over what waits for a buyer or for Stripe. Each may run at any time, twice, and beside itself."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import AuditEntry
from connect import gateway
from connect.errors import GatewayRefused, GatewayUnavailable, SessionNotOpen, StripeUnavailable
from maly.crash import crash_point
from ticketing.errors import PaymentFailed, ReservationExpired
from ticketing.models import Order, Payment
from ticketing.services.fulfillment import apply_session
from ticketing.services.orders import close_order, lock_order
from ticketing.services.sessions import REPEATABLE_FOR, fail_request, lease_time, open_session

logger = logging.getLogger(__name__)
# How long the client may take to retry by itself before a sweep finds out for it.
RETRY_GRACE = timedelta(seconds=30)


def expire_due_holds(*, now: datetime | None = None, limit: int = 200) -> int:
    """Have Stripe expire the sessions whose time is up and free their holds; returns how many orders were closed.

    Stock is freed only after Stripe has said that nobody can pay any more; a session that turns out to be paid is
    settled instead.
    """
    now = now or timezone.now()
    due = Payment.objects.filter(
        status=Payment.Status.OPEN,
        order__status=Order.Status.AWAITING_PAYMENT,
        order__hold_expires_at__lte=now,
    )
    closed = sum(_expire(payment) for payment in _claim(due, limit))
    return closed + _close_abandoned(now, limit)


def resolve_requested_payments(*, now: datetime | None = None, limit: int = 100) -> int:
    """Find out what became of calls to Stripe that got no answer; returns how many were resolved.

    The same call under its key tells; its session, which no buyer has seen, is expired and the hold freed. A call older
    than 90 seconds can't be repeated: nobody can pay at a session whose address never came, so the hold is freed.
    """
    now = now or timezone.now()
    unanswered = Payment.objects.filter(status=Payment.Status.REQUESTED, created_at__lte=now - RETRY_GRACE)
    return sum(_resolve(payment, now) for payment in _claim(unanswered, limit))


def _claim(payments: QuerySet[Payment], limit: int) -> Iterator[Payment]:
    """Take the leases of these payments one by one, passing over those that somebody else has."""
    for payment_id in payments.order_by("pk").values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            now = timezone.now()
            free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
            payment = (
                payments.filter(free, pk=payment_id).select_for_update(skip_locked=True, of=("self",)).first()
            )
            if payment:
                payment.lease_until = now + lease_time()
                payment.save(update_fields=["lease_until"])
        if payment:
            yield payment


def _expire(payment: Payment) -> bool:
    """Expire one open session at Stripe and converge; False when it must wait for another run."""
    assert payment.session_id is not None
    crash_point("expire.claimed")
    try:
        try:
            session = gateway.expire_session(payment.session_id)
        except SessionNotOpen:
            session = gateway.retrieve_session(payment.session_id)
    except (GatewayUnavailable, GatewayRefused) as error:
        logger.warning("hold_not_expired payment=%s error=%s", payment.pk, type(error).__name__)
        return False
    crash_point("expire.expired_at_stripe")
    order = apply_session(session, actor_kind=AuditEntry.Actor.SWEEP)
    return order is not None and order.status == Order.Status.EXPIRED


def _resolve(payment: Payment, now: datetime) -> bool:
    if payment.created_at < now - REPEATABLE_FOR:
        fail_request(payment, code="no_answer")
        return True
    try:
        opened = open_session(payment, is_repeat=True)
    except (PaymentFailed, ReservationExpired):
        return True
    except StripeUnavailable:
        return not Payment.objects.filter(pk=payment.pk, status=Payment.Status.REQUESTED).exists()
    return _expire(opened)


def _close_abandoned(now: datetime, limit: int) -> int:
    """Free the holds of orders whose process died before it had asked Stripe for anything."""
    asked = Payment.objects.filter(order=OuterRef("pk")).exclude(
        status__in=[Payment.Status.FAILED, Payment.Status.EXPIRED]
    )
    begun = now + timedelta(minutes=settings.HOLD_MINUTES) - REPEATABLE_FOR
    abandoned = Order.objects.filter(
        ~Exists(asked), status=Order.Status.AWAITING_PAYMENT, hold_expires_at__lte=begun
    )
    return sum(_close(order_id) for order_id in abandoned.values_list("pk", flat=True)[:limit])


def _close(order_id: int) -> bool:
    with transaction.atomic():
        order = lock_order(order_id)
        under_way = order.payments.exclude(status__in=[Payment.Status.FAILED, Payment.Status.EXPIRED])
        if order.status != Order.Status.AWAITING_PAYMENT or under_way.exists():
            return False
        close_order(
            order,
            None,
            status=Order.Status.EXPIRED,
            payment_status="",
            problem=Order.Problem.RESERVATION_EXPIRED,
        )
    crash_point("expire.committed")
    return True
