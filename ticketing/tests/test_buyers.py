"""What organizers put right about a buyer: the address that the tickets go to, and the name on a ticket."""

import pytest
from django.test import Client

from accounts.models import AuditEntry, Organization, User
from maly.errors import Invalid
from notifications.models import Message
from ticketing.errors import NoTickets
from ticketing.models import Order, Ticket
from ticketing.services.buyers import rename_ticket, resend_tickets
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.signing import sign_ticket
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(organization: Organization) -> Order:
    ticket_type = TicketTypeFactory(event__organization=organization, price_amount=0)
    items = [Item(ticket_type.public_id, 2)]
    return start_checkout(ticket_type.event, items=items, email="ada@example.com", name="Ada Obi").order


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def mails() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("to", flat=True))


def test_the_same_address_gets_the_same_tickets_again(order: Order, manager: User) -> None:
    again = resend_tickets(order, actor=manager, email=" Ada@Example.com ")
    assert mails() == ["ada@example.com"] * 2
    assert (again.email, again.key) == (order.email, order.key)
    assert set(again.tickets.values_list("generation", flat=True)) == {1}
    assert not AuditEntry.objects.filter(action="order.email_changed").exists()


def test_twice_within_a_minute_is_one_mail(order: Order, manager: User) -> None:
    for _time in range(2):
        resend_tickets(order, actor=manager, email=order.email)
    assert len(mails()) <= 3  # a new minute may have begun between the two
    keys = Message.objects.values_list("key", flat=True)
    assert len(set(keys)) == len(keys)


def test_another_address_takes_the_tickets_from_whoever_had_the_old_one(order: Order, manager: User) -> None:
    ticket = order.tickets.first()
    assert ticket
    old_code, old_key = sign_ticket(ticket), order.key
    assert Client().get(f"/o/{order.code}/?key={old_key}").status_code == 200
    changed = resend_tickets(order, actor=manager, email="ada@example.org")
    assert mails() == [
        "ada@example.org",
        "ada@example.org",
    ]  # what still waited would have had the new key in it
    assert Client().get(f"/o/{order.code}/?key={old_key}").status_code == 404
    assert Client().get(f"/o/{order.code}/?key={changed.key}").status_code == 200
    assert sign_ticket(Ticket.objects.get(pk=ticket.pk)) != old_code
    entry = AuditEntry.objects.get(action="order.email_changed")
    assert (entry.actor, entry.subject) == (manager, f"order:{order.code}")
    assert (entry.before, entry.after) == ({"email": "ada@example.com"}, {"email": "ada@example.org"})


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "ada@example.com\nBcc: eve@example.com", "a" * 250 + "@b.co"]
)
def test_what_is_no_address_changes_nothing(order: Order, manager: User, email: str) -> None:
    with pytest.raises(Invalid):
        resend_tickets(order, actor=manager, email=email)
    assert mails() == ["ada@example.com"]
    assert Order.objects.get().key == order.key


@pytest.mark.broken_books("tickets cancelled by hand, their seats still sold")
def test_an_order_without_a_valid_ticket_has_nothing_to_send(order: Order, manager: User) -> None:
    Ticket.objects.update(status="cancelled")
    with pytest.raises(NoTickets):
        resend_tickets(order, actor=manager, email="other@example.com")
    assert Order.objects.get().email == "ada@example.com"


def test_a_ticket_gets_another_name_and_keeps_its_code(order: Order, manager: User) -> None:
    ticket = order.tickets.first()
    assert ticket
    renamed = rename_ticket(ticket, actor=manager, name="  Sade   Obi ")
    assert (renamed.holder_name, renamed.code, renamed.generation) == ("Sade Obi", ticket.code, 1)
    rename_ticket(renamed, actor=manager, name="Sade Obi")
    entry = AuditEntry.objects.get(action="ticket.renamed")
    assert entry.after == {"ticket": ticket.code, "name": "Sade Obi"}


@pytest.mark.parametrize("name", ["", "  ", "\x00", "x" * 151])
def test_what_is_no_name_changes_nothing(order: Order, manager: User, name: str) -> None:
    ticket = order.tickets.first()
    assert ticket
    with pytest.raises(Invalid):
        rename_ticket(ticket, actor=manager, name=name)


@pytest.mark.broken_books("tickets cancelled by hand, their seats still sold")
def test_a_cancelled_ticket_keeps_its_name(order: Order, manager: User) -> None:
    Ticket.objects.update(status="cancelled")
    ticket = order.tickets.first()
    assert ticket
    with pytest.raises(NoTickets):
        rename_ticket(ticket, actor=manager, name="Sade")


def test_the_page_asks_for_the_address_first(client: Client, order: Order) -> None:
    path = f"/dashboard/orders/{order.code}/resend/"
    assert 'value="ada@example.com"' in client.get(path).content.decode()
    assert len(mails()) == 1
    assert "There is a problem" in client.post(path, {"email": "ada"}).content.decode()
    answer = client.post(path, {"email": "ada@example.org"}, follow=True)
    assert answer.redirect_chain == [(f"/dashboard/orders/{order.code}/", 302)]
    page = answer.content.decode()
    assert "The tickets are on their way to ada@example.org." in page
    assert "From ada@example.com to ada@example.org." in page


def test_the_page_changes_a_name(client: Client, order: Order) -> None:
    ticket = order.tickets.first()
    assert ticket
    path = f"/dashboard/orders/{order.code}/tickets/{ticket.code}/"
    assert 'value="Ada Obi"' in client.get(path).content.decode()
    assert "Enter a name" in client.post(path, {"name": " "}).content.decode()
    page = client.post(path, {"name": "Sade Obi"}, follow=True).content.decode()
    assert "The ticket is in the name of Sade Obi." in page
    assert "From Ada Obi to Sade Obi." in page
