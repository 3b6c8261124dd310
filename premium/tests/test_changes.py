"""Monthly to yearly and back: what is shown is what is charged."""

from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from connect import billing_calls
from maly.errors import Invalid, NotFound
from premium.errors import CardRefused, EndsSoon, NotSubscribed, OfferExpired, PaymentOverdue, SamePlan
from premium.models import PlanChange, PremiumInvoice, Subscription
from premium.services.changes import offer_change, take_change
from premium.services.lifecycle import cancel_at_period_end, create_portal_link, resume

pytestmark = pytest.mark.django_db


def test_what_was_shown_is_charged_once(subscribe, buyer, settle):
    subscribe(buyer)
    offer = offer_change(buyer, plan="yearly")
    assert (offer.from_plan, offer.to_plan, offer.credit_amount) == ("monthly", "yearly", 0)
    assert sum(line["amount"] for line in offer.lines) == offer.amount
    assert offer.amount < 29000
    assert Subscription.objects.get().subscription_type == "monthly"  # nothing has changed yet
    for _again in range(2):
        assert take_change(buyer, offer.token).status == "done"
    settle()
    subscription = Subscription.objects.get()
    assert (subscription.subscription_type, subscription.amount) == ("yearly", 29000)
    charged = PremiumInvoice.objects.get(billing_reason="subscription_update")
    assert (charged.charged_amount, charged.status) == (offer.amount, "paid")
    assert offer.renews_at == subscription.current_period_end


def test_a_credit_pays_what_comes(subscribe, buyer, settle):
    """Yearly to monthly: no money moves, and the first months cost nothing."""
    subscribe(buyer, "yearly")
    offer = offer_change(buyer, plan="monthly")
    assert offer.amount == 0
    assert 25000 < offer.credit_amount <= 29000 - 2900
    take_change(buyer, offer.token)
    settle()
    subscription = Subscription.objects.get()
    assert (subscription.subscription_type, subscription.amount) == ("monthly", 2900)
    assert (subscription.credit_amount, subscription.next_amount) == (offer.credit_amount, 0)
    assert sum(PremiumInvoice.objects.values_list("charged_amount", flat=True)) == 29000


def test_a_card_that_is_declined_changes_nothing(subscribe, buyer, sandbox, settle):
    subscription = subscribe(buyer)
    path = f"/_sandbox/subscriptions/{subscription.stripe_subscription_id}"
    sandbox.control("POST", path, {"card": "4000000000000341"})
    offer = offer_change(buyer, plan="yearly")
    with pytest.raises(CardRefused):
        take_change(buyer, offer.token)
    settle()
    subscription.refresh_from_db()
    assert (subscription.subscription_type, subscription.status) == ("monthly", "active")
    assert PlanChange.objects.get().status == "refused"
    with pytest.raises(OfferExpired):
        take_change(buyer, offer.token)


def test_an_offer_is_its_persons_and_good_for_a_while(subscribe, buyer, stranger, settle):
    subscribe(buyer)
    offer = offer_change(buyer, plan="yearly")
    for who, token in ((stranger, offer.token), (buyer, "unknown")):
        with pytest.raises(NotFound):
            take_change(who, token)
    PlanChange.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    with pytest.raises(OfferExpired):
        take_change(buyer, offer.token)
    newer = offer_change(buyer, plan="yearly")
    with pytest.raises(NotFound):
        take_change(buyer, offer.token)
    subscription = Subscription.objects.get()
    billing_calls.switch_price(
        subscription.stripe_subscription_id,
        item_id=subscription.item_id,
        price_id=newer.price_id,
        prorated_at=newer.prorated_at,
        idempotency_key="in-the-portal",
    )
    settle()
    with pytest.raises(OfferExpired):  # it is yearly already
        take_change(buyer, newer.token)


def test_what_cannot_be_changed_says_why(subscribe, advance, buyer, stranger):
    subscription = subscribe(buyer)
    with pytest.raises(Invalid):
        offer_change(buyer, plan="weekly")
    with pytest.raises(SamePlan):
        offer_change(buyer, plan="monthly")
    with pytest.raises(NotSubscribed):
        offer_change(stranger, plan="yearly")
    cancel_at_period_end(buyer)
    with pytest.raises(EndsSoon):  # which would quietly make it go on
        offer_change(buyer, plan="yearly")
    resume(buyer)
    advance(subscription, payment="fails")
    with pytest.raises(PaymentOverdue):
        offer_change(buyer, plan="yearly")


@pytest.mark.parametrize("heard", [True, False])
def test_an_offer_for_a_period_that_was_renewed_is_over(heard, subscribe, advance, buyer, sandbox):
    subscription = subscribe(buyer)
    offer = offer_change(buyer, plan="yearly")
    if heard:
        advance(subscription)
    else:
        path = f"/_sandbox/subscriptions/{subscription.stripe_subscription_id}"
        sandbox.control("POST", path, {"advance": True, "payment": "succeeds"})
    with pytest.raises(OfferExpired):
        take_change(buyer, offer.token)
    assert PlanChange.objects.get().status == ("offered" if heard else "refused")
    assert Subscription.objects.get().subscription_type == "monthly"


def test_what_was_cancelled_in_stripes_portal_may_go_on(subscribe, buyer, settle):
    subscription = subscribe(buyer)
    requests.post(f"{create_portal_link(buyer)}/cancel", timeout=5, allow_redirects=False)
    settle()
    subscription.refresh_from_db()
    assert subscription.cancel_at_period_end
    assert not resume(buyer).cancel_at_period_end
    seen = billing_calls.retrieve_subscription(subscription.stripe_subscription_id)
    assert seen.cancel_at is None


def test_cancel_and_resume_may_be_said_twice(subscribe, buyer, stranger, settle):
    subscribe(buyer)
    for _again in range(2):
        assert cancel_at_period_end(buyer).cancel_at_period_end
    for _again in range(2):
        assert not resume(buyer).cancel_at_period_end
    for act in (cancel_at_period_end, resume, create_portal_link):
        with pytest.raises(NotSubscribed):
            act(stranger)
    assert create_portal_link(buyer).startswith("http")
    billing_calls.cancel_subscription(Subscription.objects.get().stripe_subscription_id)
    with pytest.raises(NotSubscribed):  # Stripe has ended it, and we hadn't heard
        resume(buyer)
    settle()
