"""The proof: 16 threads at one order, order after order, in every way to refund; never a cent too much.

`make test` plays 40 orders; MALY_REFUND_ORDERS=200 plays as many.
"""

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from connect import gateway
from maly.errors import MalyError
from ticketing.models import Order, RefundTicket, Ticket
from ticketing.services import charges
from ticketing.services.fulfillment import settle_payment
from ticketing.services.refund_sweeps import resolve_refunds
from ticketing.services.refunds import request_refund
from ticketing.tests.books import read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16
ORDERS = int(os.environ.get("MALY_REFUND_ORDERS", "40"))
AGAIN = 4
REFUSALS = {"REFUND_UNDER_WAY", "REFUND_TOO_LARGE", "NOTHING_TO_REFUND", "TICKET_ALREADY_REFUNDED"}


def wish_of(number, thread, codes):
    """What a thread asks of an order: five kinds of orders, so that each way meets itself and every other."""
    by_ticket = {"tickets": [codes[thread % len(codes)]]}
    by_amount = {"amount": 700 + 100 * thread}
    return [
        {},
        by_amount,
        by_ticket,
        ({}, by_amount, by_ticket, by_ticket | {"refund_application_fee": False})[thread % 4],
        (by_amount, by_ticket)[thread % 2] | {"refund_application_fee": thread % 3 == 0},
    ][number % 5]


def ask(order, organizer, wish):
    for _ in range(AGAIN):
        try:
            request_refund(order, actor=organizer, reason="At once", **wish)
        except MalyError as error:
            answer = error.code
            if answer != "REFUND_UNDER_WAY":
                return answer
        else:
            return "done"
    return answer


@pytest.fixture
def orders(event, buy, pay, sandbox):
    """Paid orders of two prices, three tickets each, made as cheaply as they can be: nobody tells us anything."""
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    types = [
        TicketTypeFactory(event=event, price_amount=price, capacity=2 * ORDERS) for price in (5000, 2000)
    ]
    for number in range(ORDERS):
        start = buy((types[0], 2), (types[1], 1), email=f"buyer{number}@example.com")
        pay(start.payment.session_id)
        settle_payment(start.payment.session_id)
    sandbox.pump()
    later = timezone.now() + timedelta(minutes=5)
    assert charges.record_missing_charge_money(now=later, limit=ORDERS) == ORDERS
    return list(Order.objects.prefetch_related("tickets").order_by("pk"))


def refund_all_at_once(orders, organizer):
    """Sixteen threads go through the orders side by side, all at the same order at the same time."""
    barrier = threading.Barrier(THREADS)

    def go_through(thread):
        answers = Counter()
        try:
            for number, order in enumerate(orders):
                codes = [ticket.code for ticket in order.tickets.all()]
                barrier.wait(timeout=60)
                answers[ask(order, organizer, wish_of(number, thread, codes))] += 1
        finally:
            connection.close()
        return answers

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(go_through, range(THREADS)), Counter())


def check_order(order):
    refunds = order.refunds.exclude(status="refused")
    sums = refunds.aggregate(
        amount=Sum("amount"), fee=Sum("fee_part_amount"), rest=Sum("organizer_part_amount")
    )
    assert set(refunds.values_list("status", flat=True)) == {"succeeded"}
    assert sums["amount"] == order.refunded_amount <= order.total_amount
    assert sums["fee"] <= order.application_fee_amount
    assert sums["rest"] <= order.organizer_amount
    payment = order.payments.get()
    assert gateway.retrieve_charge(payment.charge_id).refunded_amount == order.refunded_amount
    fees = sum(payment.fee_refunds.values_list("amount", flat=True))
    assert fees <= order.application_fee_amount
    voided = RefundTicket.objects.filter(ticket__order=order, is_live=True).values_list(
        "ticket_id", flat=True
    )
    cancelled = order.tickets.filter(status=Ticket.Status.CANCELLED).values_list("pk", flat=True)
    assert sorted(voided) == sorted(cancelled)


def test_16_threads_at_one_order_never_refund_a_cent_too_much(orders, organizer):
    answers = refund_all_at_once(orders, organizer)
    assert set(answers) - {"done"} <= REFUSALS
    assert sum(answers.values()) == THREADS * ORDERS
    resolve_refunds(now=timezone.now() + timedelta(minutes=5), limit=ORDERS)
    for order in Order.objects.order_by("pk"):
        check_order(order)
    read_books(order)
    for order in Order.objects.exclude(status="refunded").order_by("pk"):
        answer = ask(order, organizer, {})
        order.refresh_from_db()
        assert (answer, order.status) in (("done", "refunded"), ("NOTHING_TO_REFUND", "refunded"))
        check_order(order)
    read_books(order)
