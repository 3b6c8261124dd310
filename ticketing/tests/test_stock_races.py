"""Many buyers at once, in real threads on real connections: never one ticket too many, never one too few."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from connect.errors import StripeUnavailable
from maly.errors import MalyError
from notifications.models import Message
from ticketing.models import Order, Payment, Ticket, TicketType
from ticketing.services import checkout, fulfillment, holds
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Call `work(0…number-1)` in as many threads, all starting together; what each answers, or the error's code."""
    barrier = threading.Barrier(number)

    def run(index: int) -> Any:
        try:
            barrier.wait()
            return work(index)
        except MalyError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_64_buyers_of_a_free_ticket_get_exactly_20(event, buy):
    free = TicketTypeFactory(event=event, price_amount=0, capacity=20)
    answers = at_once(64, lambda n: buy((free, 1), email=f"{n}@example.com").order.status)
    assert Counter(answers) == {"paid": 20, "TICKET_SOLD_OUT": 44}
    free.refresh_from_db()
    free.event.refresh_from_db()
    assert (free.held, free.sold, free.event.sold, Ticket.objects.count()) == (0, 20, 20, 20)


def test_64_buyers_of_a_paid_ticket_hold_exactly_20(event, buy):
    scarce = TicketTypeFactory(event=event, capacity=20)
    answers = at_once(64, lambda n: buy((scarce, 1), email=f"{n}@example.com").order.status)
    assert Counter(answers) == {"awaiting_payment": 20, "TICKET_SOLD_OUT": 44}
    scarce.refresh_from_db()
    assert (scarce.held, scarce.sold) == (20, 0)
    assert Payment.objects.filter(status="open").count() == 20


def test_without_the_conditional_update_more_is_promised_than_there_is(event):
    """The control: look, then write, as one would without thinking. The same test must be able to fail."""
    scarce = TicketTypeFactory(event=event, capacity=20)
    looked = threading.Barrier(32)

    def look_then_write(_: int) -> bool:
        ticket_type = TicketType.objects.get(pk=scarce.pk)
        looked.wait()
        if ticket_type.available < 1:
            return False
        TicketType.objects.filter(pk=scarce.pk).update(held=ticket_type.held + 1)
        return True

    assert sum(at_once(32, look_then_write)) > 20


def test_the_events_own_capacity_binds_across_its_ticket_types(event, buy):
    event.capacity = 10
    event.save()
    types = [TicketTypeFactory(event=event, price_amount=0, capacity=10) for _ in range(2)]
    answers = at_once(24, lambda n: buy((types[n % 2], 1), email=f"{n}@example.com").order.status)
    assert Counter(answers) == {"paid": 10, "TICKET_SOLD_OUT": 14}
    event.refresh_from_db()
    assert event.sold == 10


def test_carts_in_opposite_order_never_deadlock(event, buy):
    first, second = (TicketTypeFactory(event=event, price_amount=0, capacity=100) for _ in range(2))
    carts = [((first, 1), (second, 1)), ((second, 1), (first, 1))]
    answers = at_once(24, lambda n: buy(*carts[n % 2], email=f"{n}@example.com").order.status)
    assert Counter(answers) == {"paid": 24}


def test_a_price_that_changes_while_people_buy_is_never_mixed_up(event, buy):
    moving = TicketTypeFactory(event=event, capacity=100)

    def act(number: int) -> Any:
        if number % 4 == 0:
            return TicketType.objects.filter(pk=moving.pk).update(price_amount=5000 + number * 100)
        return buy((moving, 1), email=f"{number}@example.com").order.pk

    at_once(24, act)
    for order in Order.objects.prefetch_related("lines"):
        line = order.lines.get()
        assert (
            order.total_amount == line.unit_total_amount == sum(each["paid"] for each in line.ticket_amounts)
        )


def test_one_session_settled_by_eight_at_once_is_one_set_of_tickets(general, buy, pay):
    start = buy((general, 3))
    pay(start.payment.session_id)
    answers = at_once(8, lambda _: fulfillment.settle_payment(start.payment.session_id).status)
    assert Counter(answers) == {"paid": 8}
    general.refresh_from_db()
    assert (general.held, general.sold, Ticket.objects.count()) == (0, 3, 3)
    assert Message.objects.filter(kind="ticket_confirmation").count() == 1
    assert AuditEntry.objects.filter(action="order.paid").count() == 1


def test_cancel_sweep_and_payment_at_once_agree_on_one_end(general, buy, pay):
    for number in range(4):
        start = buy((general, 1), email=f"{number}@example.com")
        session_id = start.payment.session_id

        def act(
            index: int,
            order: Order = start.order,
            payment_id: int = start.payment.pk,
            session_id: str = session_id,
        ) -> Any:
            if index == 0:
                return checkout.cancel_checkout(order).status
            if index == 1:
                return holds._expire(Payment.objects.get(pk=payment_id))
            return pay_or_not(pay, session_id)

        at_once(3, act)
        fulfillment.settle_payment(session_id)
    general.refresh_from_db()
    paid = Order.objects.filter(status="paid").count()
    assert (general.held, general.sold) == (0, paid)
    assert Ticket.objects.count() == paid


def test_sweeps_beside_each_other_close_every_hold_once(general, buy):
    for number in range(8):
        buy((general, 1), email=f"{number}@example.com")
    later = timezone.now() + timedelta(minutes=33)
    closed = at_once(4, lambda _: holds.expire_due_holds(now=later))
    general.refresh_from_db()
    assert (sum(closed), general.held) == (8, 0)
    assert set(Order.objects.values_list("status", flat=True)) == {"expired"}


def test_a_retry_and_a_sweep_at_once_never_make_two_sessions(general, buy, sandbox):
    fault = {"method": "POST", "path": "/v1/checkout/sessions", "effect": "error_500", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    with pytest.raises(StripeUnavailable):
        buy((general, 1))
    soon = timezone.now() + timedelta(seconds=40)

    def act(index: int) -> Any:
        return holds.resolve_requested_payments(now=soon) if index % 2 else buy((general, 1)).order.pk

    at_once(4, act)
    first = Order.objects.order_by("pk").first()
    assert first is not None
    assert first.payments.count() == 1
    held = sum(order.lines.get().quantity for order in Order.objects.filter(status="awaiting_payment"))
    general.refresh_from_db()
    assert general.held == held


def pay_or_not(pay: Any, session_id: str) -> Any:
    try:
        return pay(session_id)
    except AssertionError:
        return "closed"


def test_one_idempotency_key_at_the_same_moment_is_one_order(general, buy):
    answers = at_once(6, lambda _: buy((general, 1), idempotency=("user:1", "same")).order.code)
    codes = {answer for answer in answers if answer.startswith("M-")}
    assert len(codes) == 1
    assert Order.objects.count() == 1
    general.refresh_from_db()
    assert general.held == 1
