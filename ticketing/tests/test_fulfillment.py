"""Sessions that end otherwise than paid by card at once: delayed methods, and answers that should never be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from connect import gateway
from connect.stripe_objects import PaymentIntent, Session
from ticketing.models import Order, Payment, Refund
from ticketing.services import charges, holds, refund_sweeps
from ticketing.services.fulfillment import apply_session, note_decline, settle_payment
from ticketing.services.session_sweeps import find_paid_sessions
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def start(general, buy):
    return buy((general, 2))


def session_of(start, *, intent_status=None, **fields):
    """The session of an order as Stripe would answer it; with an intent once a payment was begun."""
    payment = start.payment
    intent = PaymentIntent(
        id="pi_1",
        amount=payment.amount,
        currency="usd",
        status=intent_status or "processing",
        application_fee_amount=payment.application_fee_amount,
        destination=payment.destination,
        customer_id=None,
        charge=None,
    )
    base = {
        "id": payment.session_id,
        "url": payment.session_url,
        "status": "complete",
        "payment_status": "unpaid",
        "amount_total": payment.amount,
        "currency": "usd",
        "expires_at": payment.expires_at,
        "client_reference_id": start.order.code,
        "metadata": {},
        "payment_intent_id": "pi_1",
        "payment_intent": intent if intent_status else None,
    }
    return Session(**base | fields)


def end_of(start, general):
    order, payment = Order.objects.get(), Payment.objects.get()
    general.refresh_from_db()
    return order.status, order.problem, payment.status, general.held, general.sold


def test_a_delayed_method_keeps_its_hold_until_the_result(start, general):
    apply_session(session_of(start, intent_status="processing"), actor_kind="webhook")
    assert end_of(start, general) == ("awaiting_payment", "", "open", 2, 0)
    order = Order.objects.get()
    assert order.hold_expires_at > start.payment.expires_at - timedelta(minutes=5)
    assert Payment.objects.get().payment_intent_id == "pi_1"


def test_a_delayed_method_that_fails_frees_the_hold(start, general):
    failed = session_of(start, intent_status="requires_payment_method")
    for _ in range(2):
        apply_session(failed, actor_kind="webhook")
    assert end_of(start, general) == ("expired", "PAYMENT_FAILED", "failed", 0, 0)


@pytest.mark.broken_books("a session whose charge nobody knows is made up")
def test_a_delayed_method_that_succeeds_pays_the_order(start, general):
    apply_session(session_of(start, intent_status="processing"), actor_kind="webhook")
    paid = session_of(start, intent_status="succeeded", payment_status="paid")
    apply_session(paid, actor_kind="webhook")
    assert end_of(start, general) == ("paid", "", "succeeded", 0, 2)


def test_a_payment_without_its_intent_goes_to_staff(start, general):
    apply_session(session_of(start, payment_status="paid"), actor_kind="webhook")
    assert end_of(start, general) == ("awaiting_payment", "", "review", 2, 0)


def test_a_session_of_another_orders_code_never_pays_this_one(start, general):
    paid = session_of(
        start, intent_status="succeeded", payment_status="paid", client_reference_id="M-0000000"
    )
    apply_session(paid, actor_kind="webhook")
    assert end_of(start, general)[2] == "review"


def test_a_session_that_names_nothing_of_ours_is_none(start):
    unknown = session_of(start, id="cs_other", client_reference_id="M-0000000")
    assert apply_session(unknown, actor_kind="webhook") is None
    assert (
        apply_session(session_of(start, id="cs_other", client_reference_id=None), actor_kind="webhook")
        is None
    )


def test_a_decline_of_no_waiting_order_is_nothing(start, pay, settle):
    assert not note_decline("", failure_code="x")
    assert not note_decline("M-0000000", failure_code="x")
    pay(start.payment.session_id)
    settle()
    assert not note_decline(start.order.code, failure_code="x")


def test_a_lost_charge_event_is_made_up_by_the_sweep(start, pay, sandbox):
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    pay(start.payment.session_id)
    settle_payment(start.payment.session_id)
    payment = Payment.objects.get()
    assert (payment.status, payment.stripe_fee_amount, payment.transfer_id) == ("succeeded", None, "")
    sandbox.pump()
    assert charges.record_missing_charge_money() == 0, "Stripe has two minutes"
    assert charges.record_missing_charge_money(now=timezone.now() + timedelta(minutes=3)) == 1
    payment.refresh_from_db()
    assert payment.stripe_fee_amount == 320
    assert payment.transfer_id.startswith("tr_")
    assert charges.record_missing_charge_money(now=timezone.now() + timedelta(minutes=3)) == 0
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "normal"})


@pytest.mark.parametrize("amount", [10000, 9999])
def test_paid_without_its_charge_the_sweep_asks_for_it_and_books_it(amount, start, pay, sandbox):
    """A session whose charge wasn't expanded, and whose other events are lost: as asked for, and put aside."""
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    Payment.objects.update(amount=amount)
    pay(start.payment.session_id)
    session = gateway.retrieve_session(start.payment.session_id)
    bare = replace(session, payment_intent=replace(session.payment_intent, charge=None))
    apply_session(bare, actor_kind="webhook")
    sandbox.pump()
    later = timezone.now() + timedelta(minutes=6)
    find_paid_sessions(now=later)
    charges.record_missing_charge_money(now=later)
    payment = Payment.objects.get()
    assert (payment.charge_id is not None, payment.stripe_fee_amount) == (True, 320)
    assert read_books(start.order) == Books(9130, 550)
    assert (find_paid_sessions(now=later), charges.record_missing_charge_money(now=later)) == (0, 0)


def test_put_aside_before_it_was_paid_the_sweep_learns_of_the_money(start, pay, sandbox):
    Payment.objects.update(amount=9999, status="review", review_reason="amount")
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    pay(start.payment.session_id)
    sandbox.pump()
    find_paid_sessions(now=timezone.now() + timedelta(minutes=6))
    charges.record_missing_charge_money(now=timezone.now() + timedelta(minutes=6))
    assert read_books(start.order) == Books(9130, 550)


def test_lost_events_of_a_paid_session_are_made_up_by_the_hold_sweep(start, pay, general):
    pay(start.payment.session_id)
    assert holds.expire_due_holds(now=timezone.now() + timedelta(minutes=33)) == 0
    assert end_of(start, general) == ("paid", "", "succeeded", 0, 2)


@pytest.fixture
def late(event, buy, pay, lose_hold, sandbox):
    """A late payment for what is gone, whose refund got no answer."""
    scarce = TicketTypeFactory(event=event, capacity=1)
    first = buy((scarce, 1))
    lose_hold(first.payment)
    pay(buy((scarce, 1), email="quick@example.com").payment.session_id)
    pay(first.payment.session_id)
    sandbox.pump()
    fault = {"method": "POST", "path": "/v1/refunds", "effect": "error_500", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    settle_payment(first.payment.session_id)
    payment = Payment.objects.get(pk=first.payment.pk)
    refund = Refund.objects.get(payment=payment)
    assert (payment.status, refund.status, refund.stripe_refund_id) == ("succeeded", "requested", None)
    return refund


def test_a_refund_without_an_answer_is_repeated_under_its_key(late, sandbox):
    soon = timezone.now() + timedelta(seconds=31)
    assert refund_sweeps.resolve_refunds(now=soon) == 1
    assert refund_sweeps.resolve_refunds(now=soon) == 0
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/refunds", None)
    asked = [each for each in log if each["method"] == "POST"]
    assert {each["headers"]["idempotency_key"] for each in asked} == {late.idempotency_key}
    assert Order.objects.get(pk=late.order_id).status == "refunded"


def test_a_refund_older_than_its_key_is_looked_up_before_it_is_asked_for_again(late, sandbox):
    Refund.objects.update(created_at=timezone.now() - timedelta(hours=23, minutes=1))
    assert refund_sweeps.resolve_refunds() == 1
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/refunds", None)
    assert [each["method"] for each in log if each["path"] == "/v1/refunds"] == ["POST", "GET", "POST"]
    assert Order.objects.get(pk=late.order_id).status == "refunded"
