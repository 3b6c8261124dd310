"""Following payouts: our rows converge to what Stripe says, whatever was heard first, and the books with them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.services.audit import record
from connect import gateway
from connect.errors import GatewayError
from connect.models import ConnectedAccount
from connect.stripe_objects import Payout
from ledger.models import LedgerTransaction
from maly.crash import crash_point
from maly.poke import poke
from payouts import postings
from payouts.models import OrganizerPayout, PayoutRequest, PayoutStatus, PlatformPayout
from payouts.services.lines import sync_lines
from payouts.services.payout_news import tell_of_payout

logger = logging.getLogger(__name__)

AnyPayout = OrganizerPayout | PlatformPayout
# A payout only ever goes on; failed and canceled are final, paid may still become failed.
RANKS = {
    PayoutStatus.PENDING: 0,
    PayoutStatus.IN_TRANSIT: 1,
    PayoutStatus.PAID: 2,
    PayoutStatus.FAILED: 3,
    PayoutStatus.CANCELED: 3,
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What Stripe said when it was asked, and who made us ask; `paid_at` is when an event says that it was paid."""

    seen: Payout
    asked_at: datetime
    paid_at: datetime | None = None
    actor_kind: str | None = None
    actor: User | None = None


def sync_payout(
    account: ConnectedAccount,
    payout_id: str,
    *,
    paid_at: datetime | None = None,
    actor_kind: str = AuditEntry.Actor.SWEEP,
) -> OrganizerPayout:
    """Bring our row of an organizer's payout to what Stripe says now, with its postings, audit entries and lines.

    Paid may become failed, nothing else is ever taken back. Raises GatewayError; lines that can't be read are left to
    the sweep.
    """
    asked_at = timezone.now()
    seen = gateway.retrieve_payout(str(account.stripe_account_id), payout_id)
    crash_point("payout.fetched")
    reading = Reading(seen=seen, asked_at=asked_at, paid_at=paid_at, actor_kind=actor_kind)
    payout = record_payout(account, reading)
    if payout.lines_synced_at is None and (seen.is_itemised or not seen.automatic):
        try:
            sync_lines(payout)
        except GatewayError as error:
            logger.warning("payout_lines_unread payout=%s error=%s", payout, type(error).__name__)
    return payout


def sync_platform_payout(
    payout_id: str, *, paid_at: datetime | None = None, actor_kind: str = AuditEntry.Actor.SWEEP
) -> PlatformPayout:
    """As sync_payout, of a payout to the platform's own bank. Raises GatewayError."""
    asked_at = timezone.now()
    seen = gateway.retrieve_payout("", payout_id)
    crash_point("payout.fetched")
    reading = Reading(seen=seen, asked_at=asked_at, paid_at=paid_at, actor_kind=actor_kind)
    with transaction.atomic():
        payout, _ = PlatformPayout.objects.get_or_create(
            stripe_payout_id=seen.id, defaults=_first_facts(seen)
        )
        payout = PlatformPayout.objects.select_for_update().get(pk=payout.pk)
        _converge(payout, reading)
        _poke_mirror("", payout)
    crash_point("payout.recorded")
    return payout


def record_payout(account: ConnectedAccount, reading: Reading) -> OrganizerPayout:
    """Write what was read of an organizer's payout, and that its request (if we made it) has been carried out."""
    seen = reading.seen
    with transaction.atomic():
        payout, _ = OrganizerPayout.objects.get_or_create(
            connected_account=account,
            stripe_payout_id=seen.id,
            defaults={**_first_facts(seen), "organization_id": account.organization_id},
        )
        payout = (
            OrganizerPayout.objects.select_for_update(of=("self",))
            .select_related("organization")
            .get(pk=payout.pk)
        )
        _converge(payout, reading)
        if seen.request:
            unanswered = (PayoutRequest.Status.REQUESTED, PayoutRequest.Status.NOT_MADE)
            PayoutRequest.objects.filter(
                connected_account=account, idempotency_key=seen.request, status__in=unanswered
            ).update(status=PayoutRequest.Status.CREATED, payout=payout)
        _poke_mirror(str(account.stripe_account_id), payout)
    crash_point("payout.recorded")
    return payout


def _first_facts(seen: Payout) -> dict[str, Any]:
    """A new row begins as pending, so that it goes through the same steps as one that was heard of in time."""
    return {
        "amount": seen.amount,
        "currency": seen.currency,
        "status": PayoutStatus.PENDING,
        "arrival_date": seen.arrives_at,
        "automatic": seen.automatic,
        "method": seen.method,
        "created_at": seen.created_at,
    }


def _converge(payout: AnyPayout, reading: Reading) -> None:
    """Take the locked row on to what was read, unless it is further already."""
    seen = reading.seen
    if payout.synced_at is None:
        postings.payout_created(payout)
        _audit(payout, "created", reading, before={})
    before = payout.status
    _copy_facts(payout, reading)
    if RANKS[PayoutStatus(seen.status)] > RANKS[PayoutStatus(before)]:
        payout.status = PayoutStatus(seen.status)
        if payout.status == PayoutStatus.PAID:
            payout.paid_at = payout.paid_at or reading.asked_at
        if payout.is_sent_back:
            payout.failed_at = seen.failed_at or reading.asked_at
        for write in _postings_of(payout, before):
            write(payout)
        _audit(payout, payout.status, reading, before={"status": before})
        if isinstance(payout, OrganizerPayout):
            tell_of_payout(payout)
        logger.info("payout_changed payout=%s from=%s to=%s", payout, before, payout.status)
    payout.save()


def _copy_facts(payout: AnyPayout, reading: Reading) -> None:
    """Copy what may change without a new status; an older reading changes nothing but when it was paid."""
    seen, told = reading.seen, reading.paid_at
    if told and (payout.paid_at is None or told < payout.paid_at):
        payout.paid_at = told
    is_older = payout.synced_at is not None and reading.asked_at < payout.synced_at
    if is_older or RANKS[PayoutStatus(seen.status)] < RANKS[PayoutStatus(payout.status)]:
        return
    if seen.bank and seen.bank.last4:  # one that was removed since is told without it
        payout.bank_name, payout.bank_last4 = seen.bank.name[:100], seen.bank.last4[-4:]
    payout.arrival_date = seen.arrives_at
    payout.method = seen.method
    payout.failure_code = seen.failure_code
    payout.failure_message = seen.failure_message
    payout.failure_transaction_id = seen.failure_transaction_id or ""
    payout.synced_at = reading.asked_at


def _postings_of(payout: AnyPayout, before: str) -> list[Callable[[AnyPayout], LedgerTransaction]]:
    if payout.status == PayoutStatus.PAID:
        return [postings.payout_paid]
    if not payout.is_sent_back:
        return []
    if before == PayoutStatus.PAID:
        return [postings.payout_sent_back_after_paid]
    return [postings.payout_sent_back_on_its_way]


def _audit(payout: AnyPayout, event: str, reading: Reading, *, before: dict[str, Any]) -> None:
    record(
        f"payout.{event}",
        organization=payout.organization if isinstance(payout, OrganizerPayout) else None,
        subject=f"payout:{payout.stripe_payout_id}",
        actor=reading.actor,
        actor_kind=AuditEntry.Actor.MEMBER if reading.actor else reading.actor_kind,
        before=before,
        after={
            "status": payout.status,
            "amount": payout.amount,
            "currency": payout.currency,
            **({"failure_code": payout.failure_code} if payout.failure_code else {}),
        },
    )


def _poke_mirror(account_id: str, payout: AnyPayout) -> None:
    from payouts.tasks import mirror_payout  # services queue tasks, tasks call services

    poke(mirror_payout, account_id, payout.stripe_payout_id)
