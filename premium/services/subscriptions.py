"""From Stripe's subscription to ours: the one place where a subscription's state changes.

Webhooks, the buyer's return, changes of our own and the sweeps all end here. Stripe is asked what is so, and our rows
converge to it under the customer's lock: in any order, any number of times. What was read earlier never overwrites.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.services import audit
from connect import billing_calls
from connect.errors import GatewayUnavailable
from connect.stripe_objects.billing import Subscription as Seen
from maly.crash import crash_point
from maly.poke import poke
from premium.models import Customer, PremiumInvoice, Subscription
from premium.plans import plan_of_interval
from premium.services.customers import lock_customer
from premium.services.entitlements import follow_subscriptions
from premium.services.invoices import record_invoice
from premium.services.news import tell_of_subscription

logger = logging.getLogger(__name__)


def sync_subscription(subscription_id: str) -> Subscription | None:
    """Fetch a subscription and converge to it, to its newest invoice, and to what it entitles its person to.

    One that turns out to be too many is ended and refunded. None for one of nobody we know, or of a price that isn't
    monthly or yearly. Safe to call twice. Raises GatewayError.
    """
    from premium.services.extras import end_extras_of  # which follow a subscription to its end

    subscription = follow_subscription(subscription_id)
    if subscription is not None:
        end_extras_of(subscription.customer)
        subscription.refresh_from_db()
    return subscription


def follow_subscription(subscription_id: str) -> Subscription | None:
    """As sync_subscription, and leaves what is too many as it is."""
    asked_at = timezone.now()
    seen = billing_calls.retrieve_subscription(subscription_id)
    crash_point("subscription.fetched")
    _ask_of_others(seen)
    with transaction.atomic():
        customer = lock_customer(seen.customer_id)
        if customer is None or plan_of_interval(seen.price.interval) is None:
            return None
        subscription = _converge(customer, seen, asked_at)
        follow_subscriptions(customer.user)
    crash_point("subscription.recorded")
    _follow_invoice(subscription)
    return subscription


def _ask_of_others(seen: Seen) -> None:
    """Before a new one is judged one too many: is the one that counts still alive, or haven't we heard of its end?"""
    if _is_over(seen) or Subscription.objects.filter(stripe_subscription_id=seen.id).exists():
        return
    others = Subscription.objects.filter(stripe_customer_id=seen.customer_id, is_extra=False)
    alive = others.exclude(status__in=Subscription.ENDED)
    for other_id in list(alive.values_list("stripe_subscription_id", flat=True)):
        follow_subscription(other_id)


def _follow_invoice(subscription: Subscription) -> None:
    """Record the newest invoice, unless it is settled here already."""
    invoice_id = subscription.latest_invoice_id
    settled = PremiumInvoice.objects.filter(stripe_invoice_id=invoice_id, status=PremiumInvoice.Status.PAID)
    if invoice_id and not settled.exists():
        record_invoice(invoice_id)


def _converge(customer: Customer, seen: Seen, asked_at: datetime) -> Subscription:
    """Write what was seen, customer locked."""
    if seen.status not in Subscription.Status.values:
        raise GatewayUnavailable(f"Stripe says “{seen.status}” of a subscription, which is new to us.")
    known = Subscription.objects.select_related("user").filter(stripe_subscription_id=seen.id).first()
    if known is not None and (known.synced_at > asked_at or (known.is_over and not _is_over(seen))):
        return known
    subscription = known or Subscription(
        user=customer.user,
        customer=customer,
        stripe_subscription_id=seen.id,
        stripe_customer_id=seen.customer_id,
        started_at=seen.created_at,
    )
    before = _facts(known) if known else {}
    _copy(subscription, seen, asked_at)
    if known is None:
        _choose_main(subscription)
    subscription.save()
    _link_invoices(subscription)
    if before != _facts(subscription):
        _audit(subscription, before)
        tell_of_subscription(subscription)
    _poke_mirror(subscription)
    return subscription


def _copy(subscription: Subscription, seen: Seen, asked_at: datetime) -> None:
    plan = plan_of_interval(seen.price.interval)
    assert plan is not None, seen.id
    subscription.status = seen.status
    subscription.subscription_type = plan.code
    subscription.item_id, subscription.price_id = seen.item_id, seen.price.id
    subscription.amount, subscription.currency = seen.price.amount or 0, seen.price.currency
    subscription.credit_amount = seen.credit
    subscription.current_period_start = seen.period_start
    subscription.current_period_end = seen.period_end
    # Stripe's portal may name the day instead; later than the period's end it is no news yet.
    ends = seen.cancel_at is not None and seen.cancel_at <= seen.period_end
    subscription.cancel_at_period_end = not _is_over(seen) and (seen.cancel_at_period_end or ends)
    subscription.canceled_at, subscription.ended_at = seen.canceled_at, seen.ended_at
    subscription.latest_invoice_id = seen.latest_invoice_id
    subscription.synced_at = asked_at


def _choose_main(subscription: Subscription) -> None:
    """Of two that are alive at once the earlier one counts, whichever we heard of first; the other is one too many."""
    if subscription.is_over:
        return
    alive = Subscription.objects.filter(user=subscription.user, is_extra=False)
    other = alive.exclude(status__in=Subscription.ENDED).first()
    if other is None:
        return
    if _age(other) < _age(subscription):
        subscription.is_extra = True
    else:
        other.is_extra = True
        other.save(update_fields=["is_extra"])
        tell_of_subscription(other)
    logger.warning("subscription_twice kept=%s other=%s", *sorted([str(other), str(subscription)]))


def _age(subscription: Subscription) -> tuple[datetime, str]:
    return subscription.started_at, subscription.stripe_subscription_id


def _link_invoices(subscription: Subscription) -> None:
    """Invoices that came before their subscription."""
    PremiumInvoice.objects.filter(
        subscription=None, stripe_subscription_id=subscription.stripe_subscription_id
    ).update(subscription=subscription)


def _is_over(seen: Seen) -> bool:
    return seen.status in Subscription.ENDED


def _facts(subscription: Subscription) -> dict[str, object]:
    """What the audit log keeps, and whose change is news."""
    return {
        "status": str(subscription.status),
        "plan": str(subscription.subscription_type),
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "canceled_at": subscription.canceled_at.isoformat() if subscription.canceled_at else None,
        "is_extra": subscription.is_extra,
    }


def _audit(subscription: Subscription, before: dict[str, object]) -> None:
    audit.record(
        "premium.subscription_changed" if before else "premium.subscribed",
        subject=f"subscription:{subscription.stripe_subscription_id}",
        actor_kind="webhook",
        before=before,
        after={**_facts(subscription), "user": subscription.user_id},
    )


def _poke_mirror(subscription: Subscription) -> None:
    from premium.tasks import mirror_subscription  # services queue tasks, tasks call services

    poke(mirror_subscription, subscription.stripe_subscription_id)
