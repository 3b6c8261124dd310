"""What Stripe's events mean for payouts. An event is a hint: the payout is fetched anew and our row converges to it."""

from datetime import datetime

from accounts.models import AuditEntry
from connect.errors import GatewayRefused, Ignored, NotYetKnown
from connect.models import ConnectedAccount, StripeEvent
from connect.registry import on
from connect.services.accounts import GONE
from payouts.services.payouts import sync_payout, sync_platform_payout

EVENTS = ("payout.created", "payout.updated", "payout.paid", "payout.failed", "payout.canceled")
WEBHOOK = AuditEntry.Actor.WEBHOOK


@on(*EVENTS, endpoint="connect")
def organizer_payout_changed(event: StripeEvent) -> None:
    account = ConnectedAccount.objects.filter(stripe_account_id=event.account).first()
    if account is None:
        raise NotYetKnown("This account isn't known here.")
    try:
        sync_payout(account, event.object_id, paid_at=_paid_at(event), actor_kind=WEBHOOK)
    except GatewayRefused as error:
        if error.status in GONE:
            raise Ignored("The payout can't be read any more.") from error
        raise


@on(*EVENTS, endpoint="platform")
def platform_payout_changed(event: StripeEvent) -> None:
    try:
        sync_platform_payout(event.object_id, paid_at=_paid_at(event), actor_kind=WEBHOOK)
    except GatewayRefused as error:
        if error.status in GONE:
            raise Ignored("The payout can't be read.") from error
        raise


def _paid_at(event: StripeEvent) -> datetime | None:
    """Stripe keeps no time of payment on the payout itself; its event has it."""
    return event.stripe_created_at if event.type == "payout.paid" else None
