"""Subscribing: one Checkout Session for each attempt, and never a second one that could be paid beside it.

Rule 2 of the architecture: the row with its key and every parameter is committed first, the call is made with no
transaction open, the answer is recorded in a new one. Unknown outcome: the same call again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from connect import billing_calls, gateway
from connect.errors import GatewayError, GatewayRefused, GatewayUnavailable, SessionNotOpen, StripeUnavailable
from connect.refund_calls import KEY_IS_KNOWN_FOR
from connect.stripe_objects.billing import SubscriptionSession
from maly.codes import make_key
from maly.crash import crash_point
from maly.errors import Invalid
from premium import links
from premium.errors import AlreadySubscribed
from premium.models import Customer, Subscription, SubscriptionCheckout
from premium.plans import PLANS, Plan
from premium.services.customers import ensure_customer, forget_customer
from premium.services.prices import find_price
from premium.services.subscriptions import sync_subscription

logger = logging.getLogger(__name__)
Status = SubscriptionCheckout.Status
UNDER_WAY = (Status.REQUESTED, Status.OPEN)
# Each round ends what stands in the way; more than a few mean that somebody clicks faster than Stripe answers.
MOST_ROUNDS = 3
UNANSWERED_FOR = timedelta(seconds=30)
ASKED_AFTER = timedelta(minutes=5)
ASKED_AGAIN_AFTER = timedelta(minutes=15)


def start_checkout(user: User, *, plan: str) -> SubscriptionCheckout:
    """Open a Checkout Session in which `user` subscribes to a plan; the one that is open already is given again.

    A session for the other plan is closed first, so that two can't be paid. Raises Invalid for an unknown plan,
    AlreadySubscribed, StripeUnavailable.
    """
    wanted = PLANS.get(plan)
    if wanted is None:
        raise Invalid(_("Choose monthly or yearly."), attr="plan")
    refuse_subscribed(user)
    with gateway.answering_people():
        customer = ensure_customer(user)
        for _round in range(MOST_ROUNDS):
            checkout, is_new = _request(customer, wanted)
            checkout = open_session(checkout.pk) if is_new else refresh_checkout(checkout.pk)
            if checkout.status == Status.OPEN and checkout.plan == plan:
                return checkout
            if checkout.status == Status.OPEN:
                close_checkout(checkout.pk)
            refuse_subscribed(user)
    raise StripeUnavailable


def refuse_subscribed(user: User) -> None:
    """Raises AlreadySubscribed for somebody with a living subscription, whether it is paid or not."""
    alive = Subscription.objects.filter(user=user, is_extra=False).exclude(status__in=Subscription.ENDED)
    if alive.exists():
        raise AlreadySubscribed


def open_session(checkout_id: int) -> SubscriptionCheckout:
    """Make (or find) the session of an intent row under its key and record it. Raises GatewayError."""
    checkout = SubscriptionCheckout.objects.get(pk=checkout_id)
    if checkout.status != Status.REQUESTED:
        return checkout
    try:
        session = _make_or_find(checkout)
    except GatewayRefused as error:
        _fail(checkout, error.message)
        if error.param == "customer":
            forget_customer(checkout.customer, reason=error.message)
        raise
    except GatewayUnavailable:
        # Another request with the same key may have had the answer meanwhile.
        checkout.refresh_from_db()
        if checkout.status == Status.REQUESTED:
            raise
        return checkout
    crash_point("premium_checkout.created")
    if session is None:
        return _fail(checkout, "Never made.")
    return _record(checkout, session)


def refresh_checkout(checkout_id: int) -> SubscriptionCheckout:
    """Bring a checkout to what Stripe says of its session: still open, paid, expired. Raises GatewayError."""
    checkout = open_session(checkout_id)
    if checkout.status == Status.OPEN and checkout.session_id:
        sync_session(checkout.session_id)
        checkout.refresh_from_db()
    return checkout


def sync_session(session_id: str) -> SubscriptionSession | None:
    """Fetch a session and converge to it; one that is complete brings its subscription. None when it isn't ours.

    Safe to call twice. Raises GatewayError.
    """
    session = billing_calls.retrieve_session(session_id)
    return follow_session(session)


def follow_session(session: SubscriptionSession) -> SubscriptionSession | None:
    """As sync_session, of a session that was just fetched."""
    checkout = _find(session)
    if checkout is None:
        return None
    crash_point("premium_session.fetched")
    if session.status == "complete" and session.subscription_id:
        # First what it brought: a checkout that is marked as paid is asked about no more.
        sync_subscription(session.subscription_id)
    _record(checkout, session)
    return session


def close_checkout(checkout_id: int) -> None:
    """Close an open session at Stripe, so that it can't be paid any more; one that was paid is followed.

    Raises GatewayError.
    """
    checkout = SubscriptionCheckout.objects.get(pk=checkout_id)
    if checkout.status != Status.OPEN or not checkout.session_id:
        return
    try:
        session = billing_calls.expire_session(checkout.session_id)
    except SessionNotOpen:
        sync_session(checkout.session_id)
        return
    crash_point("premium_checkout.closed")
    _record(checkout, session)


def resolve_checkouts(*, now: datetime | None = None, limit: int = 100) -> int:
    """Find out about checkouts without an answer, and about open ones that nobody told us of; how many are over."""
    now = now or timezone.now()
    unanswered = SubscriptionCheckout.objects.filter(
        status=Status.REQUESTED, created_at__lte=now - UNANSWERED_FOR
    )
    silent = SubscriptionCheckout.objects.filter(
        Q(asked_at=None) | Q(asked_at__lte=now - ASKED_AGAIN_AFTER),
        status=Status.OPEN,
        created_at__lte=now - ASKED_AFTER,
    )
    ids = [*unanswered.values_list("pk", flat=True)[:limit], *silent.values_list("pk", flat=True)[:limit]]
    over = 0
    SubscriptionCheckout.objects.filter(pk__in=ids).update(asked_at=now)
    for checkout_id in ids:
        try:
            over += refresh_checkout(checkout_id).status not in UNDER_WAY
        except GatewayError as error:
            logger.warning("premium_checkout_unknown row=%s error=%s", checkout_id, type(error).__name__)
    return over


def _request(customer: Customer, plan: Plan) -> tuple[SubscriptionCheckout, bool]:
    """The checkout under way, or a new one, committed with all that the call will say; and whether it is new."""
    under_way = SubscriptionCheckout.objects.filter(customer=customer, status__in=UNDER_WAY)
    found = under_way.first()
    if found is not None:
        return found, False
    parameters = _parameters(customer, plan, price_id=find_price(plan).id)
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        refuse_subscribed(customer.user)
        found = under_way.first()
        if found is not None:
            return found, False  # two requests met: the other one's is the one that stands
        checkout = _write(customer, plan, parameters)
    crash_point("premium_checkout.requested")
    return checkout, True


def _write(customer: Customer, plan: Plan, parameters: dict[str, Any]) -> SubscriptionCheckout:
    key = f"premium-{make_key()}"
    parameters["metadata"]["request"] = key
    checkout = SubscriptionCheckout.objects.create(
        customer=customer, plan=plan.code, idempotency_key=key, parameters=parameters
    )
    audit.record(
        "premium.checkout_started",
        subject=f"premium-checkout:{checkout.pk}",
        actor=customer.user,
        after={"plan": plan.code},
    )
    return checkout


def _parameters(customer: Customer, plan: Plan, *, price_id: str) -> dict[str, Any]:
    """Everything that the call says (docs.stripe.com/api/checkout/sessions/create)."""
    user_id = str(customer.user_id)
    return {
        "mode": "subscription",
        "customer": customer.stripe_customer_id,
        "client_reference_id": user_id,
        "line_items": [{"price": price_id, "quantity": 1}],
        "payment_method_types": ["card"],
        "success_url": links.success_url(),
        "cancel_url": links.canceled_url(),
        "metadata": {"user_id": user_id, "plan": plan.code.value},
        "subscription_data": {"metadata": {"user_id": user_id}},
    }


def _make_or_find(checkout: SubscriptionCheckout) -> SubscriptionSession | None:
    if checkout.created_at > timezone.now() - KEY_IS_KNOWN_FOR:
        return billing_calls.create_session(checkout.parameters, idempotency_key=checkout.idempotency_key)
    customer_id = checkout.parameters["customer"]
    return billing_calls.find_session(customer_id, request=checkout.idempotency_key)


def _find(session: SubscriptionSession) -> SubscriptionCheckout | None:
    """The row of a session: by its id, or by the request that it names where the answer was lost."""
    rows = SubscriptionCheckout.objects.all()
    if session.mode != "subscription":
        return None
    return rows.filter(session_id=session.id).first() or rows.filter(idempotency_key=session.request).first()


def _record(checkout: SubscriptionCheckout, session: SubscriptionSession) -> SubscriptionCheckout:
    """Keep what Stripe says of the session; complete and expired are the end of it."""
    with transaction.atomic():
        locked = SubscriptionCheckout.objects.select_for_update().get(pk=checkout.pk)
        if locked.status in UNDER_WAY or session.status == Status.COMPLETE:
            locked.session_id, locked.status = session.id, session.status
            locked.url, locked.expires_at = session.url or locked.url, session.expires_at
            locked.save()
    crash_point("premium_checkout.recorded")
    return locked


def _fail(checkout: SubscriptionCheckout, reason: str) -> SubscriptionCheckout:
    SubscriptionCheckout.objects.filter(pk=checkout.pk, status=Status.REQUESTED).update(
        status=Status.FAILED, failure=reason[:200]
    )
    checkout.refresh_from_db()
    return checkout
