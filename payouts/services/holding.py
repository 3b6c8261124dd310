"""Holding an organization's payouts until after its events: Stripe's schedule is manual, and the job releases.

The policy is a row of ours; the schedule at Stripe follows it. Each change is committed first, then Stripe is told, and
the sweep does what Stripe was away for, or what somebody changed there since.
"""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organization, User
from accounts.services.audit import record
from connect import gateway
from connect.errors import GatewayError
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from connect.stripe_objects import PayoutSchedule
from maly.crash import crash_point
from maly.errors import Invalid
from maly.money import format_amount
from payouts.errors import PayoutsHeld
from payouts.models import PayoutHold
from payouts.services.holding_plan import EventMoney, list_next_releases

logger = logging.getLogger(__name__)

Status = PayoutHold.Status
MANUAL = PayoutSchedule(interval="manual")
# Longer than the calls that one caller makes under it, so that two never set one schedule at a time.
LEASE_TIME = timedelta(minutes=3)
MOST_DAYS = 365
MOST_SHOWN = 50


def get_hold(organization: Organization) -> PayoutHold | None:
    """The hold of the organization's payouts, as long as its schedule isn't the organizer's own again."""
    holds = PayoutHold.objects.filter(organization=organization).exclude(status=Status.OFF)
    return holds.select_related("organization").first()


def require_not_held(organization: Organization) -> None:
    """Raises PayoutsHeld, with words on what is released next, while the organization's payouts are held."""
    hold = get_hold(organization)
    if hold is not None:
        raise PayoutsHeld(_in_words(hold))


@dataclass(frozen=True, kw_only=True)
class Held:
    """Until when money is held, and what is released next; minor units."""

    until: datetime | None
    days_after_event: int
    next_release: list[EventMoney]


def read_held(organization: Organization) -> Held | None:
    """How the organization's payouts are held; None when they aren't."""
    hold = get_hold(organization)
    if hold is None:
        return None
    coming = list_next_releases(hold)
    until = coming[0].on if coming else None
    return Held(until=until, days_after_event=hold.days_after_event, next_release=coming[:MOST_SHOWN])


def hold_payouts(
    organization: Organization, *, days_after_event: int, actor: User, reason: str
) -> PayoutHold:
    """Hold the organization's payouts until some days after each event; the same again changes nothing.

    The present schedule is remembered and set to manual at Stripe, now or by the sweep. Raises Invalid.
    """
    if not 0 <= days_after_event <= MOST_DAYS:
        raise Invalid(
            _("Choose from 0 to %(most_days)s days.") % {"most_days": MOST_DAYS}, attr="days_after_event"
        )
    with transaction.atomic():
        _lock_account(organization)
        hold, is_new = PayoutHold.objects.get_or_create(
            organization=organization,
            defaults={"days_after_event": days_after_event, "reason": reason, "set_by": actor},
        )
        hold = PayoutHold.objects.select_for_update().get(pk=hold.pk)
        if is_new or (hold.status, hold.days_after_event) != (Status.ON, days_after_event):
            before = {} if is_new else _facts(hold)
            hold.days_after_event = days_after_event
            _write(hold, Status.ON, actor, reason, before=before)
    crash_point("payout_hold.committed")
    return _follow(hold)


def end_hold(organization: Organization, *, actor: User, reason: str) -> PayoutHold:
    """Let the organization be paid out as before: the remembered schedule comes back, now or by the sweep.

    Raises Invalid when nothing is held.
    """
    with transaction.atomic():
        hold = PayoutHold.objects.select_for_update().filter(organization=organization).first()
        if hold is None:
            raise Invalid(_("Payouts of this organization aren't held."), attr="organization")
        if hold.status == Status.ON:
            _write(hold, Status.ENDING, actor, reason, before=_facts(hold))
    crash_point("payout_hold.committed")
    return _follow(hold)


def apply_holds(*, now: datetime | None = None) -> int:
    """Bring each account's schedule to what its hold says; returns for how many that could be done.

    Done is also what already was so; a schedule that was changed at Stripe is set to manual again and noted.
    """
    applied = 0
    for hold_id in PayoutHold.objects.exclude(status=Status.OFF).order_by("id").values_list("pk", flat=True):
        try:
            applied += apply_hold(hold_id, now=now)
        except GatewayError as error:
            logger.warning("payout_hold_not_applied row=%s error=%s", hold_id, type(error).__name__)
    return applied


def apply_hold(hold_id: int, *, now: datetime | None = None) -> bool:
    """Set the schedule at Stripe that a hold wants; False when another caller is at it. Raises GatewayError."""
    now = now or timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    mine = PayoutHold.objects.filter(free, pk=hold_id).update(lease_until=now + LEASE_TIME)
    if not mine:
        return False
    try:
        hold = PayoutHold.objects.select_related("organization", "connected_account").get(pk=hold_id)
        if hold.status == Status.ON:
            _impose(hold)
        elif hold.status == Status.ENDING:
            _restore(hold)
    finally:
        PayoutHold.objects.filter(pk=hold_id).update(lease_until=None)
    return True


def _follow(hold: PayoutHold) -> PayoutHold:
    """Have a change that was committed done at Stripe at once, if it answers."""
    try:
        apply_hold(hold.pk)
    except GatewayError as error:
        logger.warning("payout_hold_not_applied row=%s error=%s", hold.pk, type(error).__name__)
    hold.refresh_from_db()
    return hold


def _impose(hold: PayoutHold) -> None:
    account = get_current_account(hold.organization)
    if account is None or not _can_be_set(account):
        return
    seen = gateway.retrieve_account(str(account.stripe_account_id)).payout_schedule
    crash_point("payout_hold.schedule_read")
    if hold.connected_account_id != account.pk:
        _remember(hold, account, seen)
    elif hold.applied_at and seen != MANUAL:
        _audit(hold, "payout_hold.schedule_found_changed", before=asdict(MANUAL), after=asdict(seen))
    if seen != MANUAL:
        gateway.update_payout_schedule(str(account.stripe_account_id), MANUAL)
        crash_point("payout_hold.schedule_set")
    if hold.applied_at is None or seen != MANUAL:
        _applied(hold, before=seen)


def _restore(hold: PayoutHold) -> None:
    account = hold.connected_account
    if account is not None and _can_be_set(account):
        former = PayoutSchedule(**(hold.former_schedule or {}))
        account_id = str(account.stripe_account_id)
        if gateway.retrieve_account(account_id).payout_schedule != former:
            gateway.update_payout_schedule(account_id, former)
            crash_point("payout_hold.schedule_set")
    with transaction.atomic():
        ended = PayoutHold.objects.filter(pk=hold.pk, status=Status.ENDING).update(
            status=Status.OFF, connected_account=None, former_schedule=None, applied_at=None
        )
        if ended:
            _audit(hold, "payout_hold.ended", after=hold.former_schedule or {})


def _remember(hold: PayoutHold, account: ConnectedAccount, seen: PayoutSchedule) -> None:
    """Commit what comes back after the hold, before Stripe forgets it."""
    hold.connected_account, hold.former_schedule, hold.applied_at = account, asdict(seen), None
    hold.save(update_fields=["connected_account", "former_schedule", "applied_at"])
    crash_point("payout_hold.schedule_remembered")


def _applied(hold: PayoutHold, *, before: PayoutSchedule) -> None:
    with transaction.atomic():
        PayoutHold.objects.filter(pk=hold.pk).update(applied_at=timezone.now())
        _audit(hold, "payout_hold.applied", before=asdict(before), after=asdict(MANUAL))


def _write(hold: PayoutHold, status: str, actor: User, reason: str, *, before: dict[str, object]) -> None:
    hold.status, hold.reason, hold.set_by, hold.changed_at = status, reason, actor, timezone.now()
    hold.save(update_fields=["status", "days_after_event", "reason", "set_by", "changed_at"])
    action = "payout_hold.set" if status == Status.ON else "payout_hold.lifted"
    _audit(hold, action, actor=actor, reason=reason, before=before, after=_facts(hold))


def _lock_account(organization: Organization) -> None:
    """Wait for a payout that is being asked for, which looks whether payouts are held under the same lock."""
    accounts = ConnectedAccount.objects.filter(organization=organization, is_current=True)
    list(accounts.select_for_update(no_key=True).values_list("pk"))


def _can_be_set(account: ConnectedAccount) -> bool:
    return bool(account.stripe_account_id) and account.deauthorized_at is None


def _facts(hold: PayoutHold) -> dict[str, object]:
    return {"status": str(hold.status), "days_after_event": hold.days_after_event}


def _in_words(hold: PayoutHold) -> str:
    if hold.status == Status.ENDING:
        return (
            "Payouts of this organization were held; its own schedule is coming back. Try again in a minute."
        )
    days = hold.days_after_event
    until = f"{days} day{'' if days == 1 else 's'} after each event" if days else "each event is over"
    words = f"Payouts of this organization are held until {until}."
    upcoming = next(iter(list_next_releases(hold)), None)
    if upcoming is None or upcoming.on is None:
        return f"{words} Nothing is waiting to be released."
    amount, day = format_amount(upcoming.amount, upcoming.currency), date_format(upcoming.on, "j F Y")
    return f"{words} Next comes {amount} for {upcoming.title}, on {day}."


def _audit(
    hold: PayoutHold,
    action: str,
    *,
    actor: User | None = None,
    reason: str = "",
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    record(
        action,
        organization=hold.organization,
        subject=f"organization:{hold.organization.slug}",
        actor=actor,
        actor_kind=AuditEntry.Actor.STAFF if actor else AuditEntry.Actor.SWEEP,
        before=before,
        after=after,
        reason=reason,
    )
