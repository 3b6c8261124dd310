"""The sweeps over Premium: what got no answer, what nobody told us of, what time changes. Each may run at any time."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connect.errors import GatewayError
from premium.models import Customer, PremiumInvoice, Subscription
from premium.services.customers import create_at_stripe
from premium.services.entitlements import follow_host_fee, hosts_on_the_wrong_plan
from premium.services.news import tell_ending, tell_payment_failed
from premium.services.subscriptions import sync_subscription

logger = logging.getLogger(__name__)
UNANSWERED_FOR = timedelta(minutes=1)
SILENT_FOR = timedelta(days=1)
# While something is about to change, Stripe is asked more often.
RESTLESS_FOR = timedelta(hours=1)
ENDING_TOLD = timedelta(days=3)
GRACE_TOLD = timedelta(days=2)


def resolve_customers(*, now: datetime | None = None, limit: int = 50) -> int:
    """Find out about customers whose making got no answer; returns how many are known."""
    before = (now or timezone.now()) - UNANSWERED_FOR
    waiting = Customer.objects.filter(stripe_customer_id=None, failure="", requested_at__lte=before)
    known = 0
    for customer in list(waiting.order_by("requested_at")[:limit]):
        try:
            known += bool(create_at_stripe(customer).stripe_customer_id)
        except GatewayError as error:
            logger.warning("premium_customer_unknown row=%s error=%s", customer.pk, type(error).__name__)
    return known


def follow_subscriptions_due(*, now: datetime | None = None, limit: int = 200) -> int:
    """Ask Stripe about subscriptions not heard of for a day, and hourly about those whose period is over or unpaid.

    Returns how many were read.
    """
    now = now or timezone.now()
    alive = Subscription.objects.exclude(status__in=Subscription.ENDED)
    is_restless = Q(current_period_end__lte=now) | Q(status__in=("past_due", "incomplete"))
    due = alive.filter(
        Q(synced_at__lte=now - SILENT_FOR) | (is_restless & Q(synced_at__lte=now - RESTLESS_FOR))
    )
    return _sync(due.order_by("synced_at").values_list("stripe_subscription_id", flat=True)[:limit])


def tell_what_is_coming(*, now: datetime | None = None) -> int:
    """Remind those whose Premium is about to end: with its period, or with the grace of a payment that fails."""
    now = now or timezone.now()
    alive = Subscription.objects.exclude(status__in=Subscription.ENDED).filter(is_extra=False)
    # While a payment fails the grace ends it, perhaps sooner.
    ending = alive.filter(
        status__in=[Subscription.Status.ACTIVE, Subscription.Status.TRIALING],
        cancel_at_period_end=True,
        current_period_end__range=(now, now + ENDING_TOLD),
    ).select_related("user")
    failing = alive.filter(grace_until__range=(now, now + GRACE_TOLD))
    told = 0
    for subscription in ending:
        with transaction.atomic():
            tell_ending(subscription)
        told += 1
    for invoice_id in failing.values_list("latest_invoice_id", flat=True):
        told += _remind(invoice_id)
    return told


def follow_host_fees() -> int:
    """Bring personal organizations' fee plans to what their hosts are entitled to; returns how many changed."""
    changed = 0
    for user in hosts_on_the_wrong_plan():
        with transaction.atomic():
            # So that nobody loses it who has paid since.
            Customer.objects.select_for_update().filter(user=user).first()
            changed += follow_host_fee(user)
    return changed


def _remind(invoice_id: str) -> bool:
    invoice = PremiumInvoice.objects.select_related("user").filter(stripe_invoice_id=invoice_id).first()
    if invoice is None or not invoice.is_failing:
        return False
    with transaction.atomic():
        tell_payment_failed(invoice, key="grace", is_last=True)
    return True


def _sync(subscription_ids: Iterable[str]) -> int:
    read = 0
    for subscription_id in list(subscription_ids):
        try:
            read += sync_subscription(subscription_id) is not None
        except GatewayError as error:
            logger.warning(
                "subscription_unread subscription=%s error=%s", subscription_id, type(error).__name__
            )
    return read
