"""The counters themselves: every condition of the hold, and what the database refuses whoever asks."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ticketing.models import Event, TicketType
from ticketing.services import stock
from ticketing.services.stock import Holding, StockMoved
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def types():
    event = EventFactory(capacity=15)
    return [TicketTypeFactory(event=event, capacity=10) for _ in range(2)]


def hold(types, quantities, price_amount=5000):
    with transaction.atomic():
        stock.hold(
            types[0].event, [Holding(t.pk, n, price_amount) for t, n in zip(types, quantities, strict=False)]
        )


def counters():
    event = Event.objects.get()
    return [*TicketType.objects.order_by("pk").values_list("held", "sold"), (event.held, event.sold)]


def test_a_hold_counts_on_types_and_event(types):
    hold(types, [2, 3])
    assert counters() == [(2, 0), (3, 0), (5, 0)]


def test_held_tickets_are_sold_or_released(types):
    hold(types, [2, 3])
    stock.sell(types[0].event_id, {types[0].pk: 2})
    stock.release(types[0].event_id, {types[1].pk: 3})
    assert counters() == [(0, 2), (0, 0), (0, 2)]


@pytest.mark.parametrize(
    "change",
    [
        lambda: TicketType.objects.update(price_amount=5001),
        lambda: TicketType.objects.update(sales_start=timezone.now() + timedelta(hours=1)),
        lambda: TicketType.objects.update(sales_end=timezone.now() - timedelta(hours=1)),
        lambda: TicketType.objects.update(stopped_at=timezone.now()),
        lambda: TicketType.objects.update(sold=9),
        lambda: Event.objects.update(status="paused"),
        lambda: Event.objects.update(status="cancelled"),
        lambda: Event.objects.update(capacity=1),
        lambda: Event.objects.update(currency="eur"),
        lambda: Event.objects.update(fee_absorption="pass_to_buyer"),
        lambda: Event.objects.update(
            starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now() - timedelta(hours=1)
        ),
    ],
)
def test_whatever_has_changed_since_it_was_read_refuses_the_hold_whole(change, types):
    change()
    before = counters()
    with pytest.raises(StockMoved):
        hold(types, [2, 2])
    assert counters() == before


def test_a_late_payment_retakes_what_is_left_whatever_the_window(types):
    TicketType.objects.update(sales_end=timezone.now() - timedelta(hours=1), price_amount=1)
    with transaction.atomic():
        assert stock.retake(types[0].event_id, {types[0].pk: 10})
    with transaction.atomic():
        assert not stock.retake(types[0].event_id, {types[0].pk: 1})
    assert counters() == [(0, 10), (0, 0), (0, 10)]


def test_a_late_payment_gets_nothing_of_a_cancelled_event(types):
    Event.objects.update(status="cancelled")
    with transaction.atomic():
        assert not stock.retake(types[0].event_id, {types[0].pk: 1})
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "change", [{"held": -1}, {"sold": -1}, {"sold": 11}, {"held": 6, "sold": 5}, {"capacity": 0, "sold": 1}]
)
def test_the_database_itself_refuses_impossible_counters(change, types):
    with pytest.raises(IntegrityError), transaction.atomic():
        TicketType.objects.filter(pk=types[0].pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.update(held=-1)


def test_releasing_what_isnt_held_is_a_fault_that_the_database_stops(types):
    with pytest.raises(IntegrityError), transaction.atomic():
        stock.release(types[0].event_id, {types[0].pk: 1})


@pytest.mark.django_db(transaction=True)
def test_only_the_hold_commits_without_waiting_for_the_disk():
    (ticket_type,) = types = [TicketTypeFactory(event=EventFactory(), capacity=10)]
    holdings = [Holding(ticket_type.pk, 1, 5000)]

    def setting():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation')"
            )
            return cursor.fetchone()

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")  # a throwaway test server has it off
    with transaction.atomic():
        stock.hold(types[0].event, holdings)
        assert setting() == ("off", "read committed")
    assert setting() == ("on", "read committed")
    with transaction.atomic():
        stock.take(types[0].event, holdings)
        assert setting() == ("on", "read committed")
    connection.close()
