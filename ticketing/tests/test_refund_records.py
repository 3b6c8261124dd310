"""What Stripe says of refunds without being asked: failed ones, pending ones, those of its dashboard, in any order."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry
from conftest import post_webhook
from connect import gateway
from connect.models import StripeEvent
from connect.tasks import process_due_events
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from notifications.models import Message
from ticketing.errors import OrganizerNotWhole, RefundNeedsStaff
from ticketing.models import Order, OrganizerReceivable, Refund, Ticket
from ticketing.services import refund_sweeps
from ticketing.services.receivables import release_receivable
from ticketing.services.refund_failures import settle_refund
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def control(sandbox):
    def post(path, body):
        status, answer = sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status == 200, answer
        return answer

    return post


@pytest.fixture
def by_hand(control, settle):
    """Refund in Stripe's dashboard."""

    def refund(order, **flags):
        control(f"charges/{order.payments.get().charge_id}/refund", flags)
        settle()
        order.refresh_from_db()
        return Refund.objects.get(order=order)

    return refund


@pytest.mark.parametrize("restock", [True, False])
def test_a_refund_that_failed_gives_order_tickets_and_seats_back(
    restock, general, sell, organizer, control, settle
):
    order = sell((general, 2))
    refund = request_refund(order, actor=organizer, reason="Asked for", restock=restock)
    control(f"refunds/{refund.stripe_refund_id}", {"status": "failed", "failure_reason": "declined"})
    settle()
    order.refresh_from_db()
    refund.refresh_from_db()
    general.refresh_from_db()
    assert (refund.status, refund.needs_staff, refund.failure_reason) == ("failed", True, "declined")
    assert "$91.30 was taken from the organizer for it" in refund.staff_reason
    assert (order.status, order.refunded_amount) == ("paid", 0)
    assert (general.sold, general.capacity) == (2, 100)
    assert {ticket.status for ticket in order.tickets.all()} == {"valid"}
    assert {ticket.payment_status for ticket in order.tickets.all()} == {"paid"}
    assert balance(chart.platform(), currency="usd") == 10000 - 320
    with pytest.raises(RefundNeedsStaff):
        request_refund(order, actor=organizer, reason="Again")
    with pytest.raises(OrganizerNotWhole):
        settle_refund(refund, actor=organizer)
    assert AuditEntry.objects.filter(action="order.refund_failed").count() == 1


def test_a_refund_that_failed_after_its_seats_were_sold_leaves_the_tickets_cancelled(
    general, sell, organizer, control, settle
):
    type(general).objects.update(capacity=2)
    order = sell((general, 2))
    refund = request_refund(order, actor=organizer, reason="Asked for")
    sell((general, 2), email="quick@example.com")
    control(f"refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    refund.refresh_from_db()
    order.refresh_from_db()
    assert refund.status == "failed"
    assert "their seats are gone" in refund.staff_reason
    assert {ticket.status for ticket in order.tickets.all()} == {"cancelled"}
    assert order.refunded_amount == 0


def test_a_failed_refund_of_a_short_balance_is_owed_by_nobody(general, sell, organizer, control, settle):
    order = sell((general, 1))
    refund = request_refund(order, actor=organizer, reason="Kept", refund_application_fee=False)
    refund.receivable.refresh_from_db()
    assert refund.receivable.open_amount == 450
    control(f"refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    refund.receivable.refresh_from_db()
    assert refund.receivable.open_amount == 0
    assert refund_sweeps.recover_receivables() == 0


def test_a_failed_refund_of_a_late_payment_goes_to_staff(
    lose_hold, event, buy, pay, settle, control, organizer
):
    scarce = TicketTypeFactory(event=event, capacity=1)
    late = buy((scarce, 1))
    lose_hold(late.payment)
    pay(buy((scarce, 1), email="quick@example.com").payment.session_id)
    pay(late.payment.session_id)
    settle()
    refund = Refund.objects.get()
    assert (refund.origin, refund.status) == ("late_payment", "succeeded")
    control(f"refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    late.order.refresh_from_db()
    late.payment.refresh_from_db()
    assert (late.order.status, late.order.refunded_amount) == ("expired", 0)
    assert late.payment.status == "review"
    assert "The buyer has to be paid another way" in late.payment.review_reason
    assert verify_ledger().violations == []


def test_a_pending_refund_is_booked_when_it_succeeds(general, sell, organizer, control, settle, sandbox):
    order = sell((general, 1))
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 14 * 24 * 3600})
    control("platform", {"bank_debits": False})
    sandbox.control("POST", "/_sandbox/payouts", {"account": "platform"})
    settle()
    refund = request_refund(order, actor=organizer, reason="Asked for")
    order.refresh_from_db()
    assert (refund.status, order.status) == ("pending", "refunded")
    control(f"refunds/{refund.stripe_refund_id}", {"status": "succeeded"})
    settle()
    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert Message.objects.filter(kind="refund_confirmation").count() == 1
    assert verify_ledger().violations == []


def test_a_whole_refund_of_the_dashboard_with_both_flags_is_recorded(general, sell, by_hand):
    order = sell((general, 2))
    refund = by_hand(order, reverse_transfer=True, refund_application_fee=True)
    assert (refund.origin, refund.status, refund.needs_staff) == ("stripe", "succeeded", True)
    assert (refund.amount, refund.fee_amount) == (10000, 870)
    assert (order.status, order.refunded_amount) == ("refunded", 10000)
    assert {ticket.status for ticket in order.tickets.all()} == {"cancelled"}
    assert read_books(order) == Books(0, -320)


def test_the_dashboards_own_defaults_leave_a_receivable_for_staff_to_release(
    general, sell, by_hand, staff, organizer
):
    order = sell((general, 1))
    refund = by_hand(order, amount=2000)
    assert "release its receivable to take $18.20" in refund.staff_reason
    assert "No ticket was cancelled" in refund.staff_reason
    assert (order.status, Ticket.objects.get().status) == ("partly_refunded", "valid")
    receivable = OrganizerReceivable.objects.get()
    assert (receivable.amount, receivable.needs_staff) == (1820, True)
    assert refund_sweeps.recover_receivables() == 0
    assert read_books(order) == Books(4550, 275 - 2000, owed=1820)
    assert release_receivable(receivable, actor=staff).open_amount == 0
    assert read_books(order) == Books(4550 - 1820, 275 - 180)
    request_refund(order, actor=organizer, reason="The rest")
    order.refresh_from_db()
    assert order.status == "refunded"
    assert read_books(order) == Books(0, -175)


def test_a_refund_of_the_dashboard_whose_events_were_lost_is_found_by_the_sweep(
    general, sell, control, sandbox
):
    order = sell((general, 1))
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    flags = {"reverse_transfer": True, "refund_application_fee": True}
    control(f"charges/{order.payments.get().charge_id}/refund", flags)
    assert refund_sweeps.find_refunds() == 1
    assert refund_sweeps.find_refunds() == 0
    assert Refund.objects.get().origin == "stripe"


def test_the_events_of_two_refunds_may_come_in_any_order_and_twice(
    general, sell, organizer, sandbox, control
):
    """One of ours whose answer was lost, one of the dashboard; every order of their events from the same start."""
    order = sell((general, 3))
    charge_id = order.payments.get().charge_id
    caught = []
    sandbox.transport = lambda *sent: caught.append(sent) or 200
    lost = {"method": "POST", "path": "/v1/refunds", "effect": "timeout_after_success", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", lost)
    ours = request_refund(order, actor=organizer, reason="One", amount=1000)
    assert ours.status == "requested"
    control(f"charges/{charge_id}/refund", {"amount": 500})
    while sandbox.pump():
        pass
    about = [sent for sent in caught if b'"refund.created"' in sent[1] or b'"charge.refunded"' in sent[1]]
    assert len(about) == 4
    for way in permutations(about):
        start = transaction.savepoint()
        for sent in (*way, *way):
            assert post_webhook(*sent) == 200
            process_due_events()
        assert set(StripeEvent.objects.filter(type__contains="refund").values_list("status", flat=True)) == {
            "processed"
        }
        order.refresh_from_db()
        amounts = Refund.objects.order_by("amount").values_list("amount", "status", "origin")
        assert list(amounts) == [(500, "succeeded", "stripe"), (1000, "succeeded", "organizer")]
        assert (order.refunded_amount, order.status) == (1500, "partly_refunded")
        assert Message.objects.filter(kind="refund_confirmation").count() == 2
        transaction.savepoint_rollback(start)


def test_a_failure_that_is_heard_of_first_is_still_a_failure(general, sell, organizer, sandbox, control):
    order = sell((general, 1))
    caught = []
    sandbox.transport = lambda *sent: caught.append(sent) or 200
    refund = request_refund(order, actor=organizer, reason="Asked for")
    control(f"refunds/{refund.stripe_refund_id}", {"status": "failed"})
    while sandbox.pump():
        pass
    about = [sent for sent in caught if b'"type": "refund.' in sent[1] or b'"type":"refund.' in sent[1]]
    assert len(about) == 3
    for way in permutations(about):
        start = transaction.savepoint()
        for sent in way:
            assert post_webhook(*sent) == 200
            process_due_events()
        refund.refresh_from_db()
        order.refresh_from_db()
        assert (refund.status, order.status, order.refunded_amount) == ("failed", "paid", 0)
        assert AuditEntry.objects.filter(action="order.refund_failed").count() == 1
        transaction.savepoint_rollback(start)


def test_a_refund_that_failed_never_comes_back(general, sell, organizer, control, settle, monkeypatch):
    order = sell((general, 1))
    refund = request_refund(order, actor=organizer, reason="Asked for")
    control(f"refunds/{refund.stripe_refund_id}", {"status": "failed"})
    refund_sweeps.sync_refund(refund.stripe_refund_id)
    settle()
    refund_sweeps.find_refunds(now=timezone.now() + timedelta(hours=2))
    refund.refresh_from_db()
    order.refresh_from_db()
    assert (refund.status, order.status, order.refunded_amount) == ("failed", "paid", 0)


def test_a_refund_of_something_else_is_ignored(general, sell, sandbox, settle):
    session = gateway.create_checkout_session(
        {
            "mode": "payment",
            "success_url": "http://testserver/",
            "line_items": [
                {
                    "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "A mug"}},
                    "quantity": 1,
                }
            ],
        },
        idempotency_key="mug-1",
    )
    sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay", {"card": "4242424242424242"})
    intent = gateway.retrieve_session(session.id).payment_intent_id
    status, _ = sandbox.control("POST", f"/_sandbox/charges/{intent}/refund", {})
    assert status == 200
    settle()
    events = StripeEvent.objects.filter(type__in=["refund.created", "charge.refunded"])
    assert {event.status for event in events} == {"ignored"}
    assert not Order.objects.exists()
