"""A process killed at every commit and Stripe call of Premium, and a Stripe that fails: all come to one end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.premium import is_premium
from connect.errors import StripeUnavailable
from connect.models import StripeEvent
from maly import crash
from premium.models import (
    Customer,
    PlanChange,
    PremiumInvoice,
    PremiumRefund,
    Subscription,
    SubscriptionCheckout,
)
from premium.services import changes, checkouts, extras, invoices, lifecycle, refunds, sweeps
from premium.services.checkouts import start_checkout
from premium.tests.test_checkouts import requests_of

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process is gone: nothing of ours catches this."""


@pytest.fixture
def kill_at():
    def install(point):
        def hook(name):
            if name == point:
                crash.install_hook(None)
                raise Killed(name)

        crash.install_hook(hook)

    yield install
    crash.install_hook(None)


@pytest.fixture
def converge(settle):
    """What the sweeps do once whoever asked first has had their time."""

    def run():
        crash.install_hook(None)
        soon = timezone.now() + timedelta(minutes=10)
        for _round in range(2):
            StripeEvent.objects.update(lease_until=None, due_at=timezone.now())
            settle()
            sweeps.resolve_customers(now=soon)
            checkouts.resolve_checkouts(now=soon)
            changes.resolve_changes(now=soon)
            extras.end_extras()
            refunds.resolve_refunds(now=soon)
            invoices.record_missing_fees(now=soon)

    return run


def made_at_stripe(sandbox, path):
    """How many things a path of the API has really made."""
    return len({one["response_id"] for one in requests_of(sandbox, path) if one["status"] == 200})


def assert_subscribed_once(user, sandbox, *, charged=2900):
    assert Customer.objects.count() == made_at_stripe(sandbox, "/v1/customers") == 1
    assert made_at_stripe(sandbox, "/v1/checkout/sessions") == SubscriptionCheckout.objects.count() == 1
    assert SubscriptionCheckout.objects.get().status == "complete"
    assert Subscription.objects.get().status == "active"
    assert PremiumInvoice.objects.get().charged_amount == charged
    assert is_premium(user)


SUBSCRIBING = [
    "premium_customer.requested",
    "stripe.create_customer.after",
    "premium_checkout.requested",
    "stripe.create_subscription_session.after",
    "premium_checkout.recorded",
]


@pytest.mark.parametrize("point", SUBSCRIBING)
def test_killed_while_subscribing(point, prices, buyer, kill_at, converge, pay_session, sandbox):
    kill_at(point)
    with pytest.raises(Killed):
        start_checkout(buyer, plan="monthly")
    converge()
    checkout = start_checkout(buyer, plan="monthly")
    pay_session(checkout.session_id)
    converge()
    assert_subscribed_once(buyer, sandbox)


RETURNING = [
    "stripe.retrieve_subscription_session.after",
    "subscription.fetched",
    "subscription.recorded",
    "premium_invoice.fetched",
    "premium_invoice.recorded",
    "premium_checkout.recorded",
]


@pytest.mark.parametrize("point", RETURNING)
def test_killed_on_the_way_back(point, prices, buyer, kill_at, converge, pay_session, sandbox):
    """Every event is lost too: the sweeps alone finish it."""
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    checkout = start_checkout(buyer, plan="monthly")
    pay_session(checkout.session_id)
    kill_at(point)
    with pytest.raises(Killed):
        lifecycle.verify_checkout(buyer, checkout.session_id)
    converge()
    assert_subscribed_once(buyer, sandbox)


CHANGING = [
    "premium_change.requested",
    "stripe.switch_price.before",
    "stripe.switch_price.after",
    "subscription.recorded",
]


@pytest.mark.parametrize("point", CHANGING)
def test_killed_while_changing_the_plan(point, subscribe, buyer, kill_at, converge, sandbox):
    subscribe(buyer)
    offer = changes.offer_change(buyer, plan="yearly")
    kill_at(point)
    with pytest.raises(Killed):
        changes.take_change(buyer, offer.token)
    converge()
    assert PlanChange.objects.get().status == "done"
    assert Subscription.objects.get().subscription_type == "yearly"
    charged = sorted(PremiumInvoice.objects.values_list("charged_amount", flat=True))
    assert charged == [2900, offer.amount]


ENDING_EXTRA = [
    "stripe.cancel_subscription.after",
    "premium_refund.requested",
    "stripe.refund_premium.after",
    "premium_refund.recorded",
]


@pytest.mark.parametrize("point", ENDING_EXTRA)
def test_killed_while_a_second_subscription_is_ended(
    point, prices, buyer, kill_at, converge, pay_session, settle
):
    first = start_checkout(buyer, plan="monthly")
    SubscriptionCheckout.objects.update(status="expired")
    second = start_checkout(buyer, plan="yearly")
    pay_session(first.session_id)
    settle()
    pay_session(second.session_id)
    kill_at(point)
    with pytest.raises(Killed):
        settle()
    converge()
    assert PremiumRefund.objects.get().status == "succeeded"
    assert sorted(Subscription.objects.values_list("status", "is_extra")) == [
        ("active", False),
        ("canceled", True),
    ]


@pytest.mark.parametrize("point", ["stripe.set_cancellation.before", "premium_cancellation.set"])
def test_killed_while_cancelling(point, subscribe, buyer, kill_at, converge):
    subscribe(buyer)
    kill_at(point)
    with pytest.raises(Killed):
        lifecycle.cancel_at_period_end(buyer)
    converge()
    assert Subscription.objects.get().cancel_at_period_end == (point == "premium_cancellation.set")
    assert lifecycle.cancel_at_period_end(buyer).cancel_at_period_end


@pytest.mark.parametrize("effect", ["error_500", "timeout_after_success"])
@pytest.mark.parametrize("path", ["/v1/customers", "/v1/checkout/sessions"])
def test_stripe_fails_while_somebody_subscribes(
    effect, path, prices, buyer, sandbox, converge, pay_session, settings
):
    settings.STRIPE_TIMEOUT_SECONDS = 0.3
    sandbox.control(
        "POST", "/_sandbox/faults", {"method": "POST", "path": path, "effect": effect, "times": 2}
    )
    with pytest.raises(StripeUnavailable):
        start_checkout(buyer, plan="monthly")
    sandbox.control("DELETE", "/_sandbox/faults")
    pay_session(start_checkout(buyer, plan="monthly").session_id)
    converge()
    assert_subscribed_once(buyer, sandbox)


def test_a_key_that_stripe_has_forgotten_is_looked_up_first(prices, buyer, kill_at, converge, sandbox):
    """Made, the answer lost, and nobody asked for a day: neither customer nor session is made twice."""
    for point in ("premium_customer.created", "premium_checkout.created"):
        kill_at(point)
        with pytest.raises(Killed):
            start_checkout(buyer, plan="monthly")
        long_ago = timezone.now() - timedelta(hours=24)
        Customer.objects.update(requested_at=long_ago)
        SubscriptionCheckout.objects.update(created_at=long_ago)
        converge()
    assert SubscriptionCheckout.objects.get().status == "open"
    assert made_at_stripe(sandbox, "/v1/customers") == made_at_stripe(sandbox, "/v1/checkout/sessions") == 1


def test_a_change_of_plan_that_never_reached_stripe_is_given_up_after_a_day(subscribe, buyer, kill_at):
    subscribe(buyer)
    offer = changes.offer_change(buyer, plan="yearly")
    kill_at("stripe.switch_price.before")
    with pytest.raises(Killed):
        changes.take_change(buyer, offer.token)
    PlanChange.objects.update(requested_at=timezone.now() - timedelta(hours=24))
    assert changes.resolve_changes() == 1
    assert PlanChange.objects.get().status == "refused"
    assert Subscription.objects.get().subscription_type == "monthly"
    assert User.objects.filter(pk=buyer.pk).exists()
