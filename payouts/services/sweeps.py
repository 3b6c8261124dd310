"""Finding out what nobody told us: payouts without an event, payouts that are overdue, requests without an answer."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from connect import gateway
from connect.errors import GatewayError
from connect.models import ConnectedAccount
from payouts.models import UNDER_WAY, OrganizerPayout, PlatformPayout
from payouts.services.payouts import sync_payout, sync_platform_payout
from payouts.services.requests import find_out, unanswered_requests

logger = logging.getLogger(__name__)

# Stripe tries to deliver an event for three days, and a bank may send money back for five working days.
LOOK_BACK = timedelta(days=14)
# Stripe itemises an automatic payout within a day or two; later than this it won't any more.
ITEMISED_WITHIN = timedelta(days=30)
MOST_AT_ONCE = 200


def find_payouts(*, now: datetime | None = None) -> int:
    """Ask Stripe for the payouts of two weeks of every account and of the platform; returns how many were news.

    An account that can't be read is passed over until the next run.
    """
    since = (now or timezone.now()) - LOOK_BACK
    found = 0
    accounts = ConnectedAccount.objects.filter(stripe_account_id__isnull=False, deauthorized_at=None)
    for account in accounts.order_by("id").iterator(chunk_size=500):
        try:
            found += _find_of_account(account, since)
        except GatewayError as error:
            logger.warning("payouts_unread account=%s error=%s", account.masked_id, type(error).__name__)
    try:
        found += _find_of_platform(since)
    except GatewayError as error:
        logger.warning("payouts_unread account=platform error=%s", type(error).__name__)
    return found


def follow_payouts(*, now: datetime | None = None) -> int:
    """Ask again about payouts that are still under way after their arrival date, or have no lines yet.

    Those asked about longest ago come first; returns how many could be read.
    """
    now = now or timezone.now()
    overdue = Q(status__in=UNDER_WAY, arrival_date__lte=now)
    bare = Q(lines_synced_at=None, created_at__gt=now - ITEMISED_WITHIN)
    read = 0
    payouts = OrganizerPayout.objects.filter(overdue | bare, connected_account__deauthorized_at=None)
    for payout in payouts.select_related("connected_account").order_by("synced_at")[:MOST_AT_ONCE]:
        try:
            sync_payout(payout.connected_account, payout.stripe_payout_id)
            read += 1
        except GatewayError as error:
            logger.warning("payout_unread payout=%s error=%s", payout, type(error).__name__)
    for own in PlatformPayout.objects.filter(overdue).order_by("synced_at")[:MOST_AT_ONCE]:
        try:
            sync_platform_payout(own.stripe_payout_id)
            read += 1
        except GatewayError as error:
            logger.warning("payout_unread payout=%s error=%s", own, type(error).__name__)
    return read


def resolve_payout_requests(*, now: datetime | None = None) -> int:
    """Find out what became of requests that have been without an answer for a minute; returns how many are known."""
    resolved = 0
    for request in unanswered_requests(now or timezone.now()):
        try:
            find_out(request)
            resolved += 1
        except GatewayError as error:
            logger.warning("payout_request_unresolved row=%s error=%s", request.pk, type(error).__name__)
    return resolved


def _find_of_account(account: ConnectedAccount, since: datetime) -> int:
    listed = gateway.list_payouts(str(account.stripe_account_id), created_after=since)
    ids = [seen.id for seen in listed]
    ours = OrganizerPayout.objects.filter(connected_account=account, stripe_payout_id__in=ids)
    known = set(ours.values_list("stripe_payout_id", "status"))
    news = [seen.id for seen in listed if (seen.id, seen.status) not in known]
    for payout_id in reversed(news):  # oldest first, as they happened
        sync_payout(account, payout_id)
    return len(news)


def _find_of_platform(since: datetime) -> int:
    listed = gateway.list_payouts("", created_after=since)
    ours = PlatformPayout.objects.filter(stripe_payout_id__in=[seen.id for seen in listed])
    known = set(ours.values_list("stripe_payout_id", "status"))
    news = [seen.id for seen in listed if (seen.id, seen.status) not in known]
    for payout_id in reversed(news):
        sync_platform_payout(payout_id)
    return len(news)
