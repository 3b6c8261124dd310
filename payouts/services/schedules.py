"""When Stripe pays an organization out. The schedule lives at Stripe alone; who changed it is in our audit log."""

from dataclasses import asdict

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organization, User
from accounts.services.audit import record
from connect import gateway
from connect.models import ConnectedAccount
from connect.stripe_objects import PayoutSchedule
from maly.crash import crash_point
from maly.errors import Invalid
from payouts.access import require_account
from payouts.services.holding import require_not_held

INTERVALS = ("daily", "weekly", "monthly", "manual")
# Banks are closed at weekends; Stripe takes no Saturday or Sunday.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
DAYS_OF_MONTH = range(1, 32)
ANCHOR_OF = {"weekly": "weekly_anchor", "monthly": "monthly_anchor"}


def read_schedule(organization: Organization) -> PayoutSchedule:
    """The schedule as Stripe has it. Raises OrganizerNotConnected, StripeUnavailable."""
    account = require_account(organization)
    with gateway.answering_people():
        return gateway.retrieve_account(str(account.stripe_account_id)).payout_schedule


def set_schedule(organization: Organization, *, schedule: PayoutSchedule, actor: User) -> PayoutSchedule:
    """Set the schedule at Stripe; the same again changes nothing. Returns what Stripe says then.

    The audit log has what was asked for before Stripe hears of it, and again once it is so. Raises Invalid for an
    anchor without its interval, missing for it or out of range, OrganizerNotConnected, PayoutsHeld, StripeUnavailable.
    """
    check_schedule(schedule)
    account = require_account(organization)
    require_not_held(organization)
    account_id = str(account.stripe_account_id)
    with gateway.answering_people():
        before = gateway.retrieve_account(account_id).payout_schedule
        if before == schedule:
            return before
        _audit(account, "payout_schedule.requested", before, schedule, actor)
        crash_point("payouts.schedule_requested")
        after = gateway.update_payout_schedule(account_id, schedule).payout_schedule
    crash_point("payouts.schedule_set")
    _audit(account, "payout_schedule.changed", before, after, actor)
    return after


def check_schedule(schedule: PayoutSchedule) -> None:
    """Raises Invalid, naming the field, unless the schedule has its own anchor and no other."""
    if schedule.interval not in INTERVALS:
        raise Invalid(
            _("Choose one of %(intervals)s.") % {"intervals": ", ".join(INTERVALS)}, attr="interval"
        )
    for interval, name in ANCHOR_OF.items():
        anchor = getattr(schedule, name)
        if interval == schedule.interval and anchor is None:
            raise Invalid(_("A %(interval)s schedule needs this.") % {"interval": interval}, attr=name)
        if interval != schedule.interval and anchor is not None:
            raise Invalid(
                _("This goes with a %(interval)s schedule only.") % {"interval": interval}, attr=name
            )
    if schedule.weekly_anchor and schedule.weekly_anchor not in WEEKDAYS:
        raise Invalid(
            _("Choose one of %(weekdays)s.") % {"weekdays": ", ".join(WEEKDAYS)}, attr="weekly_anchor"
        )
    if schedule.monthly_anchor is not None and schedule.monthly_anchor not in DAYS_OF_MONTH:
        raise Invalid(_("Choose a day from 1 to 31."), attr="monthly_anchor")


def _audit(
    account: ConnectedAccount, action: str, before: PayoutSchedule, after: PayoutSchedule, actor: User
) -> None:
    with transaction.atomic():
        record(
            action,
            organization=account.organization,
            subject=f"account:{account.masked_id}",
            actor=actor,
            before=asdict(before),
            after=asdict(after),
        )
