"""Whom a payout's steps are news to: the organizer's owners and admins, once each."""

from datetime import timedelta

from notifications.services.members import tell_members
from payouts.models import OrganizerPayout, PayoutStatus

# What we first hear of long after it happened, such as an attached account's history, is no news. A payout may fail
# weeks after it was made, and that is news by the day of its failure.
NEWS_FOR = timedelta(days=14)
GONE_OUT = (PayoutStatus.IN_TRANSIT, PayoutStatus.PAID)


def tell_of_payout(payout: OrganizerPayout) -> None:
    """Queue what a locked payout's new status calls for, in the caller's transaction; the same again is nothing."""
    has_failed = payout.status == PayoutStatus.FAILED
    happened_at = (payout.failed_at if has_failed else None) or payout.created_at
    if payout.synced_at is None or payout.synced_at - happened_at > NEWS_FOR:
        return
    if has_failed:
        _tell("payout_failed", payout)
    # One below 0 is money that Stripe takes from the bank.
    elif payout.status in GONE_OUT and payout.amount > 0:
        _tell("payout_sent", payout)


def _tell(kind: str, payout: OrganizerPayout) -> None:
    tell_members(
        kind,
        organization_id=payout.organization_id,
        key=f"{kind}:{payout.pk}",
        ids={"payout": payout.pk},
    )
