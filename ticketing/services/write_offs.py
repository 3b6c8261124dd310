"""Receivables that staff give up: what an organizer owes and will never have becomes our loss.

There is no way back: what is written off is never taken from the organizer, however much it sells later. Only a refund
that fails undoes it, since then nothing was owed in the first place.
"""

import logging

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.services import audit
from ledger.models import LedgerTransaction
from ledger.services.posting import reverse
from ticketing import postings
from ticketing.errors import NothingOwed, RecoveryUnderWay
from ticketing.models import OrganizerReceivable
from ticketing.services.orders import lock_order

logger = logging.getLogger(__name__)


def write_off_receivable(
    receivable: OrganizerReceivable, *, actor: User, reason: str, amount: int | None = None
) -> OrganizerReceivable:
    """Give up `amount` minor units of what an organizer owes, or all that is open, as our loss.

    Nothing is taken from the organizer for it any more. Raises NothingOwed, and RecoveryUnderWay while a reversal has
    no answer yet.
    """
    with transaction.atomic():
        order = lock_order(receivable.cause.order_id)
        receivable = OrganizerReceivable.objects.select_for_update().get(pk=receivable.pk)
        if receivable.cause.reversals.filter(status="requested").exists():
            raise RecoveryUnderWay
        amount = receivable.open_amount if amount is None else amount
        if not 0 < amount <= receivable.open_amount:
            raise NothingOwed
        receivable.written_off_amount += amount
        receivable.save(update_fields=["written_off_amount"])
        postings.receivable_written_off(order, receivable, amount=amount, at=timezone.now())
        audit.record(
            "receivable.written_off",
            organization=order.organization,
            subject=f"order:{order.code}",
            actor=actor,
            actor_kind=AuditEntry.Actor.STAFF,
            after={"amount": amount, "currency": receivable.currency, "left": receivable.open_amount},
            reason=reason,
        )
    logger.warning("receivable_written_off receivable=%s amount=%s", receivable.pk, amount)
    return receivable


def undo_write_offs(receivable: OrganizerReceivable) -> None:
    """Take the loss back, in the caller's transaction, the receivable locked: what it was for came to nothing."""
    if not receivable.written_off_amount:
        return
    posted = LedgerTransaction.objects.filter(
        kind="receivable_written_off", source__startswith=f"receivable:{receivable.pk}:"
    )
    for each in posted.order_by("pk"):
        reverse(each, source=each.source, occurred_at=timezone.now())
    receivable.written_off_amount = 0
    receivable.save(update_fields=["written_off_amount"])
