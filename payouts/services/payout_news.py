"""Whom a payout's steps are news to: the organizer's owners and admins, once each."""

from datetime import timedelta

from notifications.services.members import tell_members
from payouts.models import OrganizerPayout, PayoutStatus

# A payout that we first hear of long after it was made, such as an attached account's history, is no news.
NEWS_FOR = timedelta(days=14)
GONE_OUT = (PayoutStatus.IN_TRANSIT, PayoutStatus.PAID)


def tell_of_payout(payout: OrganizerPayout) -> None:
    """Queue what a locked payout's new status calls for, in the caller's transaction; the same again is nothing."""
    if payout.synced_at is None or payout.synced_at - payout.created_at > NEWS_FOR:
        return
    if payout.status == PayoutStatus.FAILED:
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
