"""Application fee that goes back beside a refund, where Stripe's own proportion isn't what the tickets say."""

import logging

from django.db import transaction
from django.utils import timezone

from connect import refund_calls
from connect.errors import GatewayRefused, GatewayUnavailable
from connect.stripe_objects import Moved
from maly.crash import crash_point
from ticketing import postings
from ticketing.models import ApplicationFeeRefund, Refund
from ticketing.services.charges import with_charge_money
from ticketing.services.orders import lock_payment

logger = logging.getLogger(__name__)


def give_fee_back(fee_refund_id: int) -> bool:
    """Ask Stripe for a requested fee refund under its key; True when it is done. Safe to call twice.

    An unknown outcome is repeated by a sweep; what Stripe refuses is put before staff.
    """
    row = ApplicationFeeRefund.objects.select_related("payment", "refund").get(pk=fee_refund_id)
    if row.status != "requested":
        return row.status == "succeeded"
    try:
        moved = _ask(row)
    except GatewayUnavailable:
        return False
    except GatewayRefused as error:
        _refuse(row, error)
        return False
    if moved is None:
        return False
    crash_point("fee_refund.created")
    with transaction.atomic():
        order, payment = lock_payment(row.payment_id, row.refund.order_id)
        row = ApplicationFeeRefund.objects.select_for_update().get(pk=row.pk)
        if row.status == "requested":
            row.status, row.stripe_id = "succeeded", moved.id
            row.save(update_fields=["status", "stripe_id"])
            postings.fee_refunded(order, row, at=moved.created_at)
    crash_point("fee_refund.recorded")
    return True


def _ask(row: ApplicationFeeRefund) -> Moved | None:
    """Make the call; None while Stripe hasn't made the fee yet."""
    assert row.idempotency_key is not None, row.pk
    fee_id = with_charge_money(row.payment).application_fee_id
    if not fee_id:
        return None
    if row.created_at < timezone.now() - refund_calls.KEY_IS_KNOWN_FOR:
        for known in refund_calls.list_fee_refunds(fee_id):
            if known.request == row.idempotency_key:
                return known
    crash_point("fee_refund.requested")
    return refund_calls.refund_application_fee(
        fee_id, amount=row.amount, request=row.idempotency_key, idempotency_key=row.idempotency_key
    )


def _refuse(row: ApplicationFeeRefund, error: GatewayRefused) -> None:
    with transaction.atomic():
        lock_payment(row.payment_id, row.refund.order_id)
        refund = Refund.objects.select_for_update().get(pk=row.refund_id)
        ApplicationFeeRefund.objects.filter(pk=row.pk, status="requested").update(status="refused")
        refund.needs_staff = True
        refund.staff_reason = f"Stripe refused to give the fee back: {error.message}"
        refund.save(update_fields=["needs_staff", "staff_reason"])
    logger.error("fee_refund_refused refund=%s", refund.code)
