"""Payments that nobody told us about: sessions that are complete at Stripe while their order still waits."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEntry
from connect.errors import GatewayError
from ticketing.models import Order, Payment
from ticketing.services.fulfillment import settle_payment

logger = logging.getLogger(__name__)

# By then a webhook or the buyer's return has told of most payments.
ASKED_AFTER = timedelta(minutes=5)


def find_paid_sessions(*, now: datetime | None = None, limit: int = 300) -> int:
    """Ask Stripe about sessions that have been open for five minutes, and settle those that are over.

    Also about those of payments that were put aside before any money came: it may have come since. An open session
    keeps its hold to the end; how many orders were paid or closed is returned.
    """
    before = (now or timezone.now()) - ASKED_AFTER
    is_unpaid = Q(status=Payment.Status.REVIEW, received__isnull=True, succeeded_at__isnull=True)
    waiting = Payment.objects.filter(
        Q(status=Payment.Status.OPEN) | is_unpaid, created_at__lte=before, session_id__isnull=False
    )
    decided = 0
    for session_id in list(waiting.order_by("created_at").values_list("session_id", flat=True)[:limit]):
        assert session_id is not None
        try:
            order = settle_payment(session_id, actor_kind=AuditEntry.Actor.SWEEP)
        except GatewayError as error:
            logger.warning("session_not_read session=%s error=%s", session_id, type(error).__name__)
            continue
        decided += order is not None and order.status != Order.Status.AWAITING_PAYMENT
    return decided
