"""Orders while the process that sends their mails is killed, for each twenty of them once.

`make simulate` does it with 1,000 orders and 50 kills; `notifications/tests/test_outbox.py` has as many, each at a
chosen point.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from notifications.models import Message
from notifications.services.outbox import enqueue_all
from notifications.tasks import send_due_messages
from notifications.tests.smtp_sink import SmtpSink
from ticketing.models import Order, OrderLine
from ticketing.services.tickets import issue_tickets
from ticketing.tests.factories import EventFactory, TicketTypeFactory

ORDERS = int(os.environ.get("MALY_MAIL_ORDERS", "40"))
KILLS = ORDERS // 20


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    server = SmtpSink()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield server
    server.stop()


@pytest.mark.django_db(transaction=True)
def test_each_order_has_its_mail_and_a_second_one_is_the_same_mail(sink: SmtpSink) -> None:
    make_orders(ORDERS)
    connections.close_all()  # a child must not share our connection
    for kill in range(1, KILLS + 1):
        work_until_killed(sink, after=kill * 20 - 19)
        # Two minutes later another worker takes what the dead one had.
        Message.objects.exclude(lease_until=None).update(lease_until=timezone.now() - timedelta(seconds=1))
        connections.close_all()
    send_due_messages()
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    received = Counter((mail["To"], mail["Message-ID"]) for mail in sink.mails)
    assert (
        len(received) == len({to for to, _id in received}) == len({sent for _to, sent in received}) == ORDERS
    )
    again = sum(received.values()) - ORDERS
    assert again <= KILLS, again  # only those who were killed between the server's yes and our commit


def work_until_killed(sink: SmtpSink, *, after: int) -> None:
    """Send in a process of its own, which SIGKILL ends as soon as the server has taken `after` mails in all."""
    worker = os.fork()
    if worker == 0:
        try:
            send_due_messages()
        finally:
            os._exit(0)
    assert sink.wait_for(after, seconds=30)
    os.kill(worker, signal.SIGKILL)
    _pid, status = os.waitpid(worker, 0)
    assert os.WIFSIGNALED(status), "the worker ended before it was killed"


def make_orders(count: int) -> None:
    """Free orders of one ticket each, as a sale leaves them: paid, their mails queued."""
    event = EventFactory(sold=count)
    free = TicketTypeFactory(event=event, price_amount=0, capacity=count, sold=count)
    amounts = {"paid": 0, "platform_fee": 0, "processing_fee": 0, "organizer": 0}
    orders = Order.objects.bulk_create(
        Order(
            event=event,
            organization=event.organization,
            email=f"buyer{number}@example.com",
            name="Ada Obi",
            status=Order.Status.PAID,
            currency="usd",
            subtotal_amount=0,
            platform_fee_amount=0,
            processing_fee_amount=0,
            total_amount=0,
            fee_absorption="absorb",
            completed_at=timezone.now(),
        )
        for number in range(count)
    )
    for order in orders:
        line = OrderLine.objects.create(
            order=order,
            ticket_type=free,
            name=free.name,
            quantity=1,
            unit_price_amount=0,
            unit_total_amount=0,
            ticket_amounts=[amounts],
        )
        issue_tickets(order, [line])
    enqueue_all(
        Message(
            kind="ticket_confirmation",
            key=f"ticket_confirmation:{order.code}",
            to=order.email,
            ids={"order": order.pk},
        )
        for order in orders
    )
