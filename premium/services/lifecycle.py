"""What a person does with their subscription: see that it is paid, let it end, let it go on, open Stripe's portal."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.premium import is_premium
from accounts.services import audit
from connect import billing_calls, gateway
from connect.errors import GatewayRefused
from maly.crash import crash_point
from maly.errors import NotFound
from premium import links
from premium.access import find_subscription, require_subscription
from premium.errors import NotSubscribed
from premium.models import Customer, Subscription, SubscriptionCheckout
from premium.plans import PlanCode
from premium.services.checkouts import follow_session
from premium.services.subscriptions import sync_subscription

PAID = ("paid", "no_payment_required")
GONE = 404
SESSION_ID = re.compile(r"cs_[A-Za-z0-9_]{1,117}")


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What a return from Stripe's page has brought."""

    is_premium: bool
    status: str
    plan: str
    current_period_end: datetime | None


def verify_checkout(user: User, session_id: str) -> Verified:
    """Read a session and its subscription anew, and converge: somebody who has paid is premium at once.

    `status` is the subscription's, `open` or `expired` where nothing was paid. Raises NotFound for a session of
    somebody else's, of another kind, or of none, StripeUnavailable.
    """
    if not _may_be_theirs(user, session_id):
        raise NotFound
    with gateway.answering_people():
        try:
            session = billing_calls.retrieve_session(session_id)
        except GatewayRefused as error:
            if error.status != GONE:
                raise
            raise NotFound from error
        if session.mode != "subscription" or session.client_reference_id != str(user.pk):
            raise NotFound
        if session.payment_status in PAID and follow_session(session) is None and session.subscription_id:
            sync_subscription(session.subscription_id)  # our row of it is gone; Stripe says whose it is
    subscription = find_subscription(user)
    if session.payment_status not in PAID or subscription is None:
        plan = SubscriptionCheckout.objects.filter(session_id=session_id).values_list("plan", flat=True)
        return Verified(
            is_premium=is_premium(user),
            status=session.status,
            plan=plan.first() or PlanCode.MONTHLY.value,
            current_period_end=None,
        )
    return Verified(
        is_premium=is_premium(user),
        status=subscription.status,
        plan=subscription.subscription_type,
        current_period_end=subscription.current_period_end,
    )


def cancel_at_period_end(user: User) -> Subscription:
    """Have Premium end with the period that is paid; asking again changes nothing.

    Raises NotSubscribed, StripeUnavailable.
    """
    return _set_cancellation(user, at_period_end=True)


def resume(user: User) -> Subscription:
    """Have a subscription that was to end go on; asking again changes nothing.

    Raises NotSubscribed, StripeUnavailable.
    """
    return _set_cancellation(user, at_period_end=False)


def create_portal_link(user: User) -> str:
    """A single-use address of Stripe's billing portal, for cards and invoices too.

    Raises NotSubscribed for somebody who never subscribed, StripeUnavailable.
    """
    customer = Customer.objects.filter(user=user, stripe_customer_id__isnull=False).first()
    if customer is None or not customer.subscriptions.exists():
        raise NotSubscribed
    with gateway.answering_people():
        return billing_calls.create_portal_link(
            str(customer.stripe_customer_id), return_url=links.portal_return_url()
        )


def read_subscription(user: User) -> Subscription:
    """Bring a person's subscription to what Stripe says now. Raises NotSubscribed, StripeUnavailable."""
    subscription = require_subscription(user)
    with gateway.answering_people():
        return sync_subscription(subscription.stripe_subscription_id) or subscription


def _may_be_theirs(user: User, session_id: str) -> bool:
    """Not where our own row says that it is another's, nor for what no session of Stripe's is called."""
    if not SESSION_ID.fullmatch(session_id):
        return False
    known = SubscriptionCheckout.objects.filter(session_id=session_id)
    owner = known.values_list("customer__user", flat=True).first()
    return owner is None or owner == user.pk


def _set_cancellation(user: User, *, at_period_end: bool) -> Subscription:
    """Say it to Stripe, then read what is so. Setting it again changes nothing, so there is no key."""
    subscription = require_subscription(user)
    with gateway.answering_people():
        try:
            billing_calls.set_cancellation(subscription.stripe_subscription_id, at_period_end=at_period_end)
        except GatewayRefused as error:
            # It may have ended meanwhile, and then says so.
            synced = sync_subscription(subscription.stripe_subscription_id)
            if error.status in (400, GONE) and synced is not None and synced.is_over:
                raise NotSubscribed from error
            raise
        crash_point("premium_cancellation.set")
        synced = sync_subscription(subscription.stripe_subscription_id)
    assert synced is not None, subscription
    with transaction.atomic():
        audit.record(
            "premium.cancel_asked" if at_period_end else "premium.resume_asked",
            subject=f"subscription:{subscription.stripe_subscription_id}",
            actor=user,
        )
    return synced
