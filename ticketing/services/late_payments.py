"""Money that came too late: it goes back in full, with the transfer and the application fee, and the buyer is told."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.services import audit
from connect import gateway
from connect.errors import GatewayRefused, GatewayUnavailable
from connect.stripe_objects import Refund
from maly.crash import crash_point
from notifications.services.outbox import enqueue
from ticketing.models import Order, Payment
from ticketing.services.orders import lock_payment

logger = logging.getLogger(__name__)
# Stripe keeps idempotency keys for at least 24 hours (docs.stripe.com/api/idempotent_requests).
KEY_IS_KNOWN_FOR = timedelta(hours=23)


def refund_late_payment(payment_id: int) -> None:
    """Send a late payment's money back under the key that was committed with the decision. Safe to call twice.

    An unknown outcome is repeated by a sweep; what Stripe refuses, or hasn't answered for so long that it may have
    forgotten the key, is kept for staff.
    """
    payment = Payment.objects.get(pk=payment_id)
    if payment.refund_id or not payment.refund_key or payment.status != Payment.Status.SUCCEEDED:
        return
    assert payment.payment_intent_id is not None, payment_id
    assert payment.succeeded_at is not None, payment_id
    if payment.succeeded_at < timezone.now() - KEY_IS_KNOWN_FOR:
        _keep_for_staff(
            payment, "The refund of a late payment has had no answer for 23 hours. Look it up at Stripe."
        )
        return
    crash_point("late_refund.requested")
    try:
        refund = gateway.refund_in_full(
            payment_intent_id=payment.payment_intent_id,
            has_application_fee=payment.application_fee_amount > 0,
            idempotency_key=payment.refund_key,
        )
    except GatewayUnavailable:
        logger.warning("late_refund_unknown payment=%s", payment.pk)
        return
    except GatewayRefused as error:
        _keep_for_staff(payment, f"Stripe refused the refund of a late payment: {error.message}")
        return
    crash_point("late_refund.created")
    _record_refund(payment, refund)
    crash_point("late_refund.recorded")


def _record_refund(payment: Payment, refund: Refund) -> None:
    with transaction.atomic():
        order, payment = lock_payment(payment.pk, payment.order_id)
        if payment.refund_id:
            return
        payment.refund_id = refund.id
        payment.save(update_fields=["refund_id"])
        # An order that another payment has paid keeps its tickets; only this payment's money goes back.
        if order.status in (Order.Status.EXPIRED, Order.Status.CANCELLED):
            order.status, order.refunded_amount = Order.Status.REFUNDED, refund.amount
            order.problem, order.completed_at = Order.Problem.RESERVATION_EXPIRED, timezone.now()
            order.save(update_fields=["status", "refunded_amount", "problem", "completed_at"])
        audit.record(
            "payment.late_refunded",
            organization=order.organization,
            subject=f"order:{order.code}",
            after={"refund": refund.id, "amount": refund.amount, "currency": payment.currency},
        )
        enqueue(
            "refund_confirmation",
            key=f"refund_confirmation:{order.code}:{payment.pk}",
            to=order.email,
            ids={"order": order.pk, "payment": payment.pk},
        )


def _keep_for_staff(payment: Payment, reason: str) -> None:
    with transaction.atomic():
        order, payment = lock_payment(payment.pk, payment.order_id)
        payment.status = Payment.Status.REVIEW
        payment.review_reason = reason
        payment.save(update_fields=["status", "review_reason"])
    logger.error("late_refund_kept_for_staff order=%s payment=%s", order.code, payment.pk)
