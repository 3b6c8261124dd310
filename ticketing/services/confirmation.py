"""What a returning buyer's page asks: is the order paid by now?"""

import structlog

from accounts.models import AuditEntry
from connect.errors import GatewayError
from maly.errors import MalyError
from maly.throttling import throttle
from ticketing.models import Order, Payment
from ticketing.services.fulfillment import settle_payment

# What settling changes; event and organization stay loaded.
CHANGING = ["status", "problem", "hold_expires_at", "completed_at", "closed_at"]
logger = structlog.get_logger(__name__)


def confirm_order(order: Order) -> Order:
    """Settle the order if Stripe says that its session is paid; safe to call as often as a page is looked at.

    A Stripe that can't be reached leaves the order as it is: the webhook or a sweep settles it later.
    """
    if order.status != Order.Status.AWAITING_PAYMENT:
        return order
    payment = order.payments.filter(status=Payment.Status.OPEN, session_id__isnull=False).first()
    if payment is None or payment.session_id is None:
        order.refresh_from_db(fields=CHANGING)  # a webhook may have been faster than this look
        return order
    try:
        throttle(
            "lookup", f"order:{order.pk}"
        )  # a page that looks again and again must not use up Stripe's limit
        settled = settle_payment(payment.session_id, actor_kind=AuditEntry.Actor.BUYER)
    except (GatewayError, MalyError) as error:
        logger.info("return_not_confirmed", order=order.code, error=type(error).__name__)
        return order
    if settled is None:
        return order
    order.refresh_from_db(fields=CHANGING)
    return order
