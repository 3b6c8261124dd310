"""What a buyer does with a paid order: takes the files away, and puts a wrong address right."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Organization, User
from notifications.models import Message
from ticketing.access import Gatekeeper
from ticketing.errors import EmailFixed, NoTickets
from ticketing.models import Event, Order, Ticket
from ticketing.services.buyers import MOST_CORRECTIONS, correct_email
from ticketing.services.check_ins import check_in
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.signing import sign_ticket
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(organization: Organization) -> Order:
    """Two free tickets of ada@example.com."""
    ticket_type = TicketTypeFactory(event__organization=organization, event__slug="market", price_amount=0)
    items = [Item(ticket_type.public_id, 2)]
    return start_checkout(ticket_type.event, items=items, email="ada@example.com", name="Ada Obi").order


def path(order: Order, part: str = "") -> str:
    return f"/o/{order.code}/{part}?key={order.key}"


@pytest.mark.parametrize(
    ("part", "kind", "begins"),
    [
        ("tickets.pdf", "application/pdf", b"%PDF"),
        ("event.ics", "text/calendar; charset=utf-8", b"BEGIN:VCAL"),
    ],
)
def test_the_files_are_for_whoever_may_see_the_order(
    client: Client, order: Order, stranger: User, part: str, kind: str, begins: bytes
) -> None:
    response = client.get(path(order, part))
    assert (response["Content-Type"], response.content[: len(begins)]) == (kind, begins)
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert "no-store" in response["Cache-Control"]
    other = Client()
    other.force_login(stranger)
    assert other.get(f"/o/{order.code}/{part}").status_code == 404


def test_a_cancelled_event_has_no_tickets_to_print_and_strikes_its_entry_out(
    client: Client, order: Order
) -> None:
    Event.objects.update(status="cancelled")
    assert "nothing to send" in client.get(path(order, "tickets.pdf"), follow=True).content.decode()
    assert b"STATUS:CANCELLED" in client.get(path(order, "event.ics")).content


def test_a_buyer_puts_a_wrong_address_right_and_the_old_one_keeps_nothing(
    client: Client, order: Order
) -> None:
    old_page, old_code = path(order), sign_ticket(order.tickets.all()[0])
    client.get(old_page)
    assert 'value="ada@example.com"' in client.get(path(order, "email/")).content.decode()
    response = client.post(path(order, "email/"), {"key": order.key, "email": "Ada@Example.org"}, follow=True)
    order.refresh_from_db()
    assert "Your tickets are on their way to ada@example.org." in response.content.decode()
    assert response.redirect_chain == [(path(order), 302)]
    assert Client().get(old_page).status_code == 404
    assert sign_ticket(order.tickets.all()[0]) != old_code
    sent = Message.objects.order_by("pk").values_list("kind", "to")[1:]
    assert set(sent) == {
        ("order_email_changed", "ada@example.com"),
        ("ticket_confirmation", "ada@example.org"),
    }
    entry = AuditEntry.objects.get(action="order.email_changed")
    assert (entry.actor_kind, entry.before, entry.after) == (
        "buyer",
        {"email": "ada@example.com"},
        {"email": "ada@example.org"},
    )


def test_a_buyers_name_is_one_line_of_the_mails_that_it_stands_in(order: Order) -> None:
    items = [Item(order.lines.get().ticket_type.public_id, 1)]
    made = start_checkout(
        order.event, items=items, email="eve@example.com", name=" Eve\r\n\nYou  owe us "
    ).order
    assert (made.name, made.tickets.get().holder_name) == ("Eve You owe us", "Eve You owe us")


def test_the_organizer_reads_who_changed_the_address(order: Order, manager: User) -> None:
    correct_email(order, email="ada@example.org")
    client = Client()
    client.force_login(manager)
    page = client.get(f"/dashboard/orders/{order.code}/").content.decode()
    assert "The buyer changed the email address" in page


def test_the_address_changes_three_times_and_then_the_organizer_is_asked(order: Order) -> None:
    for number in range(MOST_CORRECTIONS):
        correct_email(order, email=f"ada{number}@example.org")
    with pytest.raises(EmailFixed):
        correct_email(order, email="eve@example.org")
    assert (
        correct_email(order, email="ada2@example.org").email == "ada2@example.org"
    )  # the same again may be sent


def test_once_somebody_is_in_the_tickets_stay_where_they_are(
    client: Client, order: Order, scanner: User
) -> None:
    ticket = order.tickets.all()[0]
    check_in(order.event, keeper=Gatekeeper(user=scanner), text=ticket.code)
    response = client.post(path(order, "email/"), {"key": order.key, "email": "eve@example.org"})
    assert response.status_code == 400
    assert "Ask the organizer" in response.content.decode()
    order.refresh_from_db()
    assert order.email == "ada@example.com"


@pytest.mark.broken_books("tickets are cancelled by hand, without their stock")
def test_an_order_without_tickets_goes_nowhere(order: Order) -> None:
    order.tickets.update(status=Ticket.Status.CANCELLED)
    with pytest.raises(NoTickets):
        correct_email(order, email="ada@example.org")


@pytest.mark.parametrize("email", ["", "ada@", "a" * 250 + "@example.com"])
def test_what_is_no_address_changes_nothing(client: Client, order: Order, email: str) -> None:
    assert client.post(path(order, "email/"), {"key": order.key, "email": email}).status_code == 400
    order.refresh_from_db()
    assert order.email == "ada@example.com"


def test_only_the_buyer_changes_it_here(order: Order, manager: User, buyer: User) -> None:
    for user in (manager, buyer, None):
        client = Client()
        if user:
            client.force_login(user)
        client.get(f"/o/{order.code}/")  # a member who has looked at it is still no buyer
        response: Any = client.post(f"/o/{order.code}/email/", {"email": "eve@example.org"})
        assert response.status_code == 404


def test_mails_that_still_wait_for_the_old_address_go_to_the_new_one(order: Order) -> None:
    """They are rendered when they are sent: with the new key and the new codes in them."""
    rows = [
        ("event_changed", f"event_changed:{order.code}:1", "queued"),
        ("event_cancelled", f"event_cancelled:{order.code}", "dead"),  # staff may send it again
        ("order_email_changed", f"order_email_changed:{order.code}:1", "queued"),
        ("new_ticket_sale", f"new_ticket_sale:{order.code}:1", "queued"),  # the organizer bought a ticket
        ("event_changed", f"event_changed:{order.code}:0", "sent"),
    ]
    Message.objects.bulk_create(
        Message(kind=kind, key=key, state=state, to="ada@example.com", ids={"order": order.pk})
        for kind, key, state in rows
    )
    correct_email(order, email="ada@example.org")
    told = dict(Message.objects.filter(key__in=[key for _kind, key, _state in rows]).values_list("key", "to"))
    assert [told[key] for _kind, key, _state in rows] == [
        "ada@example.org",
        "ada@example.org",
        "ada@example.com",
        "ada@example.com",
        "ada@example.com",
    ]
    assert Message.objects.get(key=f"ticket_confirmation:{order.code}").to == "ada@example.org"


def test_an_address_that_is_left_and_taken_again_at_once_gets_the_codes_that_count(order: Order) -> None:
    for email in ("ada@example.org", "ada@example.com", "ada@example.org"):
        Message.objects.update(state="sent")
        correct_email(order, email=email)
    last = Message.objects.filter(kind="ticket_confirmation", to="ada@example.org")
    assert last.count() == 2
