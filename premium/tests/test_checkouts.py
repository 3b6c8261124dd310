"""Subscribing: one session that can be paid, whoever clicks how often; and the way back from Stripe's page."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.premium import is_premium
from connect import billing_calls
from connect.errors import StripeUnavailable
from connect.services.inbox import process_due
from ledger.models import LedgerTransaction
from maly.errors import Invalid, NotFound
from notifications.models import Message
from premium.errors import AlreadySubscribed
from premium.models import Customer, PremiumInvoice, PremiumRefund, Subscription, SubscriptionCheckout
from premium.services import sweeps
from premium.services.checkouts import resolve_checkouts, start_checkout
from premium.services.lifecycle import verify_checkout

pytestmark = pytest.mark.django_db


def requests_of(sandbox, path, method="POST"):
    return [
        one for one in sandbox.control("GET", f"/_sandbox/requests?path={path}")[1] if one["method"] == method
    ]


def test_the_session_says_who_subscribes_to_what(prices, buyer, sandbox):
    checkout = start_checkout(buyer, plan="yearly")
    asked = requests_of(sandbox, "/v1/checkout/sessions")[-1]["params"]
    assert asked["client_reference_id"] == str(buyer.pk)
    assert asked["mode"] == "subscription"
    assert asked["subscription_data"]["metadata"]["user_id"] == str(buyer.pk)
    assert asked["line_items"][0]["price"] == prices["yearly"].id
    assert asked["success_url"].endswith("/premium/success?session_id={CHECKOUT_SESSION_ID}")
    assert asked["cancel_url"].endswith("/premium/?canceled=true")
    assert (checkout.status, checkout.plan) == ("open", "yearly")
    assert Customer.objects.get().stripe_customer_id == asked["customer"]


def test_the_open_session_is_given_again(prices, buyer, sandbox):
    first, again = (start_checkout(buyer, plan="monthly") for _ in range(2))
    assert first.session_id == again.session_id
    assert len(requests_of(sandbox, "/v1/checkout/sessions")) == 1


def test_for_the_other_plan_the_open_session_is_closed_first(prices, buyer):
    monthly, yearly = start_checkout(buyer, plan="monthly"), start_checkout(buyer, plan="yearly")
    assert billing_calls.retrieve_session(monthly.session_id).status == "expired"
    assert billing_calls.retrieve_session(yearly.session_id).status == "open"
    assert SubscriptionCheckout.objects.get(pk=monthly.pk).status == "expired"


@pytest.mark.parametrize("plan", ["monthly", "yearly"])
def test_who_has_paid_meanwhile_is_subscribed_already(prices, buyer, pay_session, plan, settle):
    """No event has come yet: Stripe itself is asked."""
    pay_session(start_checkout(buyer, plan="monthly").session_id)
    with pytest.raises(AlreadySubscribed):
        start_checkout(buyer, plan=plan)
    assert is_premium(buyer)
    settle()


def test_who_is_subscribed_gets_no_session(subscribe, buyer, sandbox):
    subscribe(buyer)
    before = len(requests_of(sandbox, "/v1/checkout/sessions"))
    with pytest.raises(AlreadySubscribed):
        start_checkout(buyer, plan="yearly")
    assert len(requests_of(sandbox, "/v1/checkout/sessions")) == before


def test_an_unknown_plan_is_refused(buyer):
    with pytest.raises(Invalid):
        start_checkout(buyer, plan="weekly")


def test_without_prices_at_stripe_it_says_so(buyer, sandbox):
    with pytest.raises(StripeUnavailable, match="premium_prices"):
        start_checkout(buyer, plan="monthly")


def test_who_returns_is_premium_before_any_event(prices, buyer, stranger, pay_session, settle):
    checkout = start_checkout(buyer, plan="monthly")
    waiting = verify_checkout(buyer, checkout.session_id)
    assert (waiting.is_premium, waiting.status, waiting.plan) == (False, "open", "monthly")
    pay_session(checkout.session_id)
    for _again in range(2):
        verified = verify_checkout(buyer, checkout.session_id)
        assert (verified.is_premium, verified.status, verified.plan) == (True, "active", "monthly")
        assert verified.current_period_end
    assert SubscriptionCheckout.objects.get().status == "complete"
    assert PremiumInvoice.objects.get().charged_amount == 2900
    with pytest.raises(NotFound):
        verify_checkout(stranger, checkout.session_id)
    SubscriptionCheckout.objects.update(session_id=None)  # as after a lost answer: Stripe's word alone
    with pytest.raises(NotFound):
        verify_checkout(stranger, checkout.session_id)
    SubscriptionCheckout.objects.update(idempotency_key="lost")
    assert verify_checkout(buyer, checkout.session_id).is_premium
    settle()
    kinds = Message.objects.filter(kind__startswith="premium").values_list("kind", flat=True)
    assert sorted(kinds) == ["premium_receipt", "premium_welcome"]


@pytest.mark.parametrize("session_id", ["cs_test_none", "", "sub_1", "cs_" + "x" * 200, "cs_\x00", "cs_é"])
def test_a_session_that_is_none_is_not_found(prices, buyer, session_id):
    with pytest.raises(NotFound):
        verify_checkout(buyer, session_id)


@pytest.mark.parametrize("delivery", ["normal", "reverse"])
def test_of_two_sessions_that_were_both_paid_the_earlier_counts(subscribe_twice, buyer, sandbox, delivery):
    """In whatever order they are heard of; within one second Stripe's ids decide."""
    sandbox.control("POST", "/_sandbox/delivery", {"mode": delivery})
    kept, extra = subscribe_twice(buyer)
    assert (kept.started_at, kept.stripe_subscription_id) < (extra.started_at, extra.stripe_subscription_id)
    assert (kept.status, extra.status, is_premium(buyer)) == ("active", "canceled", True)
    assert PremiumInvoice.objects.get(subscription=kept).refunded_amount == 0
    back = PremiumRefund.objects.get()
    assert (back.invoice.subscription, back.amount, back.status) == (extra, extra.amount, "succeeded")
    told = Message.objects.filter(kind="premium_canceled").values_list("ids__reason", flat=True)
    assert list(told) == ["extra"]


def test_a_session_that_nobody_told_of_is_found_by_the_sweep(prices, buyer, pay_session, sandbox, settle):
    checkout = start_checkout(buyer, plan="monthly")
    SubscriptionCheckout.objects.update(created_at="2026-01-01T00:00Z")
    assert resolve_checkouts() == 0  # still open
    pay_session(checkout.session_id)
    assert resolve_checkouts() == 0  # asked a moment ago
    assert resolve_checkouts(now=timezone.now() + timedelta(minutes=16)) == 1
    assert is_premium(buyer)
    settle()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each of these answers, all begun at the same moment; what Stripe doesn't answer yet is left out."""
    barrier, found = Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            found.append(act())
        except StripeUnavailable:
            pass  # the other's call with the same key is under way
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_get_one_session_and_one_subscription(prices, buyer, sandbox, pay_session, settle):
    def click() -> object:
        return start_checkout(buyer, plan="monthly").session_id

    session = SubscriptionCheckout.objects.get().session_id if set(at_once(click, click)) else ""
    assert click() == session
    assert len({one["response_id"] for one in requests_of(sandbox, "/v1/checkout/sessions")} - {None}) == 1
    pay_session(session)
    # Both tabs come back, and a worker has the event.
    sandbox.pump()
    at_once(*[lambda: verify_checkout(buyer, session)] * 2, process_due)
    settle()
    assert Subscription.objects.get().status == "active"
    assert PremiumInvoice.objects.get().charged_amount == 2900
    assert LedgerTransaction.objects.filter(kind="premium_sale").count() == 1
    assert Message.objects.filter(kind="premium_welcome").count() == 1


def test_who_was_deleted_at_stripe_may_subscribe_all_the_same(prices, buyer):
    start_checkout(buyer, plan="monthly")
    SubscriptionCheckout.objects.update(status="expired")
    Customer.objects.update(stripe_customer_id="cus_deleted")
    with pytest.raises(StripeUnavailable):
        start_checkout(buyer, plan="monthly")
    assert start_checkout(buyer, plan="monthly").status == "open"


def test_a_person_whom_stripe_refuses_is_asked_for_again_only_when_they_come_back(prices, buyer, sandbox):
    User.objects.filter(pk=buyer.pk).update(email="not an address")
    buyer.refresh_from_db()
    with pytest.raises(StripeUnavailable):
        start_checkout(buyer, plan="monthly")
    asked = len(requests_of(sandbox, "/v1/customers"))
    assert sweeps.resolve_customers(now=timezone.now() + timedelta(hours=1)) == 0
    assert len(requests_of(sandbox, "/v1/customers")) == asked
    User.objects.filter(pk=buyer.pk).update(email="buyer@example.com")
    assert start_checkout(buyer, plan="monthly").session_id
