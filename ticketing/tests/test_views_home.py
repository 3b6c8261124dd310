"""The list of events: what is found by which words, place and day; prices, pages, and what a visit costs."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from accounts.tests.factories import OrganizationFactory
from connect.models import FeeOverride, FeePlan, PlanAssignment
from connect.selectors import get_terms, get_terms_of_many
from maly.codes import make_code
from ticketing.models import Event, EventListing, TicketType
from ticketing.selectors.event_search import EventFilters, find_events, find_near
from ticketing.tests.factories import EventFactory, TicketTypeFactory

Queries = Callable[[int], Any]


def home(client: Client, **given: str) -> str:
    response = client.get("/", given)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def titles(client: Client, **given: str) -> list[str]:
    """The titles of the cards, in their order."""
    return re.findall(r'event-card-title"><a[^>]*>([^<]*)<', home(client, **given))


@pytest.fixture
def market(event: Event) -> Event:
    """In Bristol, passed fees, $54.58."""
    event.fee_absorption, event.address = "pass_to_buyer", "14 Quay Street, Bristol BS1 4AA"
    event.save(update_fields=["fee_absorption", "address"])
    TicketTypeFactory(event=event, name="Supper seat")
    return event


def test_the_list_shows_what_is_on_soonest_first(client: Client, market: Event) -> None:
    later = EventFactory(organization=market.organization, title="Later", starts_at=now() + timedelta(90))
    for status in ("draft", "cancelled"):
        EventFactory(organization=market.organization, title=f"Not {status}", status=status)
    past = {"starts_at": now() - timedelta(9), "ends_at": now() - timedelta(8)}
    EventFactory(organization=market.organization, title="Not ended", **past)
    assert titles(client) == ["Night Market", later.title]
    assert "$54.58" in home(client)
    assert "The Old Ropeworks, Bristol" in home(client)


@pytest.mark.parametrize(
    ("given", "finds"),
    [
        ({"q": "night"}, True),
        ({"q": "MARKETS nights"}, True),  # other endings
        ({"q": "ropew"}, True),
        ({"q": "celik arts market bristol"}, True),  # organizer, title and place; without its accents
        ({"q": "the night"}, True),  # little words count for nothing beside others
        ({"q": "市場"}, True),  # a script without spaces, from the middle of a word
        ({"q": "night opera"}, False),
        ({"where": "bristol"}, True),
        ({"where": "Quay Street"}, True),
        ({"where": "Bristol, UK"}, True),
        ({"where": "celik"}, False),  # the organizer's name is no place
        ({"q": "night", "where": "london"}, False),
        ({"q": "night", "free": "1"}, False),
    ],
)
def test_words_are_found_in_any_ending_and_place(
    client: Client, market: Event, given: dict[str, str], finds: bool
) -> None:
    Event.objects.filter(pk=market.pk).update(title="Night Market 夜の市場")
    Organization.objects.filter(pk=market.organization_id).update(name="Çelik & Arts")
    assert bool(titles(client, **given)) is finds


@pytest.mark.parametrize("given", [{"q": "nigth markt"}, {"q": "ropewrks"}, {"where": "brsitol"}])
def test_what_is_misspelled_is_shown_as_close(client: Client, market: Event, given: dict[str, str]) -> None:
    EventFactory(title="Seed swap", venue_name="Cotham", organization=OrganizationFactory(name="Allotments"))
    assert titles(client, **given) == ["Night Market"]
    assert "These are close:" in home(client, **given)
    assert "These are close:" not in home(client, q="night")


def test_nobodys_words_break_the_search(client: Client, market: Event) -> None:
    for words in (
        "' & | ! \\ : * ( )",
        "%_",
        "½ ŉ o'clock",
        "\x00",
        "a" * 5000,
        "-- ;",
        "night:* <-> x",
        "<b>",
    ):
        home(client, q=words, where=words)
    for odd in ("2026-02-30", "2026-13-01", "tomorrow", "9999-12-31", "1", "2026-1-1 ", "\x00"):
        assert titles(client, when=odd) == ["Night Market"]
    for odd in ("no-such-event", "\x00", "x" * 500):
        assert titles(client, after=odd) == titles(client, before=odd) == ["Night Market"]


def test_the_words_follow_every_change_and_no_sale(market: Event) -> None:
    listing = EventListing.objects.get(event=market)
    Event.objects.filter(pk=market.pk).update(held=3, sold=2)
    assert EventListing.objects.get(event=market).changed_at == listing.changed_at
    for change in (
        lambda: Event.objects.filter(pk=market.pk).update(venue_name="Tobacco Factory"),
        lambda: Organization.objects.filter(pk=market.organization_id).update(name="Tobacco Players"),
    ):
        assert not find_events(EventFilters(what="tobacco")).exists()
        change()
        assert find_events(EventFilters(what="tobacco")).exists()
        Event.objects.filter(pk=market.pk).update(venue_name="Elsewhere")
    assert EventListing.objects.get(event=market).changed_at > listing.changed_at


# A Thursday at noon in London: in Tokyo it is evening, in Los Angeles the early morning of the same day.
THURSDAY = datetime(2030, 6, 13, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "hours", "chips"),
    [
        ("Europe/London", "2030-06-13T19:00:00+01:00", 3, {"today", "week"}),
        ("Europe/London", "2030-06-12T20:00:00+01:00", 18, {"today", "week"}),  # still on
        ("Europe/London", "2030-06-13T23:30:00+01:00", 4, {"today", "week"}),
        ("Europe/London", "2030-06-14T00:30:00+01:00", 4, {"week"}),
        ("Europe/London", "2030-06-14T22:00:00+01:00", 5, {"week"}),  # ends on Saturday at three: Friday's
        ("Europe/London", "2030-06-15T10:00:00+01:00", 2, {"weekend", "week"}),
        ("Europe/London", "2030-06-16T23:00:00+01:00", 2, {"weekend", "week"}),
        ("Europe/London", "2030-06-19T20:00:00+01:00", 2, {"week"}),
        ("Europe/London", "2030-06-20T20:00:00+01:00", 2, set()),
        ("Asia/Tokyo", "2030-06-14T00:30:00+09:00", 2, {"week"}),  # 16:30 in London: not today where it is
        ("America/Los_Angeles", "2030-06-13T22:00:00-07:00", 2, {"today", "week"}),  # Friday in London
        (
            "Europe/London",
            "2030-06-01T10:00:00+01:00",
            24 * 30,
            {"today", "weekend", "week"},
        ),  # an exhibition
    ],
)
def test_a_day_is_the_events_own(
    organization: Organization, zone: str, start: str, hours: int, chips: set[str]
) -> None:
    starts_at = datetime.fromisoformat(start)
    ends_at = starts_at + timedelta(hours=hours)
    EventFactory(organization=organization, timezone=zone, starts_at=starts_at, ends_at=ends_at)
    with time_machine.travel(THURSDAY, tick=False):
        found = {
            chip for chip in ("today", "weekend", "week") if find_events(EventFilters(when=chip)).exists()
        }
    assert found == chips


def test_a_day_of_the_calendar_is_searched(client: Client, market: Event) -> None:
    local = datetime(2030, 12, 13, 23, 30, tzinfo=UTC)  # 18:30 in New York
    Event.objects.filter(pk=market.pk).update(starts_at=local, ends_at=local + timedelta(hours=9))
    assert titles(client, when="2030-12-13") == ["Night Market"]
    assert titles(client, when="2030-12-14") == titles(client, when="2030-12-12") == []
    page = client.get("/?when=weekend&when=2030-12-13").content.decode()  # a chip, and then a day is typed
    assert "on Fri 13 Dec 2030" in page
    assert "Night Market" in page


def test_nothing_found_says_what_was_looked_for_and_where_there_is_something(
    client: Client, market: Event, django_assert_max_num_queries: Queries
) -> None:
    assert "No events match “&lt;zebra&gt;”." in home(client, q="<zebra>")
    assert "See all events" in home(client, q="<zebra>")
    cache.clear()
    with django_assert_max_num_queries(3):
        page = home(client, where="Bristol", when="today", free="1")
    assert "No free events in Bristol today." in page
    assert "See events that cost something" not in page  # there is none today either
    assert "See any date" not in page
    assert "See any date" not in home(client, when="today", free="1")
    TicketTypeFactory(event=market, name="Helper", price_amount=0)
    assert 'href="/?free=1">See any date' in home(client, when="today", free="1")
    page = home(client, where="Bristol", when="today")
    assert 'href="/?where=Bristol">See any date' in page
    Event.objects.update(status="cancelled")
    assert "No events are planned yet" in home(client)


def test_free_is_what_a_visible_type_costs(client: Client, market: Event) -> None:
    assert titles(client, free="1") == []
    TicketTypeFactory(event=market, name="Press", price_amount=0, is_hidden=True)
    assert titles(client, free="1") == []
    TicketTypeFactory(event=market, name="Helper", price_amount=0)
    assert titles(client, free="1") == ["Night Market"]


def test_the_pages_follow_each_other_by_key_there_and_back(
    client: Client, organization: Organization
) -> None:
    at = now() + timedelta(days=60)  # many begin at once
    for number in range(30):
        EventFactory(organization=organization, title=f"E{number}", slug=f"e{number}", starts_at=at)
    first, seen, page = titles(client), titles(client), home(client)
    while link := re.search(r'href="\?(after=[^"]*)" rel="next">Later', page):
        page = client.get(f"/?{link[1]}").content.decode()
        seen += re.findall(r'event-card-title"><a[^>]*>([^<]*)<', page)
    assert seen == [f"E{number}" for number in range(30)]
    while link := re.search(r'href="\?(before=[^"]*)" rel="prev"', page):
        page = client.get(f"/?{link[1]}").content.decode()
    assert re.findall(r'event-card-title"><a[^>]*>([^<]*)<', page) == first
    assert "There are no more events." in home(client, after="e29")


def test_the_list_costs_the_same_however_long_it_is_and_one_query_while_nothing_changes(
    client: Client, market: Event, django_assert_max_num_queries: Queries
) -> None:
    for _ in range(12):
        TicketTypeFactory(
            event=EventFactory(organization=OrganizationFactory(), fee_absorption="pass_to_buyer")
        )
    with django_assert_max_num_queries(6):
        first = home(client)
    with django_assert_max_num_queries(1):
        assert home(client) == first
    with django_assert_max_num_queries(8):
        home(client, q="nigth", where="bristol", when="2030-01-01")
    with django_assert_max_num_queries(8):
        home(client, after=market.slug)
    TicketType.objects.filter(event=market).update(sold=100)
    assert "Sold out" in home(client)
    Event.objects.filter(pk=market.pk).update(status="cancelled")
    assert f'href="/e/{market.slug}/"' not in home(client)


def test_words_are_found_by_their_index(organization: Organization) -> None:
    start = now() + timedelta(days=1)
    Event.objects.bulk_create(
        EventFactory.build(
            organization=organization,
            title=f"{make_code(7)} {make_code(6)}",
            slug=f"made-{number}",
            starts_at=start + timedelta(hours=number),
            venue_name=make_code(9),
        )
        for number in range(2000)
    )
    EventFactory(organization=organization)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ticketing_event, ticketing_eventlisting")
    filters = EventFilters(what="market", where="ropeworks")
    assert "event_words" in find_events(filters)[:14].explain()
    assert "event_listed" in find_events(EventFilters())[:14].explain()
    assert "event_trigrams" in find_near(filters)[:14].explain()


def test_the_lists_prices_are_those_of_the_events_own_pages(event: Event, organizer: User) -> None:
    since = now() - timedelta(days=1)
    plan, other = FeePlan.objects.get(code="host"), OrganizationFactory(name="Assigned")
    PlanAssignment.objects.create(organization=other, plan=plan, effective_from=since, reason="A test")
    back = OrganizationFactory(name="Back on its plan")
    for organization, percent in ((event.organization, 1), (back, 9), (back, None)):
        fixed = None if percent is None else 10
        FeeOverride.objects.create(
            organization=organization,
            percent=percent,
            fixed_amount=fixed,
            effective_from=since,
            reason="A test",
        )
    later = now() + timedelta(days=1)
    FeeOverride.objects.create(
        organization=other, percent=50, fixed_amount=0, effective_from=later, reason="Not in force"
    )
    organizations = [event.organization, other, back, OrganizationFactory()]
    many = get_terms_of_many((organization, "usd") for organization in organizations)
    for organization in organizations:
        assert many[organization.pk, "usd"] == get_terms(organization, "usd")
