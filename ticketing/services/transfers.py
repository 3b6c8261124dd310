"""Transfers of ours that give an organizer back what was taken from it: after a failed refund or a won dispute.

Written with its key in the transaction that decides it, carried out with none open, repeated by a sweep until Stripe
has answered. Where our own balance is short, the transfer waits and says so to staff.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.services import audit
from connect import transfer_calls
from connect.errors import GatewayRefused, GatewayUnavailable
from connect.refund_calls import KEY_IS_KNOWN_FOR, BalanceShort
from connect.stripe_objects import Moved
from maly.crash import crash_point
from ticketing import postings
from ticketing.models import Dispute, Order, OrganizerTransfer, Payment, Refund
from ticketing.services.orders import lock_payment
from ticketing.services.sessions import lease_time

logger = logging.getLogger(__name__)
# How long whoever asked first may take.
GRACE = timedelta(seconds=30)
# Stripe's clock may be behind ours.
CLOCKS_DIFFER = timedelta(minutes=5)
# A balance that is too short fills with the days' sales: there is no hurry.
SHORT_PAUSE = timedelta(minutes=10)
PLATFORM_IS_SHORT = "Our own Stripe balance is too short for it. It is tried again until there is enough."


def write_transfer(
    order: Order,
    payment: Payment,
    *,
    amount: int,
    purpose: str,
    refund: Refund | None = None,
    actor: User | None = None,
    **more: Any,
) -> OrganizerTransfer:
    """Write down a transfer of `amount` minor units to the payment's organizer, in the caller's transaction.

    Order and payment are locked by the caller, who calls `carry_out_transfer` after the commit; `more` are the row's
    other fields.
    """
    sent = OrganizerTransfer.objects.create(
        order=order,
        payment=payment,
        refund=refund,
        purpose=purpose,
        destination=payment.destination,
        currency=payment.currency,
        amount=amount,
        idempotency_key=_new_key(),
        **more,
    )
    audit.record(
        "transfer.requested",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=actor,
        actor_kind=AuditEntry.Actor.STAFF if actor else None,
        after={"purpose": purpose, "amount": amount, "currency": payment.currency},
    )
    return sent


def carry_out_transfer(transfer_id: int) -> bool:
    """Ask Stripe for a requested transfer under its key and book it; True when it is done. Safe to call twice.

    No transaction may be open. An unknown outcome and a short balance of ours leave it requested, for the sweep.
    """
    sent = _claim(transfer_id)
    if sent is None:
        return OrganizerTransfer.objects.get(pk=transfer_id).status == "succeeded"
    try:
        moved = _ask(sent)
    except BalanceShort:
        _wait_for_balance(sent)
        return False
    except GatewayRefused as error:
        _refuse(sent, error)
        return False
    except GatewayUnavailable:
        logger.warning("transfer_unknown transfer=%s", sent.pk)
        OrganizerTransfer.objects.filter(pk=sent.pk).update(lease_until=None)
        return False
    crash_point("transfer.created")
    _record(sent, moved)
    crash_point("transfer.recorded")
    return True


def resolve_transfers(*, now: datetime | None = None, limit: int = 100) -> int:
    """Go on with transfers that aren't made yet; returns how many are done now."""
    now = now or timezone.now()
    waiting = OrganizerTransfer.objects.filter(_is_free(now), status="requested", created_at__lte=now - GRACE)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])
    return sum(carry_out_transfer(pk) for pk in ids)


def _is_free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def _new_key() -> str:
    return f"transfer-{uuid.uuid4()}"


def _claim(transfer_id: int) -> OrganizerTransfer | None:
    """Take the lease on a requested transfer; None while somebody else has it, or when it is decided."""
    now = timezone.now()
    mine = OrganizerTransfer.objects.filter(_is_free(now), pk=transfer_id, status="requested")
    if not mine.update(lease_until=now + lease_time()):
        return None
    crash_point("transfer.requested")
    return OrganizerTransfer.objects.select_related("order").get(pk=transfer_id)


def _ask(sent: OrganizerTransfer) -> Moved:
    """Make the call; one whose key Stripe may have forgotten is looked up first."""
    if sent.created_at < timezone.now() - KEY_IS_KNOWN_FOR:
        since = sent.created_at - CLOCKS_DIFFER
        made = transfer_calls.list_transfers(sent.destination, created_after=since)
        for known in made:
            if known.request == sent.idempotency_key:
                return known
    return transfer_calls.create_transfer(
        sent.destination,
        amount=sent.amount,
        currency=sent.currency,
        order_code=sent.order.code,
        request=sent.idempotency_key,
        idempotency_key=sent.idempotency_key,
    )


def _record(sent: OrganizerTransfer, moved: Moved) -> None:
    with transaction.atomic():
        order, _ = lock_payment(sent.payment_id, sent.order_id)
        sent = OrganizerTransfer.objects.select_for_update().get(pk=sent.pk)
        if sent.status != "requested":
            return
        sent.status, sent.stripe_id, sent.failure_reason, sent.lease_until = "succeeded", moved.id, "", None
        sent.save(update_fields=["status", "stripe_id", "failure_reason", "lease_until"])
        _post(order, sent, at=moved.created_at)
        audit.record(
            "transfer.made",
            organization=order.organization,
            subject=f"order:{order.code}",
            after={"purpose": sent.purpose, "amount": sent.amount, "currency": sent.currency},
        )
    logger.info("transfer_made transfer=%s order=%s amount=%s", sent.pk, order.code, sent.amount)


def _post(order: Order, sent: OrganizerTransfer, *, at: datetime) -> None:
    if sent.purpose == OrganizerTransfer.Purpose.REFUND_MADE_WHOLE:
        assert sent.refund is not None, sent.pk
        postings.organizer_made_whole(order, sent, was_recovered=not sent.refund.reverse_transfer, at=at)
    else:
        assert sent.dispute is not None, sent.pk
        postings.dispute_returned(order, sent, dispute_id=sent.dispute.stripe_dispute_id, at=at)


def _wait_for_balance(sent: OrganizerTransfer) -> None:
    """Nothing was done, and Stripe says so again for this key: another for the next try, which the lease puts off."""
    OrganizerTransfer.objects.filter(
        pk=sent.pk, status="requested", idempotency_key=sent.idempotency_key
    ).update(
        idempotency_key=_new_key(),
        failure_reason=PLATFORM_IS_SHORT,
        lease_until=timezone.now() + SHORT_PAUSE,
    )
    logger.error("transfer_waits_for_balance transfer=%s amount=%s", sent.pk, sent.amount)


def _refuse(sent: OrganizerTransfer, error: GatewayRefused) -> None:
    """Keep what Stripe refused for good, such as an account that was closed; the refund's exception says so."""
    with transaction.atomic():
        order, _ = lock_payment(sent.payment_id, sent.order_id)
        refund = Refund.objects.select_for_update().filter(organizer_transfers=sent).first()
        waiting = OrganizerTransfer.objects.filter(pk=sent.pk, status="requested")
        if not waiting.update(status="refused", failure_reason=error.message, lease_until=None):
            return
        if refund is not None:
            refund.needs_staff = True
            refund.staff_reason = (
                f"{refund.staff_reason} Stripe refused the organizer's transfer: {error.message}"
            )
            refund.save(update_fields=["needs_staff", "staff_reason"])
        Dispute.objects.filter(organizer_transfers=sent).update(
            needs_staff=True, staff_reason=f"Stripe refused the organizer's transfer: {error.message}"
        )
        audit.record(
            "transfer.refused",
            organization=order.organization,
            subject=f"order:{order.code}",
            after={"purpose": sent.purpose, "amount": sent.amount, "currency": sent.currency},
            reason=error.message,
        )
    logger.error("transfer_refused transfer=%s code=%s", sent.pk, error.code)
