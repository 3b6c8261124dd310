"""What organizers owe for refunds and lost disputes that their balance couldn't bear: taken when it has something."""

import logging

from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.services import audit
from connect.errors import GatewayError
from maly.crash import crash_point
from ticketing.models import OrganizerReceivable, Payment, Refund, TransferReversal
from ticketing.services.charges import with_charge_money
from ticketing.services.dispute_recovery import recover_disputes_of
from ticketing.services.orders import lock_order
from ticketing.services.reversals import balance_for, carry_out_reversal, write_reversal

logger = logging.getLogger(__name__)
NOTHING_LEFT = "None of this payment's transfers has anything left to take back."


def recover_from_organization(organization_id: int) -> int:
    """Take what an organizer owes from its balance, oldest first, then its shares of open disputes.

    After each sale, and before a payout of ours. Returns how many minor units were recovered, over all currencies.
    """
    owed = OrganizerReceivable.objects.filter(
        organization_id=organization_id,
        needs_staff=False,
        amount__gt=F("settled_amount") + F("written_off_amount"),
    )
    ids = list(owed.order_by("pk").values_list("pk", flat=True))
    return sum(recover_receivable(pk) for pk in ids) + recover_disputes_of(organization_id)


def recover_receivable(receivable_id: int) -> int:
    """Reverse as much of its payment's transfers as is owed and the balance holds; minor units recovered.

    Safe to call twice: a reversal without an answer is repeated under its key before another is begun.
    """
    receivable = OrganizerReceivable.objects.select_related("refund__payment", "dispute__payment").get(
        pk=receivable_id
    )
    recovered = 0
    try:
        # One transfer after the other; each is asked for once.
        while not receivable.needs_staff and (reversal := _find_or_write(receivable)):
            taken = carry_out_reversal(reversal.pk)
            if not taken:
                break
            recovered += taken
            receivable.refresh_from_db()
    except GatewayError as error:
        logger.warning("receivable_not_recovered receivable=%s error=%s", receivable.pk, type(error).__name__)
    return recovered


def release_receivable(receivable: OrganizerReceivable, *, actor: User) -> OrganizerReceivable:
    """Let a receivable that waits for staff be taken from the organizer, now and by the sweeps."""
    with transaction.atomic():
        receivable = OrganizerReceivable.objects.select_for_update().get(pk=receivable.pk)
        receivable.needs_staff = False
        receivable.save(update_fields=["needs_staff"])
        audit.record(
            "receivable.released",
            organization=receivable.organization,
            subject=f"order:{receivable.cause.order.code}",
            actor=actor,
            actor_kind="staff",
            after={"amount": receivable.open_amount, "currency": receivable.currency},
        )
    recover_receivable(receivable.pk)
    receivable.refresh_from_db()
    return receivable


def _find_or_write(receivable: OrganizerReceivable) -> TransferReversal | None:
    """The reversal to be asked for: one under way, or a new one of what the balance holds; None for nothing."""
    under_way = receivable.cause.reversals.filter(status="requested").first()
    if under_way or receivable.open_amount <= 0:
        return under_way
    payment = with_charge_money(receivable.cause.payment)
    if not payment.transfer_id:
        return None
    most = balance_for(payment)
    return _write(receivable, payment, most=most) if most > 0 else None


def _write(receivable: OrganizerReceivable, payment: Payment, *, most: int) -> TransferReversal | None:
    cause = receivable.cause
    with transaction.atomic():
        lock_order(payment.order_id)
        receivable.refresh_from_db()
        is_busy = (
            cause.reversals.filter(status="requested").exists()
            or payment.refunds.filter(status=Refund.Status.REQUESTED).exists()
        )
        wanted = min(receivable.open_amount, most)
        if is_busy or wanted <= 0:
            return None
        row = write_reversal(payment, cause, most=wanted)
        if row is None and not payment.organizer_transfers.filter(status="requested").exists():
            _ask_staff(receivable)
    crash_point("recovery.requested")
    return row


def _ask_staff(receivable: OrganizerReceivable) -> None:
    """Nothing can be taken back for it any more, whatever the balance holds."""
    receivable.needs_staff = True
    receivable.save(update_fields=["needs_staff"])
    cause = receivable.cause
    type(cause).objects.filter(pk=cause.pk).update(needs_staff=True, staff_reason=NOTHING_LEFT)
    logger.error("receivable_without_transfer receivable=%s", receivable.pk)
