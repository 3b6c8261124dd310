"""A subscription follows Stripe's: every status, and what it entitles to."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Entitlement
from accounts.premium import is_premium, premium_until
from connect import billing_calls
from connect.models import StripeEvent
from connect.services.inbox import process_due
from notifications.models import Message
from premium.models import PremiumInvoice, Subscription
from premium.services import sweeps
from premium.services.entitlements import RENEWAL_SLACK, entitled_until
from premium.services.subscriptions import sync_subscription

pytestmark = pytest.mark.django_db
NOW = timezone.now()
END = NOW + timedelta(days=20)


@pytest.mark.parametrize(
    ("status", "until"),
    [
        ("active", END + RENEWAL_SLACK),
        ("trialing", END + RENEWAL_SLACK),
        ("past_due", NOW + timedelta(days=3)),
        ("incomplete", None),
        ("incomplete_expired", None),
        ("unpaid", None),
        ("paused", None),
        ("canceled", None),
    ],
)
def test_each_status_entitles_as_far_as_it_should(status, until):
    grace = NOW + timedelta(days=3) if status == "past_due" else None
    subscription = Subscription(status=status, current_period_end=END, grace_until=grace)
    assert entitled_until(subscription) == until
    assert entitled_until(Subscription(status=status, current_period_end=END, is_extra=True)) is None


def test_one_that_ends_with_its_period_has_no_slack():
    subscription = Subscription(status="active", current_period_end=END, cancel_at_period_end=True)
    assert entitled_until(subscription) == END


def test_who_pays_is_premium_for_the_period_of_the_subscription_item(subscribe, buyer, stranger):
    subscription = subscribe(buyer)
    item = billing_calls.retrieve_subscription(subscription.stripe_subscription_id)
    assert (subscription.status, subscription.subscription_type) == ("active", "monthly")
    assert subscription.current_period_end == item.period_end
    assert premium_until(buyer) == item.period_end + RENEWAL_SLACK
    assert not is_premium(stranger)
    invoice = PremiumInvoice.objects.get()
    assert (invoice.status, invoice.charged_amount, invoice.stripe_fee_amount) == ("paid", 2900, 114)
    assert (invoice.subscription, invoice.card_last4) == (subscription, "4242")
    assert invoice.hosted_url


def test_what_was_read_earlier_never_overwrites(subscribe, buyer, sandbox, monkeypatch):
    """Two workers: the one that asked first writes last."""
    subscription = subscribe(buyer)
    ask = billing_calls.retrieve_subscription

    def overtaken(subscription_id):
        early = ask(subscription_id)
        monkeypatch.setattr(billing_calls, "retrieve_subscription", ask)
        billing_calls.set_cancellation(subscription_id, at_period_end=True)
        sync_subscription(subscription_id)
        return early

    monkeypatch.setattr(billing_calls, "retrieve_subscription", overtaken)
    sync_subscription(subscription.stripe_subscription_id)
    subscription.refresh_from_db()
    assert subscription.cancel_at_period_end
    assert premium_until(buyer) == subscription.current_period_end


def test_cancelled_at_stripe_is_off_at_once_and_stays_so(subscribe, buyer, settle):
    subscription = subscribe(buyer)
    billing_calls.cancel_subscription(subscription.stripe_subscription_id)
    settle()
    subscription.refresh_from_db()
    assert (subscription.status, is_premium(buyer)) == ("canceled", False)
    assert subscription.ended_at is not None
    assert Message.objects.filter(kind="premium_canceled").count() == 1


def test_a_new_one_is_not_too_many_because_the_end_of_the_old_one_was_not_heard(
    subscribe, buyer, prices, pay_session, settle
):
    old = subscribe(buyer)
    billing_calls.cancel_subscription(
        old.stripe_subscription_id
    )  # by staff, at Stripe, who then make another
    session = billing_calls.create_session(
        {
            "mode": "subscription",
            "customer": old.stripe_customer_id,
            "line_items": [{"price": prices["yearly"].id, "quantity": 1}],
            "success_url": "https://elsewhere.example/",
        },
        idempotency_key="session-by-staff",
    )
    new_id = pay_session(session.id)["subscription"]
    new = sync_subscription(new_id)
    old.refresh_from_db()
    assert (new.status, new.is_extra, old.status) == ("active", False, "canceled")
    assert is_premium(buyer)
    settle()


@pytest.mark.unsettled("somebody else's money, which the reconciliation tells of")
def test_a_subscription_of_nobody_here_is_ignored(prices, sandbox, settle):
    key = "customer-elsewhere"
    other = billing_calls.create_customer({"email": "else@example.com"}, idempotency_key=key)
    session = billing_calls.create_session(
        {
            "mode": "subscription",
            "customer": other,
            "line_items": [{"price": prices["monthly"].id, "quantity": 1}],
            "success_url": "https://elsewhere.example/",
        },
        idempotency_key="session-elsewhere",
    )
    sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay", {"card": "4242424242424242"})
    sandbox.pump()
    process_due()
    ours = StripeEvent.objects.exclude(type__startswith="payout.")
    assert set(ours.values_list("status", flat=True)) == {"ignored"}
    assert not Subscription.objects.exists()
    assert not PremiumInvoice.objects.exists()


def test_sweeps_ask_about_what_nobody_told_of(subscribe, buyer, advance, sandbox):
    subscription = subscribe(buyer)
    assert sweeps.follow_subscriptions_due() == 0  # just heard of
    billing_calls.cancel_subscription(subscription.stripe_subscription_id)
    Subscription.objects.update(synced_at=timezone.now() - timedelta(hours=25))
    assert sweeps.follow_subscriptions_due() == 1
    assert not Entitlement.objects.exists()


def test_a_period_that_is_over_is_asked_about_within_the_hour(subscribe, buyer):
    subscription = subscribe(buyer)
    heard = timezone.now() - timedelta(minutes=61)
    Subscription.objects.update(synced_at=heard)
    assert sweeps.follow_subscriptions_due(now=timezone.now()) == 0
    assert sweeps.follow_subscriptions_due(now=subscription.current_period_end) == 1


def test_no_end_is_told_that_a_failing_payment_may_bring_sooner(subscribe, advance, buyer):
    subscription = advance(subscribe(buyer), payment="fails")
    Subscription.objects.update(cancel_at_period_end=True)
    sweeps.tell_what_is_coming(now=subscription.current_period_end - timedelta(days=1))
    assert not Message.objects.filter(kind="premium_ending").exists()
