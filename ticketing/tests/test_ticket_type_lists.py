"""The order of ticket types, stopping their sale, and taking away what nobody ordered."""

import threading
from typing import Any

import pytest
from django.db import connections

from accounts.models import AuditEntry, User
from maly.errors import NotFound
from ticketing.errors import EventCancelled, SalesEnded, TicketTypeInUse
from ticketing.models import Event, Order, TicketType
from ticketing.services import stock
from ticketing.services.ticket_type_lists import (
    move_ticket_type,
    remove_ticket_type,
    resume_ticket_type,
    stop_ticket_type,
)
from ticketing.services.ticket_types import create_ticket_type, update_ticket_type
from ticketing.tests.books import read_books
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db


def names() -> list[str]:
    return list(TicketType.objects.values_list("name", flat=True))


@pytest.fixture
def three() -> list[TicketType]:
    event = EventFactory()
    return [TicketTypeFactory(event=event, name=name) for name in "abc"]


def test_what_somebody_has_removed_meanwhile_is_not_found(three: list[TicketType], organizer: User) -> None:
    gone = TicketType.objects.get(pk=three[0].pk)
    remove_ticket_type(three[0], actor=organizer)
    for change in (
        lambda: move_ticket_type(gone, up=False),
        lambda: stop_ticket_type(gone, actor=organizer),
        lambda: resume_ticket_type(gone, actor=organizer),
        lambda: update_ticket_type(gone, actor=organizer, name="d"),
    ):
        with pytest.raises(NotFound):
            change()


def test_types_change_places_and_stop_at_the_ends(three: list[TicketType]) -> None:
    first, second, third = three
    move_ticket_type(third, up=True)
    assert names() == ["a", "c", "b"]
    move_ticket_type(first, up=True)
    move_ticket_type(second, up=False)
    assert names() == ["a", "c", "b"]
    move_ticket_type(first, up=False)
    assert names() == ["c", "a", "b"]


def test_a_new_type_comes_last_whatever_was_moved(three: list[TicketType], organizer: User) -> None:
    move_ticket_type(three[2], up=True)
    create_ticket_type(three[0].event, actor=organizer, name="d", price_amount=0, capacity=1)
    assert names() == ["a", "c", "b", "d"]


@pytest.mark.django_db(transaction=True)
def test_two_who_move_at_once_leave_one_order(three: list[TicketType]) -> None:
    barrier = threading.Barrier(2)

    def move(ticket_type: TicketType) -> None:
        barrier.wait()
        move_ticket_type(ticket_type, up=True)
        connections.close_all()

    threads = [threading.Thread(target=move, args=(each,)) for each in three[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(TicketType.objects.values_list("position", flat=True)) == [0, 1, 2]
    assert sorted(names()) == ["a", "b", "c"]


def test_a_stopped_type_is_not_sold_until_it_is_started_again(
    event: Event, general: TicketType, buy: Any, organizer: User
) -> None:
    stop_ticket_type(general, actor=organizer)
    with pytest.raises(SalesEnded):
        buy((general, 1))
    assert not Order.objects.exists()
    resume_ticket_type(general, actor=organizer)
    assert buy((general, 1)).order.status == "awaiting_payment"


def test_the_hold_itself_refuses_a_type_that_was_stopped_meanwhile(
    event: Event, general: TicketType, organizer: User
) -> None:
    stop_ticket_type(general, actor=organizer)
    with pytest.raises(stock.StockMoved):
        stock.take(event, [stock.Holding(general.pk, 1, general.price_amount)])


def test_who_is_paying_when_sales_stop_gets_the_ticket(
    event: Event, general: TicketType, buy: Any, pay: Any, settle: Any, organizer: User
) -> None:
    start = buy((general, 2))
    stop_ticket_type(general, actor=organizer)
    pay(start.payment.session_id)
    settle()
    order = Order.objects.get()
    assert order.status == "paid"
    assert order.tickets.count() == 2
    assert read_books(order)


def test_stopping_twice_is_stopping_once(general: TicketType, organizer: User) -> None:
    first = stop_ticket_type(general, actor=organizer).stopped_at
    assert stop_ticket_type(general, actor=organizer).stopped_at == first
    resume_ticket_type(general, actor=organizer)
    resume_ticket_type(general, actor=organizer)
    actions = AuditEntry.objects.filter(action__startswith="ticket_type.").values_list("action", flat=True)
    assert sorted(actions) == ["ticket_type.resumed", "ticket_type.stopped"]


def test_a_cancelled_event_sells_nothing_again(organizer: User) -> None:
    ticket_type = TicketTypeFactory(event__status=Event.Status.CANCELLED)
    with pytest.raises(EventCancelled):
        stop_ticket_type(ticket_type, actor=organizer)


def test_what_nobody_ordered_can_be_removed_and_nothing_else(
    event: Event, general: TicketType, buy: Any, organizer: User
) -> None:
    spare = TicketTypeFactory(event=event, name="Spare")
    buy((general, 1))
    remove_ticket_type(spare, actor=organizer)
    with pytest.raises(TicketTypeInUse):
        remove_ticket_type(general, actor=organizer)
    assert names() == [general.name]
    assert AuditEntry.objects.filter(action="ticket_type.removed").count() == 1
