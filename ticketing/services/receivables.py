"""What organizers owe for refunds that their balance couldn't bear: taken from it as soon as there is something."""

import logging
import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from connect import gateway, refund_calls
from connect.errors import GatewayError, GatewayRefused
from connect.stripe_objects import Moved
from maly.crash import crash_point
from ticketing import postings
from ticketing.models import OrganizerReceivable, Payment, Refund, TransferReversal
from ticketing.services.charges import with_charge_money
from ticketing.services.orders import lock_order, lock_payment

logger = logging.getLogger(__name__)


def recover_from_organization(organization_id: int) -> int:
    """Take what an organizer owes from its balance, oldest first: after each sale, and before a payout of ours.

    Returns how many minor units were recovered, over all currencies.
    """
    owed = OrganizerReceivable.objects.filter(
        organization_id=organization_id, needs_staff=False, settled_amount__lt=F("amount")
    )
    return sum(recover_receivable(pk) for pk in owed.order_by("pk").values_list("pk", flat=True))


def recover_receivable(receivable_id: int) -> int:
    """Reverse as much of the refunded order's own transfer as is owed and the balance holds; minor units recovered.

    Safe to call twice: a reversal without an answer is repeated under its key before another is begun.
    """
    receivable = OrganizerReceivable.objects.select_related("refund__payment").get(pk=receivable_id)
    if receivable.needs_staff:
        return 0
    try:
        reversal = _find_or_write(receivable)
        return carry_out_reversal(reversal.pk) if reversal else 0
    except GatewayError as error:
        logger.warning("receivable_not_recovered receivable=%s error=%s", receivable.pk, type(error).__name__)
        return 0


def carry_out_reversal(reversal_id: int) -> int:
    """Ask Stripe for a requested reversal under its key and settle the receivable; minor units recovered.

    Raises GatewayUnavailable when the outcome isn't known.
    """
    row = TransferReversal.objects.select_related("payment", "refund").get(pk=reversal_id)
    if row.status != "requested":
        return 0
    try:
        moved = _ask(row)
    except refund_calls.BalanceShort:
        _close(row)
        return 0
    except GatewayRefused as error:
        _close(row, refused=error)
        return 0
    crash_point("recovery.created")
    _record(row, moved)
    crash_point("recovery.recorded")
    return row.amount


def release_receivable(receivable: OrganizerReceivable, *, actor: User) -> OrganizerReceivable:
    """Let a receivable that waits for staff be taken from the organizer, now and by the sweeps."""
    with transaction.atomic():
        receivable = OrganizerReceivable.objects.select_for_update().get(pk=receivable.pk)
        receivable.needs_staff = False
        receivable.save(update_fields=["needs_staff"])
        audit.record(
            "receivable.released",
            organization=receivable.organization,
            subject=f"order:{receivable.refund.order.code}",
            actor=actor,
            actor_kind="staff",
            after={"amount": receivable.open_amount, "currency": receivable.currency},
        )
    recover_receivable(receivable.pk)
    receivable.refresh_from_db()
    return receivable


def _find_or_write(receivable: OrganizerReceivable) -> TransferReversal | None:
    """The reversal to be asked for: one under way, or a new one of what the balance holds; None for nothing."""
    under_way = receivable.refund.reversals.filter(status="requested").first()
    if under_way or receivable.open_amount == 0:
        return under_way
    payment = with_charge_money(receivable.refund.payment)
    if not payment.transfer_id:
        return None
    held = gateway.retrieve_balance(payment.destination)
    currency = receivable.currency
    balance = held.available.get(currency, 0) + held.pending.get(currency, 0)
    return _write(receivable, payment, most=balance)


def _write(receivable: OrganizerReceivable, payment: Payment, *, most: int) -> TransferReversal | None:
    with transaction.atomic():
        lock_order(receivable.refund.order_id)
        receivable.refresh_from_db()
        is_busy = (
            receivable.refund.reversals.filter(status="requested").exists()
            or payment.refunds.filter(status=Refund.Status.REQUESTED).exists()
        )
        amount = min(receivable.open_amount, most)
        if is_busy or amount <= 0:
            return None
        row = TransferReversal.objects.create(
            refund=receivable.refund,
            payment=payment,
            amount=amount,
            idempotency_key=f"reversal-{uuid.uuid4()}",
        )
    crash_point("recovery.requested")
    return row


def _ask(row: TransferReversal) -> Moved:
    assert row.idempotency_key is not None, row.pk
    transfer_id = row.payment.transfer_id or with_charge_money(row.payment).transfer_id
    if row.created_at < timezone.now() - refund_calls.KEY_IS_KNOWN_FOR:
        for known in refund_calls.list_reversals(transfer_id):
            if known.request == row.idempotency_key:
                return known
    return refund_calls.reverse_transfer(
        transfer_id, amount=row.amount, request=row.idempotency_key, idempotency_key=row.idempotency_key
    )


def _record(row: TransferReversal, moved: Moved) -> None:
    with transaction.atomic():
        order, _ = lock_payment(row.payment_id, row.refund.order_id)
        row = TransferReversal.objects.select_for_update().get(pk=row.pk)
        if row.status != "requested":
            return
        row.status, row.stripe_id = "succeeded", moved.id
        row.save(update_fields=["status", "stripe_id"])
        receivable = OrganizerReceivable.objects.select_for_update().get(refund_id=row.refund_id)
        receivable.settled_amount += row.amount
        # A refund that failed meanwhile is owed by nobody; what was taken for it is staff's to give back.
        receivable.amount = max(receivable.amount, receivable.settled_amount)
        receivable.save(update_fields=["amount", "settled_amount"])
        postings.receivable_recovered(order, row, at=moved.created_at)
        audit.record(
            "receivable.recovered",
            organization=order.organization,
            subject=f"order:{order.code}",
            after={"amount": row.amount, "currency": order.currency, "left": receivable.open_amount},
        )


def _close(row: TransferReversal, *, refused: GatewayRefused | None = None) -> None:
    """Give a reversal up that Stripe refused; a balance that was emptied meanwhile is tried again later."""
    with transaction.atomic():
        lock_payment(row.payment_id, row.refund.order_id)
        TransferReversal.objects.filter(pk=row.pk, status="requested").update(status="refused")
        if refused is not None:
            OrganizerReceivable.objects.filter(refund_id=row.refund_id).update(needs_staff=True)
            reason = f"Stripe refused to take the organizer's part back: {refused.message}"
            Refund.objects.filter(pk=row.refund_id).update(needs_staff=True, staff_reason=reason)
    logger.warning("reversal_refused refund=%s", row.refund.code)
