"""The organizer's list of events and one event's overview: what they say, in which state, at what cost."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from ledger import chart
from ledger.services.balances import balance
from ticketing.models import Event, Order, Ticket, TicketType
from ticketing.selectors.event_overview import event_overview
from ticketing.selectors.sales_charts import sales_chart
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
LIST = "/dashboard/events/"


@pytest.fixture
def client(organizer: User) -> Client:
    """A browser of the organization's OWNER."""
    client = Client()
    client.force_login(organizer)
    return client


def text_of(client: Client, path: str) -> str:
    """A page's words without its tags."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_tabs_count_and_part_the_events(client: Client, organization: Organization) -> None:
    EventFactory(organization=organization, title="Soon")
    EventFactory(organization=organization, title="Paused", status=Event.Status.PAUSED)
    EventFactory(organization=organization, title="Sketch", status=Event.Status.DRAFT)
    EventFactory(organization=organization, title="Over", starts_at=now() - timedelta(days=9))
    EventFactory(organization=organization, title="Off", status=Event.Status.CANCELLED)
    EventFactory(title="Somebody else's")
    page = text_of(client, LIST)
    assert "Upcoming 2 Draft 1 Past 1 Cancelled 1" in page
    shown = {
        "": ("Soon", "Paused"),
        "?tab=draft": ("Sketch",),
        "?tab=past": ("Over",),
        "?tab=cancelled": ("Off",),
        "?tab=nonsense": ("Soon", "Paused"),
    }
    for query, titles in shown.items():
        rows = client.get(LIST + query).context["list"].rows
        assert tuple(row.event.title for row in rows) == titles


@pytest.mark.parametrize(
    ("fields", "type_fields", "word"),
    [
        ({}, {}, "On sale"),
        ({}, {"sold": 100}, "Sold out"),
        ({"status": "paused"}, {}, "Sales paused"),
        ({}, {"price_amount": 5000, "sales_start": now() + timedelta(days=1)}, "Sales not started"),
        ({}, {"sales_end": now()}, "Sales ended"),
        ({}, {"stopped_at": now()}, "Sales ended"),
        ({}, None, "No tickets"),
    ],
)
def test_the_status_says_what_buyers_meet(
    client: Client, connected_organization: Organization, fields: Any, type_fields: Any, word: str
) -> None:
    event = EventFactory(organization=connected_organization, **fields)
    if type_fields is not None:
        TicketTypeFactory(event=event, **type_fields)
    assert str(client.get(LIST).context["list"].rows[0].word) == word


def test_without_stripe_paid_tickets_wait_and_free_ones_are_on_sale(
    client: Client, organization: Organization
) -> None:
    paid = TicketTypeFactory(event__organization=organization)
    assert "Waiting for Stripe" in text_of(client, LIST)
    TicketTypeFactory(event=paid.event, price_amount=0)
    assert "On sale" in text_of(client, LIST)


def test_the_search_looks_at_name_and_place_and_stays_in_the_tabs(
    client: Client, organization: Organization
) -> None:
    EventFactory(organization=organization, title="Night Market", venue_name="Ropeworks")
    EventFactory(organization=organization, title="Print Fair", venue_name="Hall", address="Quay Street")
    EventFactory(organization=organization, title="Ropewalk", status=Event.Status.DRAFT)
    found = client.get(LIST, {"q": "rope"}).context["list"]
    assert [row.event.title for row in found.rows] == ["Night Market"]
    assert [tab.count for tab in found.tabs] == [1, 1, 0, 0]
    assert "tab=draft&amp;q=rope" in client.get(LIST, {"q": "rope"}).content.decode()
    assert "match “%" in text_of(client, LIST + "?q=%25")
    assert client.get(LIST, {"q": "\x00"}).status_code == 200


def test_nothing_yet_and_nothing_found_are_said_apart(client: Client, organization: Organization) -> None:
    assert "Your first event" in text_of(client, LIST)
    EventFactory(organization=organization, status=Event.Status.DRAFT)
    assert "Nothing is planned" in text_of(client, LIST)
    assert "Clear search" in text_of(client, LIST + "?q=zzz")


def test_the_list_goes_on_with_the_next_page(client: Client, organization: Organization) -> None:
    EventFactory.create_batch(21, organization=organization)
    assert "1 to 20 of 21" in text_of(client, LIST)
    assert "21 to 21 of 21" in text_of(client, LIST + "?page=2")
    assert client.get(LIST + "?page=99999999999").status_code == 200


def test_the_figures_add_up_to_what_the_ledger_owes_the_organizer(
    client: Client,
    event: Event,
    general: TicketType,
    sell: Callable[..., Order],
    organizer: User,
    settle: Callable[[], None],
) -> None:
    Event.objects.update(fee_absorption="pass_to_buyer")
    orders = [sell((general, 2)), sell((general, 1))]
    ticket = orders[0].tickets.first()
    request_refund(orders[0], actor=organizer, tickets=[ticket.code], reason="Ill")
    settle()
    figures = event_overview(event).figures
    owed = -balance(chart.organizer(event.organization), currency="usd")
    assert figures.net_amount == owed == 10000
    assert figures.gross_amount == 3 * 5458
    assert figures.refunded_amount == 5458
    assert figures.other_amount == 0
    page = text_of(client, f"{LIST}{event.slug}/")
    assert "Net to you $100.00" in page
    assert "2 of 100 sold" in page
    assert "$100.00" in text_of(client, LIST)


def test_sales_are_drawn_by_the_day_in_the_events_own_zone(
    event: Event, general: TicketType, sell: Callable[..., Order]
) -> None:
    sell((general, 3))
    # Half past four in the morning of the 2nd at Greenwich is still the 1st in New York.
    Ticket.objects.update(created_at=(now() - timedelta(days=3)).replace(hour=4, minute=30))
    chart_of_days = sales_chart(event)
    assert chart_of_days
    day = (now() - timedelta(days=4)).date()
    assert [(bar.day, bar.tickets, bar.paid_amount) for bar in chart_of_days.rows] == [(day, 3, 15000)]
    assert len(chart_of_days.bars) == 14
    assert not chart_of_days.is_weekly


def test_many_days_are_drawn_by_the_week(
    event: Event, general: TicketType, sell: Callable[..., Order]
) -> None:
    sell((general, 2))
    first = Ticket.objects.order_by("id").first()
    Ticket.objects.filter(pk=first.pk).update(created_at=now() - timedelta(days=200))
    weeks = sales_chart(event)
    assert weeks
    assert weeks.is_weekly
    assert weeks.tickets == 2
    assert all(bar.day.weekday() == 0 for bar in weeks.bars)
    assert len(weeks.bars) < 32


def test_what_is_missing_is_listed_and_publishing_waits_for_it(
    client: Client, organization: Organization
) -> None:
    event = EventFactory(organization=organization, status=Event.Status.DRAFT, published_at=None)
    path = f"{LIST}{event.slug}/"
    page = text_of(client, path)
    assert "None yet" in page
    assert "Publish event" not in page
    answer = client.post(f"{path}publish/", follow=True)
    assert "Add a ticket type before you publish the event." in answer.content.decode()
    TicketTypeFactory(event=event)
    assert "Publish event" in text_of(client, path)
    client.post(f"{path}publish/")
    assert Event.objects.get().status == "published"


def test_sales_are_paused_and_resumed(client: Client, organization: Organization) -> None:
    event = TicketTypeFactory(event__organization=organization, price_amount=0).event
    path = f"{LIST}{event.slug}/"
    assert "Pause sales" in text_of(client, path)
    client.post(f"{path}pause/")
    assert Event.objects.get().status == "paused"
    assert "Resume sales" in text_of(client, path)
    assert "Sales go on." in client.post(f"{path}publish/", follow=True).content.decode()
    assert Event.objects.get().status == "published"


def test_a_duplicate_opens_in_the_editor(client: Client, organization: Organization) -> None:
    event = TicketTypeFactory(event__organization=organization, event__title="Night Market").event
    answer = client.post(f"{LIST}{event.slug}/duplicate/")
    copy = Event.objects.get(title="Night Market (copy)")
    assert answer["Location"] == f"{LIST}{copy.slug}/edit/"
    assert copy.ticket_types.count() == 1


def test_a_manager_is_not_offered_to_cancel(organization: Organization, manager: User) -> None:
    event = EventFactory(organization=organization)
    client = Client()
    client.force_login(manager)
    assert "Cancel event" not in text_of(client, f"{LIST}{event.slug}/")


def test_a_scanner_sees_none_of_it(organization: Organization, scanner: User) -> None:
    client = Client()
    client.force_login(scanner)
    assert LIST not in client.get("/dashboard/").content.decode()
    assert client.get(LIST).status_code == 403


def test_the_page_of_an_event_makes_its_organization_the_current_one(
    client: Client, organizer: User, stranger: User
) -> None:
    other = stranger.memberships.get().organization
    other.memberships.create(user=organizer, role="MANAGER")
    event = EventFactory(organization=other, title="Elsewhere")
    assert other.name in text_of(client, f"{LIST}{event.slug}/")
    assert "Elsewhere" in text_of(client, LIST)


def test_somebody_in_no_organization_is_shown_how_to_begin(buyer: User) -> None:
    client = Client()
    client.force_login(buyer)
    assert client.get(LIST)["Location"] == "/dashboard/"
    assert "who sells the tickets?" in client.get("/dashboard/").content.decode()


def test_what_is_no_longer_sold_leaves_no_room(client: Client, organization: Organization) -> None:
    event = EventFactory(organization=organization, sold=3)
    TicketTypeFactory(event=event, capacity=50, sold=3, stopped_at=now())
    TicketTypeFactory(event=event, capacity=10)
    assert "3 of 13 sold" in text_of(client, LIST)
