"""Orders of a cancelled event that can't go on by themselves: the bank's to decide, or staff's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect import dispute_calls
from ticketing.errors import RefundNeedsStaff
from ticketing.models import CancelledOrder, EventCancellation, Order, Payment, Refund
from ticketing.selectors.cancellations import find_progress
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event, settle_by_staff, try_again
from ticketing.services.disputes import apply_dispute
from ticketing.services.paid_otherwise import pay_buyer_otherwise
from ticketing.services.refund_sweeps import resolve_refunds
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.wording import news_of_cancelled

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=11)


@pytest.fixture
def order(general, sell):
    return sell((general, 1))


@pytest.fixture
def stripe(sandbox):
    """A call to the sandbox's control."""

    def control(path, body):
        status, answer = sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status == 200, answer
        return answer

    return control


def charge_of(order):
    return order.payments.get(status="succeeded").charge_id


def test_a_disputed_order_is_left_to_the_bank_and_refunded_if_it_is_won(
    event, order, organizer, stripe, settle
):
    dispute = stripe(f"charges/{charge_of(order)}/dispute", {"reason": "fraudulent"})
    settle()
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    row = CancelledOrder.objects.get()
    assert (row.state, EventCancellation.objects.get().state) == ("disputed", "done")
    assert "bank" in row.error
    assert find_progress(event).disputed == 1
    work_off_cancellations(now=timezone.now() + SOON)
    row.refresh_from_db()
    assert (row.state, Refund.objects.count()) == ("disputed", 0)
    stripe(f"disputes/{dispute['id']}", {"outcome": "won"})
    settle()
    work_off_cancellations(now=timezone.now() + 2 * SOON)
    settle()
    row.refresh_from_db()
    order.refresh_from_db()
    assert (row.state, row.amount, order.status) == ("refunded", 5000, "refunded")
    assert read_books(order).organizer == 0


def test_a_dispute_that_is_lost_leaves_nothing_to_refund(event, order, organizer, stripe, settle):
    dispute = stripe(f"charges/{charge_of(order)}/dispute", {"reason": "fraudulent"})
    settle()
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    stripe(f"disputes/{dispute['id']}", {"outcome": "lost"})
    settle()
    work_off_cancellations(now=timezone.now() + SOON)
    row = CancelledOrder.objects.get()
    assert (row.state, row.error) == ("nothing_to_refund", "The buyer's bank gave the money back.")
    assert Refund.objects.count() == 0


def test_a_refund_that_stripe_refuses_needs_staff_who_try_again(
    event, order, organizer, staff, stripe, settle
):
    # Stripe knows of the dispute, and we don't yet: no event has been delivered.
    dispute = stripe(f"charges/{charge_of(order)}/dispute", {"reason": "fraudulent"})
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    row = CancelledOrder.objects.get()
    assert (row.state, EventCancellation.objects.get().state) == ("needs_staff", "needs_staff")
    assert row.error.startswith("Stripe refused the refund")
    assert find_progress(event).needs_staff == [(order.code, row.error)]
    stripe(f"disputes/{dispute['id']}", {"outcome": "won"})
    settle()
    assert try_again(row, actor=staff) is True
    assert try_again(row, actor=staff) is False
    work_off_cancellations()
    settle()
    row.refresh_from_db()
    assert (row.state, row.refund.status, row.amount) == ("refunded", "succeeded", 5000)
    assert EventCancellation.objects.get().state == "done"
    assert AuditEntry.objects.get(action="order.cancellation_tried_again").actor == staff
    assert Refund.objects.filter(status="succeeded").count() == 1
    read_books(order)


def test_once_the_dispute_is_known_what_was_refused_is_left_to_the_bank(
    event, order, organizer, stripe, settle
):
    stripe(f"charges/{charge_of(order)}/dispute", {"reason": "fraudulent"})
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    settle()
    work_off_cancellations(now=timezone.now() + SOON)
    assert CancelledOrder.objects.get().state == "disputed"
    assert EventCancellation.objects.get().state == "done"


def test_staff_may_give_the_fee_back_where_they_try_again(event, order, organizer, staff, stripe, settle):
    dispute = stripe(f"charges/{charge_of(order)}/dispute", {"reason": "fraudulent"})
    cancel_event(event, actor=organizer, gives_fee_back=False)
    work_off_cancellations()
    stripe(f"disputes/{dispute['id']}", {"outcome": "won"})
    settle()
    try_again(CancelledOrder.objects.get(), actor=staff, gives_fee_back=True)
    work_off_cancellations()
    assert Refund.objects.get(status="succeeded").fee_amount == 450


def test_a_refund_that_the_bank_sends_back_needs_staff(event, order, organizer, staff, stripe, settle):
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    refund = Refund.objects.get()
    stripe(
        f"refunds/{refund.stripe_refund_id}",
        {"status": "failed", "failure_reason": "expired_or_canceled_card"},
    )
    settle()
    work_off_cancellations()
    row = CancelledOrder.objects.get()
    assert (row.state, row.amount) == ("needs_staff", 5000)
    assert "came back" in row.error
    assert try_again(row, actor=staff)
    work_off_cancellations()
    row.refresh_from_db()
    assert row.state == "needs_staff"  # the failed refund isn't settled yet
    with pytest.raises(RefundNeedsStaff, match="Say on that refund"):
        settle_by_staff(row, actor=staff)
    pay_buyer_otherwise(refund, actor=staff, reason="In cash")
    assert settle_by_staff(row, actor=staff) is True
    assert settle_by_staff(row, actor=staff) is False
    work_off_cancellations()
    row.refresh_from_db()
    assert (row.state, EventCancellation.objects.get().state) == ("nothing_to_refund", "done")
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("tries_again", [False, True])
def test_a_buyer_who_was_paid_past_stripe_needs_nobody_any_more(
    tries_again, event, order, organizer, staff, stripe, settle
):
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    refund = Refund.objects.get()
    stripe(f"refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    work_off_cancellations()
    row = CancelledOrder.objects.get()
    if tries_again:
        try_again(row, actor=staff)
        work_off_cancellations()
    refund.refresh_from_db()
    pay_buyer_otherwise(refund, actor=staff, reason="By a transfer of our bank")
    work_off_cancellations(now=timezone.now() + SOON)
    row.refresh_from_db()
    order.refresh_from_db()
    assert (row.state, row.amount) == ("nothing_to_refund", 0)
    assert "another way" in news_of_cancelled(order, row)
    assert (order.status, EventCancellation.objects.get().state) == ("refunded", "done")
    read_books(order)


@pytest.mark.parametrize("status", ["lost", "prevented"])
def test_a_bank_that_gave_the_money_back_is_not_waited_for(status, event, order, organizer, stripe, settle):
    """Whichever way: a dispute that was prevented has given the buyer the money too."""
    made = stripe(f"charges/{charge_of(order)}/dispute", {"reason": "fraudulent"})
    settle()
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    apply_dispute(replace(dispute_calls.retrieve_dispute(made["id"]), status=status))
    work_off_cancellations(now=timezone.now() + SOON)
    row = CancelledOrder.objects.get()
    assert (row.state, row.error) == ("nothing_to_refund", "The buyer's bank gave the money back.")


def test_what_staff_refund_by_hand_is_seen(event, order, organizer, staff, stripe, settle):
    dispute = stripe(f"charges/{charge_of(order)}/dispute", {"reason": "fraudulent"})
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    stripe(f"disputes/{dispute['id']}", {"outcome": "won"})
    settle()
    request_refund(Order.objects.get(), actor=staff, reason="By hand", origin=Refund.Origin.STAFF)
    work_off_cancellations(now=timezone.now() + SOON)
    row = CancelledOrder.objects.get()
    assert (row.state, row.amount) == ("nothing_to_refund", 0)
    assert EventCancellation.objects.get().state == "done"


def test_an_order_waits_while_another_refund_of_it_is_under_way(
    event, general, sell, organizer, sandbox, settle
):
    order = sell((general, 2))
    fault = {"method": "POST", "path": "/v1/refunds", "effect": "error_500", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    code = order.tickets.first().code
    first = request_refund(order, actor=organizer, tickets=[code], reason="Asked for")
    assert first.status == "requested"
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    row = CancelledOrder.objects.get()
    assert (row.state, row.attempts, row.lease_until) == ("waiting", 1, None)
    assert row.due_at > timezone.now()
    resolve_refunds(now=timezone.now() + timedelta(minutes=1))
    work_off_cancellations(now=timezone.now() + timedelta(minutes=1))
    settle()
    row.refresh_from_db()
    assert (row.state, row.amount, row.error) == ("refunded", 5000, "")
    order.refresh_from_db()
    assert (order.status, order.refunded_amount) == ("refunded", 10000)
    assert read_books(order) == Books(0, -320)


def test_a_payment_that_isnt_what_was_asked_for_is_left_to_staff(event, general, buy, organizer):
    start = buy((general, 1))
    Payment.objects.filter(pk=start.payment.pk).update(
        status="review", review_reason="amount: Stripe 1, ours 2"
    )
    cancel_event(event, actor=organizer)
    work_off_cancellations()
    row = CancelledOrder.objects.get()
    assert (row.state, "look at it" in row.error) == ("needs_staff", True)


def test_an_order_that_nobody_understands_doesnt_stop_the_others(
    event, general, sell, organizer, monkeypatch
):
    broken = sell((general, 1))
    sell((general, 1), email="ben@example.com")
    Order.objects.filter(pk=broken.pk).update(fee_terms=[])  # what no code of ours writes
    cancel_event(event, actor=organizer)
    now = timezone.now()
    for hours in range(10):
        work_off_cancellations(now=now + timedelta(hours=hours))
    rows = dict(CancelledOrder.objects.values_list("order__email", "state"))
    assert rows == {"ada@example.com": "needs_staff", "ben@example.com": "refunded"}
    # Its organizer reads that too: what went wrong is in our logs only.
    assert CancelledOrder.objects.get(state="needs_staff").error == "It failed 8 times: AttributeError."
