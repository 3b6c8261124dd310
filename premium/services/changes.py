"""Changing between monthly and yearly: what it costs is shown first, and that is what is charged.

Stripe works out the proration for a moment that it names; the change carries the same moment. The offer is the row
with its idempotency key: taking it marks it, and repeating an unknown outcome is the same call.
"""

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from connect import billing_calls, gateway
from connect.errors import GatewayError, GatewayRefused
from connect.refund_calls import KEY_IS_KNOWN_FOR
from connect.stripe_objects.billing import Invoice, Price
from maly.codes import make_key
from maly.crash import crash_point
from maly.errors import Invalid, NotFound
from premium.access import require_subscription
from premium.errors import CardRefused, EndsSoon, OfferExpired, PaymentOverdue, SamePlan
from premium.models import Customer, PlanChange, Subscription
from premium.plans import PLANS, Plan
from premium.services.prices import find_price
from premium.services.subscriptions import sync_subscription

logger = logging.getLogger(__name__)
Status = PlanChange.Status
OFFER_LASTS = timedelta(minutes=15)
UNANSWERED_FOR = timedelta(seconds=30)
DECLINED = 402
GONE = (400, 404)


def offer_change(user: User, *, plan: str) -> PlanChange:
    """What changing to a plan would charge now (minor units), by Stripe's own preview; nothing changes.

    Raises Invalid for an unknown plan, NotSubscribed, SamePlan, PaymentOverdue, EndsSoon, StripeUnavailable.
    """
    wanted = PLANS.get(plan)
    if wanted is None:
        raise Invalid(_("Choose monthly or yearly."), attr="plan")
    subscription = _require_changeable(user, wanted)
    with gateway.answering_people():
        price = find_price(wanted)
        preview = billing_calls.preview_switch(
            subscription.stripe_subscription_id, item_id=subscription.item_id, price_id=price.id
        )
    with transaction.atomic():
        PlanChange.objects.filter(subscription=subscription, status=Status.OFFERED).delete()
        return _write(subscription, wanted, price, preview)


def take_change(user: User, token: str) -> PlanChange:
    """Change the plan as it was offered; taking the same offer again answers what became of it.

    Raises NotFound for another's offer, OfferExpired after 15 minutes or when the subscription has changed since,
    CardRefused when the charge failed (nothing has changed), StripeUnavailable.
    """
    change = _request(user, token)
    with gateway.answering_people():
        try:
            return carry_out(change.pk)
        except GatewayRefused as error:
            if error.status == DECLINED:
                raise CardRefused from error
            if error.status not in GONE:
                raise
            # Renewed, ended or changed at Stripe before we have heard of it.
            sync_subscription(change.subscription.stripe_subscription_id)
            raise OfferExpired from error


def carry_out(change_id: int) -> PlanChange:
    """Make the call of a requested change under its key, or find out what became of it. Raises GatewayError."""
    change = PlanChange.objects.select_related("subscription").get(pk=change_id)
    if change.status != Status.REQUESTED:
        return change
    subscription = change.subscription
    is_old = (change.requested_at or change.created_at) < timezone.now() - KEY_IS_KNOWN_FOR
    if not is_old:
        _switch(change)
    synced = sync_subscription(subscription.stripe_subscription_id)
    is_done = synced is not None and synced.price_id == change.price_id
    _close(change, Status.DONE if is_done or not is_old else Status.REFUSED)
    change.refresh_from_db()
    return change


def resolve_changes(*, now: datetime | None = None, limit: int = 100) -> int:
    """Go on with changes that got no answer; returns how many are decided."""
    before = (now or timezone.now()) - UNANSWERED_FOR
    waiting = PlanChange.objects.filter(status=Status.REQUESTED, requested_at__lte=before)
    decided = 0
    for change_id in list(waiting.order_by("pk").values_list("pk", flat=True)[:limit]):
        try:
            decided += carry_out(change_id).status != Status.REQUESTED
        except GatewayError as error:
            logger.warning("plan_change_unknown change=%s error=%s", change_id, type(error).__name__)
    return decided


def _require_changeable(user: User, wanted: Plan) -> Subscription:
    subscription = require_subscription(user)
    if subscription.subscription_type == wanted.code:
        raise SamePlan
    if subscription.is_failing:
        raise PaymentOverdue
    if subscription.cancel_at_period_end:
        raise EndsSoon
    return subscription


def _write(subscription: Subscription, wanted: Plan, price: Price, preview: Invoice) -> PlanChange:
    return PlanChange.objects.create(
        subscription=subscription,
        from_plan=subscription.subscription_type,
        to_plan=wanted.code,
        price_id=price.id,
        prorated_at=preview.prorated_at or timezone.now(),
        amount=preview.amount_due,
        credit_amount=preview.credit_left,
        currency=preview.currency,
        lines=[{"description": line.description, "amount": line.amount} for line in preview.lines],
        renews_at=max(
            (line.period_end for line in preview.lines if not line.is_proration or line.amount > 0),
            default=None,
        ),
        idempotency_key=f"premium-switch-{make_key()}",
    )


def _request(user: User, token: str) -> PlanChange:
    """Mark the offer as taken, if it still says what is so; the subscription must be as it was when it was made."""
    found = PlanChange.objects.filter(token=token[:40].replace("\x00", ""), subscription__user=user).first()
    if found is None:
        raise NotFound
    try:
        with transaction.atomic():
            Customer.objects.select_for_update().get(user=user)
            change = PlanChange.objects.select_for_update(of=("self",)).select_related("subscription")
            taken = change.filter(pk=found.pk).first()
            if taken is None:
                raise OfferExpired
            if taken.status == Status.OFFERED:
                _check_valid(taken)
                taken.status, taken.requested_at = Status.REQUESTED, timezone.now()
                taken.save(update_fields=["status", "requested_at"])
                _audit(taken, user)
    except IntegrityError:
        raise OfferExpired from None  # another change is under way
    if taken.status == Status.REFUSED:
        raise OfferExpired
    crash_point("premium_change.requested")
    return taken


def _check_valid(change: PlanChange) -> None:
    subscription = change.subscription
    is_same = subscription.subscription_type == change.from_plan and not subscription.is_over
    # Of a period that has been renewed meanwhile it says nothing.
    is_same = is_same and change.prorated_at >= subscription.current_period_start
    is_bound = subscription.is_failing or subscription.cancel_at_period_end
    if not is_same or is_bound or change.created_at < timezone.now() - OFFER_LASTS:
        raise OfferExpired


def _switch(change: PlanChange) -> None:
    subscription = change.subscription
    try:
        billing_calls.switch_price(
            subscription.stripe_subscription_id,
            item_id=subscription.item_id,
            price_id=change.price_id,
            prorated_at=change.prorated_at,
            idempotency_key=change.idempotency_key,
        )
    except GatewayRefused as error:
        _close(change, Status.REFUSED, failure=error.message)
        raise
    crash_point("premium_change.made")


def _close(change: PlanChange, status: str, *, failure: str = "") -> None:
    PlanChange.objects.filter(pk=change.pk, status=Status.REQUESTED).update(
        status=status, failure=failure[:200]
    )


def _audit(change: PlanChange, user: User) -> None:
    audit.record(
        "premium.change_asked",
        subject=f"subscription:{change.subscription.stripe_subscription_id}",
        actor=user,
        before={"plan": change.from_plan},
        after={"plan": change.to_plan, "amount": change.amount, "currency": change.currency},
    )
