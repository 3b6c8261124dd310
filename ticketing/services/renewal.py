"""Holding tickets for another while: Stripe can't extend a session, so it is exchanged for a new one."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry
from connect import gateway
from connect.errors import GatewayRefused, GatewayUnavailable, SessionNotOpen, StripeUnavailable
from maly.crash import crash_point
from ticketing.models import Order, Payment
from ticketing.services.checkout import resume_checkout
from ticketing.services.fulfillment import apply_session
from ticketing.services.orders import hold_until, lock_payment

# Earlier than this there is nothing to renew; more often than this would be hoarding.
RENEW_WITHIN = timedelta(minutes=10)
MOST_SESSIONS = 3


def keep_holding(order: Order) -> datetime | None:
    """Hold an unpaid order's tickets for a full time again when the time is nearly up; until when they are held.

    The stock stays held while the sessions are exchanged. A lapsed hold is held anew if the tickets are still there.
    None when the order turns out to be paid. Raises ReservationExpired, TicketSoldOut, StripeUnavailable.
    """
    payment = order.payments.filter(status=Payment.Status.OPEN).first()
    if payment is not None and _may_renew(order, payment):
        _close_session(payment)
    _url, expires_at = resume_checkout(order)
    return expires_at


def _may_renew(order: Order, payment: Payment) -> bool:
    if order.organization.is_flagged:
        return False  # what is held may be paid, and no longer
    now = timezone.now()
    return now < payment.expires_at < now + RENEW_WITHIN and order.payments.count() < MOST_SESSIONS


def _close_session(payment: Payment) -> None:
    """Have Stripe close the session, then the payment, and leave the order and its stock as they are."""
    assert payment.session_id is not None
    try:
        gateway.expire_session(payment.session_id)
    except SessionNotOpen:
        _converge(payment)
        return
    except (GatewayUnavailable, GatewayRefused) as error:
        raise StripeUnavailable from error
    crash_point("renew.expired_at_stripe")
    with transaction.atomic():
        order, payment = lock_payment(payment.pk, payment.order_id)
        if payment.status != Payment.Status.OPEN or order.status != Order.Status.AWAITING_PAYMENT:
            return  # the webhook was faster; resuming holds anew
        payment.status = Payment.Status.EXPIRED
        payment.save(update_fields=["status"])
        order.hold_expires_at = hold_until(timezone.now())
        order.save(update_fields=["hold_expires_at"])
    crash_point("renew.payment_closed")


def _converge(payment: Payment) -> None:
    """The buyer paid, or the session lapsed, while this was asked."""
    assert payment.session_id is not None
    try:
        apply_session(gateway.retrieve_session(payment.session_id), actor_kind=AuditEntry.Actor.BUYER)
    except (GatewayUnavailable, GatewayRefused) as error:
        raise StripeUnavailable from error
