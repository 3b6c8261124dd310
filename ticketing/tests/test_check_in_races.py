"""Many gates at once, in real threads on real connections: one code lets exactly one person in."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from ticketing.access import Gatekeeper
from ticketing.models import CheckIn, Order, RefundTicket, Ticket
from ticketing.services.check_ins import Device, check_in, undo_check_in
from ticketing.services.refunds import request_refund
from ticketing.services.signing import sign_ticket
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_event_edits import wait_for_a_blocked_backend
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
GATES = 16


@pytest.fixture
def free(event):
    return TicketTypeFactory(event=event, price_amount=0)


@pytest.fixture
def keeper(scanner):
    return Gatekeeper(user=scanner)


def test_16_gates_that_scan_40_codes_at_once_admit_exactly_40(event, free, buy, keeper):
    for number in range(4):
        buy((free, 10), email=f"{number}@example.com")
    texts = [sign_ticket(ticket) for ticket in Ticket.objects.select_related("event", "ticket_type")]

    def scan_all(gate):
        order = random.Random(gate).sample(texts, len(texts))
        return Counter(check_in(event, keeper=keeper, text=text).result for text in order)

    said = sum(at_once(GATES, scan_all), Counter())
    assert said == {"admitted": 40, "already_in": 40 * (GATES - 1)}
    assert CheckIn.objects.count() == Ticket.objects.filter(status="checked_in").count() == 40


def test_16_gates_that_scan_one_code_in_the_same_moment_admit_one(event, free, buy, keeper):
    for round_ in range(10):
        text = sign_ticket(buy((free, 1), email=f"{round_}@example.com").order.tickets.get())
        said = Counter(
            at_once(GATES, lambda _, text=text: check_in(event, keeper=keeper, text=text).result.value)
        )
        assert said == {"admitted": 1, "already_in": GATES - 1}


def test_without_the_conditional_update_one_code_lets_more_than_one_in(event, free, buy):
    """The control: look, then write. The race above must be able to fail."""
    ticket = buy((free, 1)).order.tickets.get()
    looked = threading.Barrier(GATES)

    def look_then_write(_):
        is_valid = Ticket.objects.get(pk=ticket.pk).status == "valid"
        looked.wait()
        Ticket.objects.filter(pk=ticket.pk).update(status="checked_in")
        return is_valid

    assert sum(at_once(GATES, look_then_write)) > 1
    Ticket.objects.filter(pk=ticket.pk).update(status="valid")


def test_one_scan_uploaded_by_16_threads_is_one_entry(event, free, buy, keeper):
    ticket = buy((free, 1)).order.tickets.get()
    device = Device(nonce="n1")
    answers = at_once(GATES, lambda _: check_in(event, keeper=keeper, text=ticket.code, device=device))
    assert {answer.result.value for answer in answers} == {"admitted"}
    assert len({answer.entry.pk for answer in answers}) == CheckIn.objects.count() == 1


def test_entries_and_undos_at_once_leave_a_ticket_that_says_what_it_is(event, free, buy, keeper):
    ticket = buy((free, 1)).order.tickets.get()

    def in_and_out(gate):
        for _ in range(5):
            answer = check_in(event, keeper=keeper, text=ticket.code)
            if answer.result == "admitted":
                undo_check_in(event, keeper=keeper, public_id=answer.entry.public_id)

    at_once(8, in_and_out)
    assert not CheckIn.objects.filter(undone_at=None).exists()
    assert Ticket.objects.get().status == "valid"
    assert check_in(event, keeper=keeper, text=ticket.code).result == "admitted"


def test_a_ticket_that_is_refunded_while_it_is_scanned_is_never_let_in_afterwards(
    event, general, sell, organizer, keeper
):
    """Either somebody came in and then got the money back, or was turned away; I24 looks after the test."""
    order = sell((general, 6))
    codes = [ticket.code for ticket in order.tickets.all()]

    def act(number):
        code = codes[number // 2]
        if number % 2:
            return check_in(event, keeper=keeper, text=code).result.value
        refund = request_refund(Order.objects.get(pk=order.pk), actor=organizer, tickets=[code], reason="Ill")
        return refund.status

    at_once(2, lambda number: [act(pair * 2 + number) for pair in range(6)])
    cancelled = {ticket.code for ticket in Ticket.objects.filter(status="cancelled")}
    for code in codes:
        answer = check_in(event, keeper=keeper, text=code)
        assert answer.result == ("not_valid" if code in cancelled else "already_in")


def test_a_gate_waits_for_the_refund_that_is_being_written_and_turns_its_ticket_away(
    event, free, buy, keeper
):
    ticket = buy((free, 1)).order.tickets.get()
    with ThreadPoolExecutor(1) as gate:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=ticket.order_id)
            Ticket.objects.filter(pk=ticket.pk).update(status="cancelled")
            asked = gate.submit(closing(check_in), event, keeper=keeper, text=ticket.code)
            wait_for_a_blocked_backend()
        assert asked.result().result == "not_valid"
    Ticket.objects.filter(pk=ticket.pk).update(status="valid")


def test_a_refund_waits_for_the_gate_and_knows_that_its_ticket_is_in(event, general, sell, organizer, keeper):
    """A refund that fails gives its ticket back as it was: in, not good for another entry."""
    order = sell((general, 1))
    code = order.tickets.get().code
    with ThreadPoolExecutor(1) as desk:
        with transaction.atomic():
            check_in(event, keeper=keeper, text=code)
            asked = desk.submit(
                closing(request_refund), order, actor=organizer, tickets=[code], reason="Too loud"
            )
            wait_for_a_blocked_backend()
        asked.result()
    assert RefundTicket.objects.get().former_status == "checked_in"


def closing(work):
    """The same work, which leaves no connection behind in its thread."""

    def run(*args, **more):
        try:
            return work(*args, **more)
        finally:
            connection.close()

    return run
