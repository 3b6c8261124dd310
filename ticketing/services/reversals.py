"""Transfers taken back by themselves: for what an organizer owes, or for its share of a dispute.

A payment's transfers are the one that Stripe made of the charge and those of ours that went after it; each can be taken
back once. Amounts are minor units of the payment's currency.
"""

import logging
import uuid

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.services import audit
from connect import gateway, refund_calls
from connect.errors import GatewayRefused
from connect.stripe_objects import Moved
from maly.crash import crash_point
from ticketing import postings
from ticketing.models import (
    Dispute,
    Order,
    OrganizerReceivable,
    OrganizerTransfer,
    Payment,
    Refund,
    TransferReversal,
)
from ticketing.services.charges import with_charge_money
from ticketing.services.dispute_books import book_recovery
from ticketing.services.orders import lock_payment

logger = logging.getLogger(__name__)


def balance_for(payment: Payment) -> int:
    """What the payment's connected account holds in its currency, pending money too: a reversal may use that."""
    held = gateway.retrieve_balance(payment.destination)
    return held.available.get(payment.currency, 0) + held.pending.get(payment.currency, 0)


def write_reversal(payment: Payment, cause: Refund | Dispute, *, most: int) -> TransferReversal | None:
    """Write down a reversal of at most `most`, its order locked by the caller; None when no transfer has any left."""
    transfer, left = _find_transfer(payment)
    amount = min(most, left)
    if amount <= 0:
        return None
    return TransferReversal.objects.create(
        refund=cause if isinstance(cause, Refund) else None,
        dispute=cause if isinstance(cause, Dispute) else None,
        payment=payment,
        transfer=transfer,
        amount=amount,
        idempotency_key=f"reversal-{uuid.uuid4()}",
    )


def carry_out_reversal(reversal_id: int) -> int:
    """Ask Stripe for a requested reversal under its key and book it; minor units taken back. Safe to call twice.

    Raises GatewayUnavailable when the outcome isn't known.
    """
    row = TransferReversal.objects.select_related("payment", "transfer").get(pk=reversal_id)
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


def _find_transfer(payment: Payment) -> tuple[OrganizerTransfer | None, int]:
    """The transfer of a payment that has most left to be taken back, and how much; None is the charge's own."""
    live = payment.reversals.exclude(status="refused").values_list("transfer").annotate(Sum("amount"))
    taken: dict[int | None, int] = dict(live)
    found: list[tuple[OrganizerTransfer | None, int]] = [(None, payment.charged_amount - taken.get(None, 0))]
    found += [
        (sent, sent.amount - taken.get(sent.pk, 0))
        for sent in payment.organizer_transfers.filter(status="succeeded").order_by("pk")
    ]
    return max(found, key=lambda each: each[1])


def _ask(row: TransferReversal) -> Moved:
    assert row.idempotency_key is not None, row.pk
    transfer_id = row.transfer.stripe_id if row.transfer else with_charge_money(row.payment).transfer_id
    assert transfer_id, row.pk
    if row.created_at < timezone.now() - refund_calls.KEY_IS_KNOWN_FOR:
        for known in refund_calls.list_reversals(transfer_id):
            if known.request == row.idempotency_key:
                return known
    return refund_calls.reverse_transfer(
        transfer_id, amount=row.amount, request=row.idempotency_key, idempotency_key=row.idempotency_key
    )


def _record(row: TransferReversal, moved: Moved) -> None:
    with transaction.atomic():
        order, payment = lock_payment(row.payment_id, row.payment.order_id)
        dispute = Dispute.objects.select_for_update(of=("self",)).filter(reversals=row).first()
        row = TransferReversal.objects.select_for_update().get(pk=row.pk)
        if row.status != "requested":
            return
        row.status, row.stripe_id = "succeeded", moved.id
        row.save(update_fields=["status", "stripe_id"])
        receivables = OrganizerReceivable.objects.select_for_update(of=("self",))
        if dispute is None:
            _settle(order, receivables.get(refund__reversals=row), row, moved)
        elif owed := receivables.filter(dispute=dispute).first():
            # The dispute was lost while Stripe was asked: what comes back settles what is owed for it.
            _settle(order, owed, row, moved)
        else:
            book_recovery(order, payment, dispute, row, at=moved.created_at)


def _settle(order: Order, receivable: OrganizerReceivable, row: TransferReversal, moved: Moved) -> None:
    """Book what was taken back for a receivable."""
    receivable.settled_amount += row.amount
    # A refund that failed meanwhile is owed by nobody; what was taken for it is staff's to give back.
    settled = receivable.settled_amount + receivable.written_off_amount
    receivable.amount = max(receivable.amount, settled)
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
        lock_payment(row.payment_id, row.payment.order_id)
        mine = TransferReversal.objects.filter(pk=row.pk, status="requested")
        if mine.update(status="refused") and refused is not None:
            _ask_staff(row, f"Stripe refused to take the organizer's part back: {refused.message}")
    logger.warning("reversal_refused reversal=%s", row.pk)


def _ask_staff(row: TransferReversal, reason: str) -> None:
    OrganizerReceivable.objects.filter(Q(refund__reversals=row) | Q(dispute__reversals=row)).update(
        needs_staff=True
    )
    Refund.objects.filter(reversals=row).update(needs_staff=True, staff_reason=reason)
    Dispute.objects.filter(reversals=row).update(
        needs_staff=True, staff_reason=reason, is_recovery_stopped=True
    )
