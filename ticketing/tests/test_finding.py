"""My tickets, and finding them again by a link: only for whoever reads the address's mail."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from notifications.models import MailboxMail, Message
from notifications.tasks import send_due_messages
from ticketing.models import Event, Order
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.finding import make_link_token
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db
Queries = Callable[[int], Any]
TICKETS, FIND = "/tickets/", "/tickets/find/"


def order_of(
    event_title: str, organization: Organization, email: str, *, days: int = 30, **more: Any
) -> Order:
    """A free order, paid at once; of an event so many days ahead."""
    ticket_type = TicketTypeFactory(
        event__organization=organization, event__title=event_title, price_amount=0
    )
    items = [Item(ticket_type.public_id, 2)]
    order = start_checkout(ticket_type.event, items=items, email=email, name="Ada Obi", **more).order
    starts_at = now() + timedelta(days=days)
    Event.objects.filter(pk=order.event_id).update(
        starts_at=starts_at, ends_at=starts_at + timedelta(hours=2)
    )
    return order


def ask(client: Client, email: str) -> str:
    response = client.post(FIND, {"email": email})
    assert response.status_code == 200
    return re.sub(r"[\w.]+@[\w.]+", "EMAIL", response.content.decode().partition("<main")[2])


def asked_for() -> list[Message]:
    return list(Message.objects.filter(kind="find_tickets"))


def link_in_mail(settings: Any) -> str:
    settings.EMAIL_BACKEND = "notifications.mailbox.MailboxBackend"
    send_due_messages()
    text = MailboxMail.objects.get(kind="find_tickets").text
    found = re.search(r"http://testserver(/tickets/link/\S+)", text)
    assert found
    return found[1]


def test_the_answer_is_the_same_whether_the_address_has_orders_or_not(
    client: Client, organization: Organization
) -> None:
    order_of("Night Market", organization, "ada@example.com")
    assert ask(client, "Ada@Example.com") == ask(client, "nobody@example.com")
    assert [(mail.to, mail.ids) for mail in asked_for()] == [
        ("ada@example.com", {"email": "ada@example.com"})
    ]


def test_asked_for_again_at_once_it_is_one_mail_and_later_another(
    client: Client, organization: Organization
) -> None:
    order_of("Night Market", organization, "ada@example.com")
    with time_machine.travel(now(), tick=False) as clock:
        for _time in range(3):
            ask(client, "ada@example.com")
        assert len(asked_for()) == 1
        clock.shift(timedelta(minutes=6))
        ask(client, "ada@example.com")
    assert len(asked_for()) == 2


def test_the_link_shows_the_orders_of_its_address_alone_and_for_15_minutes(
    client: Client, organization: Organization, settings: Any
) -> None:
    order = order_of("Night Market", organization, "ada@example.com")
    order_of("Harbour 10k", organization, "ada@example.com", days=-3)
    order_of("Somebody’s birthday", organization, "bob@example.com")
    ask(client, "ada@example.com")
    link = link_in_mail(settings)
    page = client.get(link, follow=True).content.decode()
    upcoming, _heading, past = page.partition(">Past<")
    assert f"/o/{order.code}/?key={order.key}" in upcoming
    assert "Harbour 10k" in past
    assert "birthday" not in page
    client.post("/tickets/close/")
    assert "Night Market" not in client.get(TICKETS).content.decode()
    with time_machine.travel(now() + timedelta(minutes=16)):
        assert "This link has expired" in client.get(link, follow=True).content.decode()


@pytest.mark.parametrize("token", ["", "x", make_link_token.__name__, "ImFkYUBleGFtcGxlLmNvbSI:1vMz:abc"])
def test_a_link_that_we_never_sent_shows_nothing(
    client: Client, organization: Organization, token: str
) -> None:
    order_of("Night Market", organization, "ada@example.com")
    response = client.get("/tickets/link/", {"token": token}, follow=True)
    assert "Night Market" not in response.content.decode()
    client.cookies["tickets"] = "ada@example.com"
    assert "Night Market" not in client.get(TICKETS).content.decode()


def test_an_account_sees_what_it_bought_and_what_its_confirmed_addresses_bought(
    client: Client, organization: Organization, buyer: User, stranger: User
) -> None:
    order_of("Signed in", organization, "other@example.com", user=buyer)
    order_of("As a guest", organization, buyer.email)
    order_of("Not theirs", organization, "bob@example.com")
    client.force_login(buyer)
    page = client.get(TICKETS).content.decode()
    assert [title in page for title in ("Signed in", "As a guest", "Not theirs")] == [True, True, False]
    buyer.emailaddress_set.update(verified=False)
    assert "As a guest" not in client.get(TICKETS).content.decode()
    client.force_login(stranger)
    assert "No tickets yet" in client.get(TICKETS).content.decode()


def test_the_list_costs_the_same_for_two_orders_and_for_thirty(
    client: Client, organization: Organization, buyer: User, django_assert_max_num_queries: Queries
) -> None:
    client.force_login(buyer)
    for number in range(30):
        order_of(f"Event {number}", organization, buyer.email, days=-number - 1 if number % 2 else 30)
    client.get(TICKETS)
    with django_assert_max_num_queries(6):
        page = client.get(TICKETS)
    assert page.content.decode().count('class="my-order"') == 30
    assert client.get(TICKETS, {"page": "9" * 3}).status_code == 200


def test_what_is_no_address_is_said_and_too_many_are_throttled(client: Client, settings: Any) -> None:
    assert client.post(FIND, {"email": "ada@"}).status_code == 400
    settings.THROTTLES = {**settings.THROTTLES, "find": "1/hour"}
    ask(client, "ada@example.com")
    response = client.post(FIND, {"email": "ada@example.com"})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert 'value="ada@example.com"' in response.content.decode()
