"""Several workers at a cancelled event's job, and buyers who pay meanwhile, in real threads: each refunded once."""

import threading
import time
from collections import Counter

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connect.tasks import process_due_events
from maly.errors import MalyError
from notifications.models import Message
from ticketing.models import CancelledOrder, EventCancellation, Order, Refund
from ticketing.services.cancellation_orders import add_late_order, claim_order, collect_orders, decide_order
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event
from ticketing.services.fulfillment import settle_payment
from ticketing.services.orders import lock_order
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def finish(settle):
    for _ in range(3):
        settle()
        CancelledOrder.objects.filter(state="waiting").update(due_at="2000-01-01T00:00Z", lease_until=None)
        work_off_cancellations()
    settle()
    assert EventCancellation.objects.get().state == "done"


def test_four_workers_refund_twelve_orders_once_each(event, general, sell, organizer, settle):
    orders = [sell((general, 1), email=f"{index}@example.com") for index in range(12)]
    cancel_event(event, actor=organizer)
    taken = at_once(4, lambda _: work_off_cancellations())
    assert sum(taken) == 12
    settle()
    assert EventCancellation.objects.get().state == "done"
    assert Counter(Refund.objects.values_list("status", flat=True)) == {"succeeded": 12}
    assert Message.objects.filter(kind="event_cancelled").count() == 12
    assert read_books(orders[0]) == Books(0, -12 * 175)


def test_cancelled_by_eight_at_once_it_is_cancelled_once(event, general, sell, organizer, settle):
    order = sell((general, 1))
    at_once(8, lambda _: cancel_event(event, actor=organizer).status)
    at_once(8, lambda _: collect_orders(EventCancellation.objects.get().pk))
    assert CancelledOrder.objects.count() == 1
    finish(settle)
    assert read_books(order) == Books(0, -175)


def test_buyers_who_pay_while_it_is_cancelled_get_everything_back(
    event, general, buy, pay, organizer, settle
):
    starts = [buy((general, 1), email=f"{index}@example.com") for index in range(8)]
    for start in starts:
        pay(start.payment.session_id)

    def work(index):
        if index < 8:
            return settle_payment(starts[index].payment.session_id).status
        if index == 8:
            return cancel_event(event, actor=organizer).status
        work_off_cancellations()
        return process_due_events()

    at_once(12, work)
    finish(settle)
    assert set(Order.objects.values_list("status", "refunded_amount")) == {("refunded", 5000)}
    assert Counter(Refund.objects.values_list("order", flat=True)) == {start.order.pk: 1 for start in starts}
    told = Message.objects.filter(kind__in=["event_cancelled", "refund_confirmation"])
    assert Counter(told.values_list("to", flat=True)) == {f"{index}@example.com": 1 for index in range(8)}
    event.refresh_from_db()
    assert (event.sold, event.held) == (0, 0)
    assert read_books(starts[0].order) == Books(0, -8 * 175)


def test_nobody_slips_in_while_it_is_cancelled(event, buy, organizer, settle):
    free = TicketTypeFactory(event=event, price_amount=0, capacity=50)

    def work(index):
        if index == 7:
            return cancel_event(event, actor=organizer).status
        return buy((free, 1), email=f"{index}@example.com").order.status

    at_once(15, work)
    finish(settle)
    assert set(Order.objects.values_list("status", flat=True)) <= {"refunded"}
    assert CancelledOrder.objects.count() == Order.objects.count()


def test_an_organizer_who_refunds_by_hand_meanwhile_doesnt_refund_twice(
    event, general, sell, organizer, settle
):
    orders = [sell((general, 1), email=f"{index}@example.com") for index in range(4)]
    cancel_event(event, actor=organizer)

    def work(index):
        if index >= 4:
            return work_off_cancellations()
        for _ in range(50):
            try:
                return request_refund(orders[index], actor=organizer, reason="By hand").status
            except MalyError as error:
                if error.code != "REFUND_UNDER_WAY":
                    return error.code
        return "REFUND_UNDER_WAY"

    at_once(6, work)
    finish(settle)
    assert Refund.objects.filter(status="succeeded").count() == 4
    told = Message.objects.filter(kind__in=["event_cancelled", "refund_confirmation"])
    assert Counter(told.values_list("to", flat=True)) == {f"{index}@example.com": 1 for index in range(4)}
    assert read_books(orders[0]) == Books(0, -4 * 175)


def wait_for_a_waiting_lock():
    """Until another connection of this database waits for a lock."""
    ends_at = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < ends_at:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept for the transaction otherwise
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waits.")


def test_collecting_waits_for_an_order_that_is_being_changed_and_never_the_other_way_round(
    event, buy, organizer, general
):
    order = buy((general, 1)).order
    cancellation = EventCancellation.objects.create(event=event, actor=organizer)
    is_locked = threading.Event()

    def work(index):
        if index:
            assert is_locked.wait(20)
            return collect_orders(cancellation.pk)
        with transaction.atomic():
            locked = lock_order(order.pk)
            is_locked.set()
            wait_for_a_waiting_lock()
            add_late_order(locked)
        return 0

    at_once(2, work)
    assert CancelledOrder.objects.get().order == order


def test_a_worker_whose_lease_has_lapsed_says_nothing_any_more(event, sell, general, organizer):
    sell((general, 1))
    cancel_event(event, actor=organizer)
    now = timezone.now()
    slow = claim_order(now)
    assert claim_order(now) is None
    fast = claim_order(now + 2 * (slow.lease_until - now))
    decide_order(slow, CancelledOrder.State.NEEDS_STAFF, error="Too late")
    row = CancelledOrder.objects.get()
    assert (row.state, row.error, row.attempts) == ("waiting", "", 2)
    decide_order(fast, CancelledOrder.State.CLOSED)
    row.refresh_from_db()
    assert (row.state, row.lease_until) == ("closed", None)
