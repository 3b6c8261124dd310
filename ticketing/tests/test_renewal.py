"""Keep holding: a session is exchanged for a new one while the stock stays held."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connect.errors import StripeUnavailable
from maly.crash import install_hook
from ticketing.models import Order, Payment
from ticketing.services import holds
from ticketing.services.renewal import keep_holding

pytestmark = pytest.mark.django_db


@pytest.fixture
def nearly_up(general, buy):
    """An order whose session has five minutes left."""
    order = buy((general, 2)).order
    Payment.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    return order


def test_a_hold_that_is_nearly_up_is_renewed_and_its_stock_stays_held(nearly_up, general, pay, settle):
    assert keep_holding(nearly_up) > timezone.now() + timedelta(minutes=30)
    settle()  # Stripe's word that the first session has expired changes nothing
    general.refresh_from_db()
    assert general.held == 2
    first, second = Payment.objects.order_by("pk")
    assert (first.status, second.status) == ("expired", "open")
    nearly_up.refresh_from_db()
    assert nearly_up.hold_expires_at == second.expires_at
    pay(second.session_id)
    settle()
    nearly_up.refresh_from_db()
    assert (nearly_up.status, nearly_up.tickets.count()) == ("paid", 2)


def test_a_hold_with_time_left_is_left_alone(general, buy, sandbox):
    order = buy((general, 1)).order
    keep_holding(order)
    assert Payment.objects.count() == 1


def test_a_hold_is_renewed_so_often_and_no_more(nearly_up):
    for _ in range(4):
        keep_holding(nearly_up)
        Payment.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    assert Payment.objects.count() == 3


def test_an_order_that_was_paid_meanwhile_is_settled(nearly_up, pay):
    pay(Payment.objects.get().session_id)
    assert keep_holding(nearly_up) is None
    assert Order.objects.get().status == "paid"


def test_a_refusing_stripe_changes_nothing(nearly_up, general, sandbox):
    path = f"/v1/checkout/sessions/{Payment.objects.get().session_id}/expire"
    sandbox.control("POST", "/_sandbox/faults", {"path": path, "effect": "error_500", "times": 9})
    with pytest.raises(StripeUnavailable):
        keep_holding(nearly_up)
    general.refresh_from_db()
    assert (general.held, Payment.objects.get().status) == (2, "open")


@pytest.mark.parametrize("point", ["renew.expired_at_stripe", "renew.payment_closed"])
def test_a_process_that_dies_in_between_leaves_nothing_held_for_ever(nearly_up, general, settle, point):
    def die(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    install_hook(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            keep_holding(nearly_up)
    finally:
        install_hook(None)
    settle()
    holds.expire_due_holds(now=timezone.now() + timedelta(minutes=40))
    general.refresh_from_db()
    assert (general.held, Order.objects.get().status) == (0, "expired")
