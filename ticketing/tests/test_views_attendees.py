"""Who comes to an event: tabs with counts, a search, pages, and the table for spreadsheets."""

import csv
import io
import re

import pytest
from django.test import Client

from accounts.models import Organization, User
from ticketing.models import Event, Order, Ticket, TicketType
from ticketing.selectors import attendees
from ticketing.services.checkout import Item, start_checkout
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
HOSTILE = "=1+1<script>alert(1)</script>"


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def free(organization: Organization) -> TicketType:
    event = EventFactory(organization=organization, title="Seed Swap", slug="seed-swap")
    return TicketTypeFactory(event=event, name="Free entry", price_amount=0, capacity=1000)


def book(
    ticket_type: TicketType, quantity: int = 1, *, name: str = "Ada Obi", email: str = "ada@example.com"
) -> Order:
    items = [Item(ticket_type.public_id, quantity)]
    return start_checkout(ticket_type.event, items=items, email=email, name=name).order


def path_of(event: Event, more: str = "/") -> str:
    return f"/dashboard/events/{event.slug}/attendees{more}"


def names(client: Client, event: Event, query: str = "") -> list[str]:
    answer = client.get(path_of(event) + query)
    assert answer.status_code == 200, answer.status_code
    return [row.ticket.holder_name for row in answer.context["list"].rows]


def rows_of(client: Client, event: Event, query: str = "") -> list[dict[str, str]]:
    answer = client.get(path_of(event, ".csv") + query)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_nobody_yet_says_so(client: Client, free: TicketType) -> None:
    assert "Nobody yet" in client.get(path_of(free.event)).content.decode()


@pytest.mark.broken_books("a ticket cancelled by hand, its seat still sold")
def test_the_tabs_count_and_part_the_tickets(client: Client, free: TicketType) -> None:
    for name in ("cara", "Ben", "Ada"):
        book(free, name=name)
    Ticket.objects.filter(holder_name="Ben").update(status="checked_in")
    Ticket.objects.filter(holder_name="cara").update(status="cancelled")
    page = client.get(path_of(free.event)).content.decode()
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Going 2 Checked in 1 Not checked in 1 Cancelled 1" in words
    shown = {
        "": ["Ada", "Ben"],
        "?tab=checked_in": ["Ben"],
        "?tab=not_checked_in": ["Ada"],
        "?tab=cancelled": ["cara"],
        "?tab=nonsense": ["Ada", "Ben"],
    }
    for query, found in shown.items():
        assert names(client, free.event, query) == found
        assert [row["name"] for row in rows_of(client, free.event, query)] == found[::-1]


def test_the_search_knows_name_address_domain_and_code(client: Client, free: TicketType) -> None:
    book(free, name="Ada Obi", email="ada@example.com")
    other = book(free, name="Rui Costa", email="rui@harbour.test")
    ticket = other.tickets.get()
    code = f"{ticket.code[:5]}-{ticket.code[5:]}".lower()
    for search in ("rui", "COSTA", "harbour.test", code, other.code):
        assert names(client, free.event, f"?q={search}") == ["Rui Costa"], search
        assert [row["order"] for row in rows_of(client, free.event, f"?q={search}")] == [other.code]
    assert "Nobody here matches" in client.get(f"{path_of(free.event)}?q=nobody").content.decode()
    assert client.get(f"{path_of(free.event)}?q=%00&page=999").status_code == 200


def test_pages_and_batches_lose_nobody(
    client: Client, free: TicketType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendees, "PAGE_SIZE", 2)
    monkeypatch.setattr(attendees, "BATCH", 2)
    for number in range(5):
        book(free, name=f"Ada {number}")
    everybody = [f"Ada {number}" for number in range(5)]
    assert [names(client, free.event, f"?page={page}") for page in (1, 2, 3)] == [
        everybody[:2],
        everybody[2:4],
        everybody[4:],
    ]
    assert [row["name"] for row in rows_of(client, free.event)] == everybody


def test_what_a_buyer_typed_is_neither_markup_nor_a_formula(client: Client, free: TicketType) -> None:
    book(free, name=HOSTILE)
    assert "<script>alert" not in client.get(path_of(free.event)).content.decode()
    (row,) = rows_of(client, free.event)
    assert row["name"] == row["buyer"] == f"'{HOSTILE}"


def test_another_events_attendees_are_not_among_them(client: Client, free: TicketType) -> None:
    book(TicketTypeFactory(price_amount=0), name="Elsewhere")
    book(free)
    assert names(client, free.event) == ["Ada Obi"]
    assert len(rows_of(client, free.event, "?tab=going")) == 1
