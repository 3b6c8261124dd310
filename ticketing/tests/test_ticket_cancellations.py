"""Cancelling what cost nothing: a free ticket, or a free order; once, whoever else is at it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Organization, User
from notifications.models import Message
from notifications.registry import render_message
from ticketing.access import Gatekeeper
from ticketing.errors import RefundUnderWay, TicketNotCancellable
from ticketing.models import Event, Order, Refund, RefundTicket, Ticket, TicketType
from ticketing.services.check_ins import check_in
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.refund_attempts import carry_out_refund
from ticketing.services.refund_plans import plan_refund
from ticketing.services.refundable import hold_tickets, live_tickets, read_money
from ticketing.services.refunds import request_refund, write_refund
from ticketing.services.ticket_cancellations import cancel_free_order, cancel_ticket
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db
ORDERS = "/dashboard/orders/"


@pytest.fixture
def free(organization: Organization) -> TicketType:
    return TicketTypeFactory(
        event__organization=organization, name="Free entry", price_amount=0, event__capacity=200
    )


@pytest.fixture
def order(free: TicketType) -> Order:
    """Two free tickets."""
    items = [Item(free.public_id, 2)]
    return start_checkout(free.event, items=items, email="ada@example.com", name="Ada Obi").order


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def stock_of(ticket_type: TicketType) -> tuple[int, int, int, int | None]:
    ticket_type = TicketType.objects.select_related("event").get(pk=ticket_type.pk)
    event = ticket_type.event
    return ticket_type.sold, ticket_type.capacity, event.sold, event.capacity


def test_a_free_ticket_is_cancelled_once_and_its_seat_is_sold_again(
    order: Order, free: TicketType, manager: User
) -> None:
    first, second = order.tickets.all()
    for _time in range(2):
        assert cancel_ticket(first, actor=manager, reason="Booked twice").status == "cancelled"
    order.refresh_from_db()
    second.refresh_from_db()
    assert (order.status, second.status) == ("paid", "valid")
    assert stock_of(free) == (1, 100, 1, 200)
    entry = AuditEntry.objects.get(action="ticket.cancelled")
    assert (entry.actor, entry.reason, entry.after["tickets"]) == (manager, "Booked twice", [first.code])
    told = Message.objects.get(kind="ticket_cancelled")
    mail = render_message(told.kind, told.ids)
    assert (told.to, mail.subject) == ("ada@example.com", f"Your ticket to {free.event.title} is cancelled")
    for text in (mail.text, mail.html):
        assert "Reason: Booked twice" in text
        assert f"{first.code[:5]}-{first.code[5:]}" in text
        assert second.code[:5] not in text
        assert "Your other tickets stay valid." in text


def test_a_free_order_is_cancelled_whole_and_its_seats_may_be_kept_off_sale(
    order: Order, free: TicketType, manager: User
) -> None:
    cancel_ticket(order.tickets.all()[0], actor=manager, reason="Ill")
    for _time in range(2):
        cancel_free_order(order, actor=manager, reason="Ill too", restock=False)
    order.refresh_from_db()
    assert order.status == "refunded"  # no live ticket is left; nobody reads that word of a free order
    assert stock_of(free) == (0, 99, 0, 199)
    assert Message.objects.filter(kind="ticket_cancelled").count() == 2
    buyers = words_of(Client().get(f"/o/{order.code}/?key={order.key}"))
    assert "The organizer has cancelled them. You paid nothing" in buyers
    assert "Refunded" not in buyers


def test_what_was_paid_for_disputed_or_of_a_cancelled_event_stays(
    event: Event,
    general: TicketType,
    sell: Callable[..., Order],
    organizer: User,
    dispute: Callable[..., Any],
    order: Order,
) -> None:
    gift = TicketTypeFactory(event=event, name="Child", price_amount=0)
    mixed = sell((general, 1), (gift, 1))
    paid, child = mixed.tickets.order_by("-paid_amount")
    with pytest.raises(TicketNotCancellable, match="Refund it instead"):
        cancel_ticket(paid, actor=organizer, reason="Ill")
    with pytest.raises(TicketNotCancellable, match="Refund it instead"):
        cancel_free_order(mixed, actor=organizer, reason="Ill")
    cancel_ticket(child, actor=organizer, reason="Not coming")
    mixed.refresh_from_db()
    assert (mixed.status, stock_of(gift)[:2]) == ("paid", (0, 100))
    disputed = sell((general, 1), (gift, 1), email="grace@example.com")
    dispute(disputed)
    with pytest.raises(TicketNotCancellable, match="until the buyer's bank has decided"):
        cancel_ticket(disputed.tickets.get(paid_amount=0), actor=organizer, reason="Ill")
    Event.objects.filter(pk=order.event_id).update(status="cancelled")
    with pytest.raises(TicketNotCancellable, match="The event is cancelled"):
        cancel_ticket(order.tickets.all()[0], actor=organizer, reason="Ill")
    assert Message.objects.filter(kind="ticket_cancelled").count() == 1


def test_a_ticket_that_a_refund_holds_is_the_refunds_to_cancel(
    event: Event, general: TicketType, sell: Callable[..., Order], organizer: User, settle: Callable[[], None]
) -> None:
    gift = TicketTypeFactory(event=event, name="Child", price_amount=0)
    order = sell((general, 1), (gift, 1))
    payment = order.payments.get()
    plan = plan_refund(read_money(order, payment), live=live_tickets(order), gives_fee_back=True)
    refund = write_refund(order, payment, plan, origin="organizer", actor=organizer, reason="Ill")
    child = order.tickets.get(paid_amount=0)
    with pytest.raises(RefundUnderWay):
        cancel_ticket(child, actor=organizer, reason="Ill")
    # Stripe refuses, so the refund lets go; what is cancelled then isn't given back a second time with the next one.
    Refund.objects.filter(pk=refund.pk).update(status="refused")
    RefundTicket.objects.update(is_live=False)
    cancel_ticket(child, actor=organizer, reason="Ill")
    request_refund(order, actor=organizer, reason="Ill")
    settle()
    assert stock_of(gift)[0] == stock_of(general)[0] == 0


def test_a_refund_that_was_made_after_all_gives_no_seat_back_twice(
    event: Event, general: TicketType, sell: Callable[..., Order], organizer: User, settle: Callable[[], None]
) -> None:
    gift = TicketTypeFactory(event=event, name="Child", price_amount=0)
    order = sell((general, 1), (gift, 1))
    child = order.tickets.get(paid_amount=0)
    cancel_ticket(child, actor=organizer, reason="Ill")
    payment = order.payments.get()
    plan = plan_refund(read_money(order, payment), live=live_tickets(order), gives_fee_back=True)
    refund = write_refund(order, payment, plan, origin="organizer", actor=organizer, reason="Ill")
    hold_tickets(refund, [child])
    carry_out_refund(refund.pk)
    settle()
    assert (stock_of(gift)[0], stock_of(general)[0]) == (0, 0)


def test_the_pages_ask_why_then_do_it_and_lead_back(client: Client, order: Order, free: TicketType) -> None:
    first, second = order.tickets.all()
    page = words_of(client.get(f"{ORDERS}{order.code}/"))
    assert page.count("Cancel ticket") == 2
    assert "Cancel order" in page
    path = f"{ORDERS}{order.code}/tickets/{first.code}/cancel/"
    Ticket.objects.filter(pk=first.pk).update(status="checked_in")
    assert "One of these tickets is checked in" in words_of(client.get(path))
    Ticket.objects.filter(pk=first.pk).update(status="valid")
    wrong = words_of(client.post(path, {"reason": " ", "restock": "on"}))
    assert "There is a problem" in wrong
    assert "Give a reason" in wrong
    done = words_of(client.post(path, {"reason": "<b>Twice</b>", "restock": "on"}, follow=True))
    assert "The ticket is cancelled." in done
    assert "Reason: &lt;b&gt;Twice&lt;/b&gt;" in done
    assert client.post(path, {"reason": "Again", "restock": "on"}).status_code == 302
    whole = words_of(client.post(f"{ORDERS}{order.code}/cancel/", {"reason": "Ill"}, follow=True))
    assert "Cancelled" in whole
    assert "Cancel ticket" not in whole
    assert stock_of(free) == (0, 99, 0, 199)
    assert client.get(f"{ORDERS}{order.code}/cancel/").status_code == 302
    listed = words_of(client.get(f"{ORDERS}?status=cancelled"))
    assert order.code in listed
    assert order.code not in words_of(client.get(f"{ORDERS}?status=refunded"))
    assert Order.objects.get().tickets.get(pk=second.pk).status == "cancelled"


def test_the_page_of_a_paid_ticket_leads_to_its_refund(
    organizer: User, client: Client, general: TicketType, sell: Callable[..., Order]
) -> None:
    order = sell((general, 1))
    path = f"{ORDERS}{order.code}/tickets/{order.tickets.get().code}/cancel/"
    owner = Client()
    owner.force_login(organizer)
    assert "Go to the refund" in words_of(owner.get(path))
    for_manager = words_of(client.post(path, {"reason": "Ill", "restock": "on"}))
    assert "Refund it instead." in for_manager
    assert "Go to the refund" not in for_manager
    assert order.tickets.get().status == "valid"


def test_small_pages_cost_little(
    client: Client, order: Order, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    ticket = order.tickets.all()[0].code
    client.get(f"{ORDERS}{order.code}/")  # the first one notes the session
    for page in ("resend/", "cancel/", f"tickets/{ticket}/", f"tickets/{ticket}/cancel/", "refund/"):
        with django_assert_max_num_queries(6):
            client.get(f"{ORDERS}{order.code}/{page}")


@pytest.mark.django_db(transaction=True)
def test_desks_and_gates_at_once_cancel_it_once(
    order: Order, free: TicketType, manager: User, scanner: User
) -> None:
    first, second = order.tickets.all()
    keeper = Gatekeeper(user=scanner)

    def work(number: int) -> Any:
        if number % 3 == 0:
            return check_in(order.event, keeper=keeper, text=first.code).result
        if number % 3 == 1:
            return cancel_ticket(first, actor=manager, reason="Ill").status
        return cancel_free_order(order, actor=manager, reason="Ill").status

    at_once(12, work)
    assert stock_of(free) == (0, 100, 0, 200)
    cancelled = AuditEntry.objects.filter(action="ticket.cancelled").values_list("after", flat=True)
    assert sorted(code for after in cancelled for code in after["tickets"]) == sorted(
        [first.code, second.code]
    )
    assert Message.objects.filter(kind="ticket_cancelled").count() == len(cancelled)
