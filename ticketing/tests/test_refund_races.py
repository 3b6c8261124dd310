"""Many refunds of one order at once, in real threads: never a cent too much, neither of the money nor of the fee."""

from collections import Counter

import pytest

from ledger.services.verification import verify_ledger
from notifications.models import Message
from ticketing.models import ApplicationFeeRefund, Order, Refund, Ticket
from ticketing.services import refund_sweeps
from ticketing.services.refund_attempts import carry_out_refund
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16
REFUSALS = {"REFUND_UNDER_WAY", "REFUND_TOO_LARGE", "NOTHING_TO_REFUND", "TICKET_ALREADY_REFUNDED"}


def until_done(work):
    """Ask again while another refund is under way, as a client would."""

    def run(index):
        from maly.errors import MalyError

        for _ in range(200):
            try:
                return work(index)
            except MalyError as error:
                if error.code != "REFUND_UNDER_WAY":
                    return error.code
        return "REFUND_UNDER_WAY"

    return run


def refund_by(order, organizer, **wish):
    request_refund(Order.objects.get(pk=order.pk), actor=organizer, reason="At once", **wish)
    return "done"


def test_16_full_refunds_at_once_are_one(general, sell, organizer, settle):
    order = sell((general, 2))
    answers = Counter(at_once(THREADS, lambda _: refund_by(order, organizer)))
    assert answers["done"] == 1
    assert set(answers) - {"done"} <= REFUSALS
    settle()
    order.refresh_from_db()
    assert (order.status, order.refunded_amount, Refund.objects.count()) == ("refunded", 10000, 1)
    assert Message.objects.filter(kind="refund_confirmation").count() == 1
    general.refresh_from_db()
    assert general.sold == 0
    assert read_books(order) == Books(0, -320)


def test_16_amounts_at_once_never_exceed_what_was_paid(general, sell, organizer, settle):
    order = sell((general, 1))
    answers = Counter(at_once(THREADS, until_done(lambda _: refund_by(order, organizer, amount=700))))
    settle()
    order.refresh_from_db()
    refunds = Refund.objects.exclude(status="refused")
    assert order.refunded_amount == 700 * answers["done"] == sum(refund.amount for refund in refunds)
    assert order.refunded_amount <= order.total_amount
    assert sum(row.amount for row in ApplicationFeeRefund.objects.all()) <= order.application_fee_amount
    request_refund(order, actor=organizer, reason="The rest")
    order.refresh_from_db()
    assert (order.status, order.refunded_amount) == ("refunded", 5000)
    assert read_books(order) == Books(0, -175)


def test_16_threads_refund_four_tickets_once_each(general, sell, organizer, settle):
    order = sell((general, 4))
    codes = [ticket.code for ticket in order.tickets.all()]
    at_once(THREADS, until_done(lambda n: refund_by(order, organizer, tickets=[codes[n % 4]])))
    settle()
    order.refresh_from_db()
    assert (order.status, order.refunded_amount) == ("refunded", 20000)
    assert Counter(Ticket.objects.values_list("status", flat=True)) == {"cancelled": 4}
    assert Refund.objects.exclude(status="refused").count() == 4
    assert read_books(order) == Books(0, -(order.payments.get().stripe_fee_amount))


def test_the_same_refund_carried_out_by_16_workers_is_one(general, sell, organizer, sandbox):
    order = sell((general, 1))
    sandbox.control(
        "POST",
        "/_sandbox/faults",
        {"method": "POST", "path": "/v1/refunds", "effect": "error_500", "times": 1},
    )
    refund = request_refund(order, actor=organizer, reason="Asked for")
    assert refund.status == "requested"
    at_once(THREADS, lambda _: carry_out_refund(refund.pk).pk)
    refund_sweeps.resolve_refunds()
    refund.refresh_from_db()
    order.refresh_from_db()
    assert (refund.status, order.refunded_amount) == ("succeeded", 5000)
    assert verify_ledger().violations == []


def test_what_is_owed_is_taken_once_by_16_workers(general, sell, organizer):
    order = sell((general, 1))
    refund = request_refund(order, actor=organizer, reason="Kept", refund_application_fee=False)
    sell((general, 1), email="next@example.com")
    type(refund.receivable).objects.update(needs_staff=False)
    at_once(THREADS, lambda _: refund_sweeps.recover_receivables())
    refund.receivable.refresh_from_db()
    assert refund.receivable.open_amount == 0
    assert sum(refund.reversals.filter(status="succeeded").values_list("amount", flat=True)) == 5000
    assert verify_ledger().violations == []
