"""Taking an organizer's share of an open dispute back from its balance, at once and as money arrives there."""

import logging

from django.db import transaction

from connect.errors import GatewayError
from maly.crash import crash_point
from ticketing.models import Dispute, Payment, Refund, TransferReversal
from ticketing.services.charges import with_charge_money
from ticketing.services.dispute_books import share_of_organizer
from ticketing.services.orders import lock_payment
from ticketing.services.refundable import GONE
from ticketing.services.reversals import balance_for, carry_out_reversal, write_reversal

logger = logging.getLogger(__name__)


def recover_disputes_of(organization_id: int) -> int:
    """Take what is missing of an organizer's shares of open disputes; minor units recovered, over all currencies."""
    waiting = Dispute.objects.filter(
        organization_id=organization_id, closed_at=None, withdrawn_amount__gt=0, reinstated_amount=0
    )
    return sum(recover_dispute(pk) for pk in list(waiting.order_by("pk").values_list("pk", flat=True)))


def recover_dispute(dispute_id: int) -> int:
    """Reverse as much of the disputed payment's transfer as the share is and the balance holds; minor units recovered.

    Safe to call twice: a reversal without an answer is repeated under its key before another is begun.
    """
    dispute = Dispute.objects.select_related("payment").get(pk=dispute_id)
    recovered = 0
    try:
        while reversal := _find_or_write(dispute):
            taken = carry_out_reversal(reversal.pk)
            if not taken:
                break
            recovered += taken
            dispute.refresh_from_db()
    except GatewayError as error:
        logger.warning("dispute_not_recovered dispute=%s error=%s", dispute, type(error).__name__)
    return recovered


def _is_recoverable(dispute: Dispute) -> bool:
    """Whether the money is with the bank, and nothing is decided."""
    return bool(
        dispute.withdrawn_amount
        and not dispute.reinstated_amount
        and dispute.status not in (Dispute.Status.WON, *GONE)
        and not dispute.is_recovery_stopped
    )


def _find_or_write(dispute: Dispute) -> TransferReversal | None:
    """The reversal to be asked for: one under way, or a new one of what the balance holds; None for nothing."""
    under_way = dispute.reversals.filter(status="requested").first()
    if under_way or not _is_recoverable(dispute):
        return under_way
    # An estimate without a lock, to spare Stripe the question when all is recovered; `_write` looks again.
    if share_of_organizer(dispute.payment, dispute) <= dispute.recovered_amount:
        return None
    payment = with_charge_money(dispute.payment)
    if not payment.transfer_id:
        return None
    most = balance_for(payment)
    return _write(dispute, payment, most=most) if most > 0 else None


def _write(dispute: Dispute, payment: Payment, *, most: int) -> TransferReversal | None:
    with transaction.atomic():
        _, payment = lock_payment(payment.pk, payment.order_id)
        dispute = Dispute.objects.select_for_update().get(pk=dispute.pk)
        is_busy = (
            dispute.reversals.filter(status="requested").exists()
            or payment.refunds.filter(status=Refund.Status.REQUESTED).exists()
        )
        if is_busy or not _is_recoverable(dispute):
            return None
        dispute.share_amount = share_of_organizer(payment, dispute)
        dispute.save(update_fields=["share_amount"])
        missing = dispute.share_amount - dispute.recovered_amount
        row = write_reversal(payment, dispute, most=min(missing, most))
    crash_point("recovery.requested")
    return row
