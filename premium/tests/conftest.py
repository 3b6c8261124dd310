"""Fixtures of premium: prices at Stripe, and somebody who subscribes and whose subscription goes on."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from premium.models import Subscription, SubscriptionCheckout
from premium.services.checkouts import start_checkout
from premium.services.prices import create_prices


@pytest.fixture
def prices(db: None, sandbox: Any) -> dict[str, Any]:
    return create_prices()


@pytest.fixture
def pay_session(sandbox: Any) -> Callable[..., dict[str, Any]]:
    """Pay a session on Stripe's page, as a person would."""

    def on_stripes_page(session_id: str, card: str = "4242424242424242") -> dict[str, Any]:
        status, answer = sandbox.control("POST", f"/_sandbox/checkout/{session_id}/pay", {"card": card})
        assert status == 200, answer
        return answer

    return on_stripes_page


@pytest.fixture
def subscribe(
    prices: Any, pay_session: Callable[..., Any], settle: Callable[[], None]
) -> Callable[..., Subscription]:
    """Subscribe, pay, and let everything settle."""

    def subscribed(user: User, plan: str = "monthly") -> Subscription:
        checkout: SubscriptionCheckout = start_checkout(user, plan=plan)
        pay_session(str(checkout.session_id))
        settle()
        return Subscription.objects.get(user=user)

    return subscribed


@pytest.fixture
def advance(sandbox: Any, settle: Callable[[], None]) -> Callable[..., Subscription]:
    """One period further: Stripe renews, or the card fails; and everything settles."""

    def further(subscription: Subscription, *, payment: str = "succeeds") -> Subscription:
        path = f"/_sandbox/subscriptions/{subscription.stripe_subscription_id}"
        status, answer = sandbox.control("POST", path, {"advance": True, "payment": payment})
        assert status == 200, answer
        settle()
        subscription.refresh_from_db()
        return subscription

    return further


@pytest.fixture
def subscribe_twice(
    prices: Any, pay_session: Callable[..., Any], settle: Callable[[], None]
) -> Callable[..., tuple[Subscription, Subscription]]:
    """Pay two sessions, as somebody does whose second one was opened before the first was known: (kept, extra)."""

    def paid_twice(user: User) -> tuple[Subscription, Subscription]:
        first = start_checkout(user, plan="monthly")
        # The row is lost with a restored database; Stripe's session stays open.
        SubscriptionCheckout.objects.filter(pk=first.pk).update(status="expired")
        second = start_checkout(user, plan="yearly")
        pay_session(str(first.session_id))
        pay_session(str(second.session_id))
        settle()
        extra = Subscription.objects.get(user=user, is_extra=True)
        return Subscription.objects.get(user=user, is_extra=False), extra

    return paid_twice
