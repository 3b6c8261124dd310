"""What becomes of a purchase when Stripe fails, is slow, or says nothing: one session at most, and no stock lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connect.errors import StripeUnavailable
from maly import crash
from ticketing.errors import PaymentFailed, ReservationExpired
from ticketing.models import Order, Payment
from ticketing.services import checkout, holds, sessions

pytestmark = pytest.mark.django_db
CREATE = "/v1/checkout/sessions"


@pytest.fixture
def fault(sandbox, settings):
    """Plan a fault that outlasts the tries of one call: two where the connection is dropped or Stripe is busy."""
    settings.STRIPE_TIMEOUT_SECONDS = 0.3

    def plan(effect, *, path=CREATE, times=None, method="POST", **more):
        times = times or (2 if effect in ("drop_connection", "error_429") else 1)
        body = {"method": method, "path": path, "effect": effect, "times": times, **more}
        status, answer = sandbox.control("POST", "/_sandbox/faults", body)
        assert status in (200, 201), answer

    yield plan
    sandbox.control("DELETE", "/_sandbox/faults", None)


@pytest.fixture
def meanwhile():
    """Let something happen once, at a crash point of the code under test."""

    def plan(point, act):
        def hook(name):
            if name == point:
                crash.install_hook(None)
                act()

        crash.install_hook(hook)

    yield plan
    crash.install_hook(None)


@pytest.fixture
def created(sandbox):
    """The requests that asked Stripe for a session, as it received them."""

    def requests():
        _, log = sandbox.control("GET", f"/_sandbox/requests?path={CREATE}", None)
        entries = log["requests"] if isinstance(log, dict) else log
        return [each for each in entries if each["method"] == "POST" and each["path"] == CREATE]

    return requests


def stock_of(ticket_type):
    ticket_type.refresh_from_db()
    ticket_type.event.refresh_from_db()
    assert (ticket_type.event.held, ticket_type.event.sold) == (ticket_type.held, ticket_type.sold)
    return ticket_type.held, ticket_type.sold


def later(**delta):
    return timezone.now() + timedelta(**delta)


UNKNOWN = ["error_500", "drop_connection", "timeout", "timeout_after_success"]


@pytest.mark.parametrize("effect", UNKNOWN)
def test_an_unknown_outcome_keeps_hold_and_payment(effect, general, buy, fault):
    fault(effect)
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    assert stock_of(general) == (2, 0)
    assert Order.objects.get().status == Order.Status.AWAITING_PAYMENT
    assert Payment.objects.get().status == Payment.Status.REQUESTED


@pytest.mark.parametrize("effect", UNKNOWN)
def test_the_clients_retry_gets_that_one_session(effect, general, buy, fault, created, sandbox):
    fault(effect)
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    start = buy((general, 2))
    payment = Payment.objects.get()
    assert start.payment == payment
    assert payment.status == Payment.Status.OPEN
    assert {each["headers"]["idempotency_key"] for each in created()} == {payment.idempotency_key}
    assert stock_of(general) == (2, 0)


def test_the_retry_of_somebody_else_is_another_order(general, buy, fault):
    fault("error_500")
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    other = buy((general, 2), email="else@example.com")
    more = buy((general, 1))
    assert Order.objects.count() == 3
    assert {other.order.email, more.order.email} == {"else@example.com", "ada@example.com"}


def test_an_order_that_is_being_paid_is_never_given_to_a_second_caller(general, buy):
    first, second = buy((general, 1)), buy((general, 1))
    assert first.order != second.order


def test_while_the_call_is_under_way_nobody_repeats_it(general, buy, fault):
    fault("error_500")
    with pytest.raises(StripeUnavailable):
        buy((general, 1))
    Payment.objects.update(lease_until=later(seconds=20))
    assert holds.resolve_requested_payments(now=later(seconds=45)) == 0
    buy((general, 1))
    assert Order.objects.count() == 2


@pytest.mark.parametrize("effect", UNKNOWN)
def test_without_a_retry_a_sweep_expires_the_session_and_frees_the_hold(effect, general, buy, fault):
    fault(effect)
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    assert holds.resolve_requested_payments() == 0, "the client may still retry"
    assert holds.resolve_requested_payments(now=later(seconds=31)) == 1
    assert stock_of(general) == (0, 0)
    order, payment = Order.objects.get(), Payment.objects.get()
    assert (order.status, payment.status) == (Order.Status.EXPIRED, Payment.Status.EXPIRED)
    assert holds.resolve_requested_payments(now=later(seconds=31)) == 0


def test_a_call_older_than_90_seconds_is_given_up(general, buy, fault, created):
    fault("error_500")
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    calls = len(created())
    assert holds.resolve_requested_payments(now=later(seconds=91)) == 1
    assert len(created()) == calls
    assert stock_of(general) == (0, 0)
    assert Payment.objects.get().status == Payment.Status.FAILED


def test_the_sweep_waits_while_stripe_stays_away(general, buy, fault):
    fault("error_500", times=10)
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    assert holds.resolve_requested_payments(now=later(seconds=31)) == 0
    assert stock_of(general) == (2, 0)


def test_a_definite_refusal_frees_the_hold_at_once(general, buy, event, sandbox):
    account = event.organization.connected_accounts.get()
    sandbox.control(
        "POST", f"/_sandbox/accounts/{account.stripe_account_id}", {"capabilities": {"transfers": "inactive"}}
    )
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    assert stock_of(general) == (0, 0)
    order = Order.objects.get()
    assert (order.status, order.payments.get().status) == (Order.Status.EXPIRED, Payment.Status.FAILED)


def test_a_busy_stripe_is_a_definite_refusal_too(general, buy, fault):
    fault("error_429")
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    assert stock_of(general) == (0, 0)


def test_one_hiccup_is_nothing_that_a_buyer_notices(general, buy, fault):
    fault("error_429", times=1)
    assert buy((general, 2)).url


def test_a_busy_stripe_at_the_repeat_says_nothing_of_the_first_call(general, buy, fault):
    fault("timeout_after_success")
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    fault("error_429")
    with pytest.raises(StripeUnavailable):
        buy((general, 2))
    assert stock_of(general) == (2, 0)
    assert buy((general, 2)).order == Order.objects.get()


def test_a_session_of_another_amount_than_asked_for_goes_to_staff(general, buy, meanwhile):
    meanwhile("checkout.session_created", lambda: Payment.objects.update(amount=9900))
    with pytest.raises(PaymentFailed):
        buy((general, 2))
    payment = Payment.objects.get()
    assert payment.status == Payment.Status.REVIEW
    assert "amount: Stripe 10000, ours 9900" in payment.review_reason
    assert holds.expire_due_holds(now=later(hours=2)) == 0
    assert holds.resolve_requested_payments(now=later(hours=2)) == 0
    assert stock_of(general) == (2, 0)
    with pytest.raises(PaymentFailed):
        checkout.resume_checkout(payment.order)
    assert checkout.cancel_checkout(payment.order).status == Order.Status.AWAITING_PAYMENT
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("effect", ["error_500", "timeout_after_success", "drop_connection"])
def test_a_hold_is_kept_until_stripe_has_said_that_its_session_is_closed(effect, general, buy, fault):
    buy((general, 2))
    fault(effect, path=f"{CREATE}/")
    assert holds.expire_due_holds(now=later(minutes=33)) == 0
    assert stock_of(general) == (2, 0)
    Payment.objects.update(lease_until=None)
    assert holds.expire_due_holds(now=later(minutes=33)) == 1
    assert stock_of(general) == (0, 0)


def test_a_failed_cancel_changes_nothing(general, buy, fault):
    start = buy((general, 2))
    fault("error_500", path=f"{CREATE}/")
    with pytest.raises(StripeUnavailable):
        checkout.cancel_checkout(start.order)
    assert stock_of(general) == (2, 0)
    assert checkout.cancel_checkout(start.order).status == Order.Status.CANCELLED
    assert stock_of(general) == (0, 0)


def test_a_session_that_comes_after_its_order_was_closed_is_expired(general, buy, sandbox, meanwhile):
    meanwhile(
        "checkout.session_created", lambda: sessions.fail_request(Payment.objects.get(), code="no_answer")
    )
    with pytest.raises(ReservationExpired):
        buy((general, 2))
    assert stock_of(general) == (0, 0)
    session_id = Payment.objects.get().session_id
    status, _ = sandbox.control("POST", f"/_sandbox/checkout/{session_id}/pay", {"card": "4242424242424242"})
    assert status == 409
