"""The page at the door: for members and for door links, by code and by name, without any script."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from ticketing.models import CheckIn, Dispute, DoorLink, Event, Order, Ticket, TicketType
from ticketing.services.checkout import CheckoutStart
from ticketing.services.door_links import create_door_link
from ticketing.services.signing import sign_ticket
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tickets(event: Event, buy: Callable[..., CheckoutStart]) -> list[Ticket]:
    free = TicketTypeFactory(event=event, name="General admission", price_amount=0)
    found = list(buy((free, 3)).order.tickets.select_related("event", "ticket_type"))
    Ticket.objects.filter(pk=found[1].pk).update(holder_name="Noor Haddad")
    return found


@pytest.fixture
def client(scanner: User) -> Client:
    client = Client()
    client.force_login(scanner)
    return client


@pytest.fixture
def path(event: Event) -> str:
    return f"/dashboard/events/{event.slug}/check-in/"


@pytest.fixture
def door(event: Event, organizer: User) -> str:
    """The address of a door link."""
    return f"/door/{create_door_link(event, actor=organizer, name='Door 2')[1]}/"


def words_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def value_of(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', answer.content.decode())
    assert found, name
    return found[1]


def test_a_code_lets_somebody_in_once_and_then_says_when_and_where(
    client: Client, path: str, door: str, tickets: list[Ticket]
) -> None:
    assert "0 / 3" in words_of(client.get(path))
    came = words_of(client.post(path, {"text": tickets[0].code.lower()}))
    for said in ("Come in", "Ada Obi", "General admission", "1 / 3 in", "Next ticket", "Undo"):
        assert said in came
    again = words_of(Client().post(door, {"text": sign_ticket(tickets[0])}))
    gate = CheckIn.objects.get().gate
    assert "Already in" in again
    assert re.search(rf"Scanned at {gate} at \d+:\d\d [ap]m, just now", again)
    CheckIn.objects.update(scanned_at=timezone.now() - timedelta(minutes=11))
    assert re.search(r"[ap]m, 11\W+minutes ago", words_of(Client().post(door, {"text": tickets[0].code})))
    assert "Let in anyway" in again
    assert CheckIn.objects.count() == 1


def test_somebody_is_let_in_again_with_a_reason(client: Client, path: str, tickets: list[Ticket]) -> None:
    client.post(path, {"text": tickets[0].code})
    asked = client.post(path, {"text": tickets[0].code})
    wish = {"code": value_of(asked, "code"), "nonce": value_of(asked, "nonce")}
    for _ in range(2):  # the page reloaded
        answer = client.post(path, wish | {"override_reason": value_of(asked, "override_reason")})
        assert "Come in" in words_of(answer)
    assert [entry.override_reason for entry in CheckIn.objects.order_by("id")] == [
        "",
        "Went out and came back",
    ]


def test_what_is_not_valid_says_why(client: Client, path: str, tickets: list[Ticket]) -> None:
    said = words_of(client.post(path, {"code": "https://example.com/"}))
    assert "Not valid" in said
    assert "Not found" in said
    Ticket.objects.filter(pk=tickets[0].pk).update(status="cancelled")
    said = words_of(client.post(path, {"text": tickets[0].code}))
    assert "Not valid Cancelled on" in said
    assert "Ada Obi, General admission" in said
    Ticket.objects.filter(pk=tickets[0].pk).update(status="valid")


def test_the_page_reloaded_is_the_same_scan(client: Client, path: str, tickets: list[Ticket]) -> None:
    form = {"text": tickets[0].code, "nonce": value_of(client.get(path), "nonce")}
    assert "Come in" in words_of(client.post(path, form))
    assert "Come in" in words_of(client.post(path, form))
    assert CheckIn.objects.count() == 1


def test_an_entry_is_taken_back_for_ten_seconds(client: Client, path: str, tickets: list[Ticket]) -> None:
    undo = value_of(client.post(path, {"text": tickets[0].code}), "undo")
    assert value_of(client.get(path), "undo") == undo
    assert "Taken back: Ada Obi is not in." in words_of(client.post(path, {"undo": undo}, follow=True))
    assert Ticket.objects.get(pk=tickets[0].pk).status == "valid"
    undo = value_of(client.post(path, {"text": tickets[0].code}), "undo")
    CheckIn.objects.update(recorded_at=F("recorded_at") - timedelta(seconds=11))
    assert "can be undone for 10 seconds" in words_of(client.post(path, {"undo": undo}, follow=True))
    page = client.get(path)
    assert "Last in: Ada Obi" in words_of(page)
    assert 'name="undo"' not in page.content.decode()
    assert client.post(path, {"undo": "nonsense"}, follow=True).status_code == 200


def test_a_name_finds_tickets_and_each_has_a_button(client: Client, path: str, tickets: list[Ticket]) -> None:
    found = client.post(path, {"text": "haddad NOOR"})
    assert "1 ticket " in words_of(found)
    assert value_of(found, "code") == tickets[1].code
    assert "2 tickets" in words_of(client.post(path, {"text": "ada"}))
    for nobody in ("a", "nobody", "%", "a b c d e f", "…"):
        assert "Nobody by that name" in words_of(client.post(path, {"text": nobody}))
    assert "Come in Noor Haddad" in words_of(client.post(path, {"code": tickets[1].code}))
    assert "already in" in words_of(client.post(path, {"text": "Noor"}))


def test_a_name_that_looks_like_a_code_is_a_name_unless_it_is_one(
    client: Client, path: str, tickets: list[Ticket]
) -> None:
    Ticket.objects.filter(pk=tickets[0].pk).update(holder_name="Mary Ann Fay")
    assert "Mary Ann Fay" in words_of(client.post(path, {"text": "Mary Ann Fay"}))
    assert not CheckIn.objects.exists()
    Ticket.objects.filter(pk=tickets[1].pk).update(code="MARYANNFAY")
    assert "Come in Noor Haddad" in words_of(client.post(path, {"text": "MARYA-NNFAY"}))


def test_who_may_come_in_is_waved_on_unless_there_is_something_to_read(
    client: Client,
    path: str,
    general: TicketType,
    sell: Callable[..., Order],
    dispute: Callable[..., Dispute],
) -> None:
    first, second = (order := sell((general, 2))).tickets.all()
    assert "data-leaves" in client.post(path, {"text": first.code}).content.decode()
    assert "data-leaves" not in client.post(path, {"text": first.code}).content.decode()
    dispute(order)
    noted = client.post(path, {"text": second.code})
    assert "Come in Ada Obi General admission. This payment is disputed." in words_of(noted)
    assert "data-leaves" not in noted.content.decode()


def test_names_are_sent_in_no_address(client: Client, path: str) -> None:
    assert 'method="get"' not in client.get(path).content.decode()


def test_a_cancelled_event_says_so(client: Client, path: str, tickets: list[Ticket]) -> None:
    Event.objects.update(status="cancelled")
    assert "This event is cancelled. Nobody is let in." in words_of(client.get(path))
    assert "This event is cancelled." in words_of(client.post(path, {"text": tickets[0].code}))
    assert not CheckIn.objects.exists()
    Event.objects.update(status="published")


# --- door links


def test_a_door_link_needs_no_account_and_leads_nowhere_else(door: str, tickets: list[Ticket]) -> None:
    page = Client().get(door)
    assert "Door 2" in words_of(page)
    assert "/dashboard/" not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "camera=(self)" in page["Permissions-Policy"]
    assert "camera=()" in Client().get("/")["Permissions-Policy"]
    assert "Come in" in words_of(Client().post(door, {"text": tickets[0].code}))
    assert CheckIn.objects.get().gate == "Door 2"


def test_a_door_link_that_is_over_says_so_and_lets_nobody_in(door: str, tickets: list[Ticket]) -> None:
    DoorLink.objects.update(expires_at=timezone.now())
    assert "This door link has ended" in words_of(Client().get(door), 410)
    assert "Ask the organizer for a new one" in words_of(Client().post(door, {"text": tickets[0].code}), 410)
    assert not CheckIn.objects.exists()


def test_an_unknown_door_link_is_not_found_and_guesses_are_counted(db: None, settings: Settings) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "lookup": "2/hour"}
    said = [Client().get(f"/door/{number}/").status_code for number in range(3)]
    assert said == [404, 404, 429]


def test_scans_are_counted(settings: Settings, door: str, client: Client, path: str) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "door": "1/hour"}
    assert [Client().post(door, {"code": "A"}).status_code for _ in range(2)] == [200, 429]
    assert client.post(path, {"code": "A"}).status_code == 200


def test_a_form_from_elsewhere_is_refused(door: str, tickets: list[Ticket]) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(door, {"text": tickets[0].code}).status_code == 403
    assert not CheckIn.objects.exists()


def test_no_input_breaks_the_page(client: Client, path: str, tickets: list[Ticket]) -> None:
    for wish in (
        {"text": "\x00"},
        {"text": "x" * 10_000},
        {"code": "a\x00b", "nonce": "\x00" * 99},
        {"undo": "\x00"},
        {"code": tickets[0].code, "nonce": "n" * 500, "override_reason": "r" * 5000},
        {},
    ):
        assert client.post(path, wish, follow=True).status_code == 200


def test_the_door_takes_the_same_few_statements_however_many_are_in(
    door: str, tickets: list[Ticket], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for ticket in tickets[:2]:
        with django_assert_num_queries(10):
            Client().post(door, {"code": ticket.code})
        with django_assert_num_queries(3):
            Client().get(door)


def test_a_scanners_home_leads_to_the_door(client: Client, event: Event, path: str) -> None:
    assert f'href="{path}"' in client.get("/dashboard/").content.decode()
