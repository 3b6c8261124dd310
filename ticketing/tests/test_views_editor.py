"""The event editor: drafts, previews, errors that lose nothing, stale pages, hostile words."""

import gzip
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization, User
from connect.models import FeePlan, FeeTerms
from ticketing.models import Event
from ticketing.tests.factories import EventFactory, TicketTypeFactory
from ticketing.tests.test_content import picture

pytestmark = pytest.mark.django_db
NEW = "/dashboard/events/new/"
LEAST = {
    "title": "Night Market",
    "starts_at": "2030-12-12T19:30",
    "timezone": "Europe/London",
    "fee_absorption": "usual",
    "currency": "usd",
}


@pytest.fixture
def client(organizer: User) -> Client:
    client = Client()
    client.force_login(organizer)
    return client


@pytest.fixture
def draft(organization: Organization) -> Event:
    return EventFactory(
        organization=organization,
        slug="night-market",
        title="Night Market",
        status=Event.Status.DRAFT,
        timezone="Europe/London",
    )


def form_of(client: Client, event: Event) -> dict[str, Any]:
    """What a browser would send of the editor as it stands."""
    form = client.get(f"/dashboard/events/{event.slug}/edit/").context["form"]
    values = {field.name: field.value() for field in form}
    return {name: "" if value is None else value for name, value in values.items() if name != "cover"}


def save(client: Client, event: Event, **changes: Any) -> Any:
    return client.post(f"/dashboard/events/{event.slug}/edit/", {**form_of(client, event), **changes})


def test_a_name_a_time_and_a_zone_make_a_draft(client: Client) -> None:
    answer = client.post(NEW, LEAST)
    event = Event.objects.get()
    assert answer["Location"] == "/dashboard/events/night-market/tickets/"
    assert (event.status, event.slug, event.fee_absorption) == ("draft", "night-market", None)
    assert event.starts_at.isoformat() == "2030-12-12T19:30:00+00:00"
    assert (event.ends_at - event.starts_at).total_seconds() == 3 * 3600


def test_the_form_of_a_new_event_asks_for_little_and_has_words_already(client: Client) -> None:
    form = client.get(NEW).context["form"]
    chosen_by_itself = ("currency",)  # a list whose first choice stands there
    asked = [
        field.name
        for field in form
        if field.field.required and not field.value() and field.name not in chosen_by_itself
    ]
    assert asked == ["title"]
    assert "we will do what we can" in form["accessibility"].value()
    assert "Full refund until 7 days before" in form["refund_policy"].value()


def test_the_zone_of_the_last_event_is_offered(client: Client, draft: Event) -> None:
    assert client.get(NEW).context["form"]["timezone"].value() == "Europe/London"


def test_times_are_on_the_events_own_clock(client: Client, draft: Event) -> None:
    save(client, draft, starts_at="2030-07-01T19:30", ends_at="2030-07-01T23:00", doors_at="2030-07-01T19:00")
    event = Event.objects.get()
    assert event.doors_at
    assert event.doors_at.isoformat() == "2030-07-01T18:00:00+00:00"
    assert event.starts_at.isoformat() == "2030-07-01T18:30:00+00:00"
    page = client.get(f"/dashboard/events/{event.slug}/edit/").content.decode()
    assert 'value="2030-07-01T19:30"' in page
    assert "Buyers see: Mon 1 Jul 2030, 7:30 pm to 11:00 pm BST" in page


def test_an_hour_that_the_clocks_skip_is_refused(client: Client) -> None:
    answer = client.post(NEW, {**LEAST, "starts_at": "2030-03-31T01:30"})
    assert "The clocks skip this hour on that day." in answer.content.decode()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("title", "", "Give the event a name"),
        ("title", "x" * 121, "at most 120"),
        ("starts_at", "soon", "Enter a date and a time"),
        ("starts_at", "9999-12-31T23:59", "too far away"),
        ("starts_at", "0001-01-01T00:00", "too far away"),
        ("ends_at", "2030-12-12T19:00", "must end after it starts"),
        ("ends_at", "2199-12-12T19:00", "may last a year"),
        ("doors_at", "2099-12-12T19:00", "must open before the event starts"),
        ("timezone", "Mars/Base", "Mars/Base is not one of"),
        ("timezone", "", "Choose the time zone"),
        ("capacity", "-1", "greater than or equal to 1"),
        ("capacity", "9" * 30, "less than or equal to 1000000"),
        ("fee_absorption", "nobody", "nobody is not one of"),
        ("description", "x" * 20001, "at most 20000"),
        ("title", "a\x00b", "Null characters are not allowed"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(
    client: Client, name: str, value: str, words: str
) -> None:
    answer = client.post(NEW, {**LEAST, "venue_name": "The Old Ropeworks", name: value})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page
    assert "<title>Error: " in page
    assert f'href="#id_{name}' in page
    assert 'value="The Old Ropeworks"' in page
    assert not Event.objects.exists()


def test_a_cover_is_drawn_anew_and_a_false_one_refused(client: Client, draft: Event) -> None:
    save(client, draft, cover=picture(), cover_alt="Lanterns")
    event = Event.objects.get()
    assert event.cover.name.endswith(".jpg")
    answer = save(client, event, cover=picture(kind="GIF"), title="Another name")
    page = answer.content.decode()
    assert "PNG, JPEG or WebP" in page
    assert "Choose the image again" in page
    assert 'value="Another name"' in page
    assert Event.objects.get().title == "Night Market"
    save(client, event, no_cover="on")
    assert not Event.objects.get().cover


def test_a_preview_shows_the_text_and_saves_nothing(client: Client, draft: Event) -> None:
    answer = save(client, draft, description="**Come hungry.**", title="Changed", preview="1")
    page = answer.content.decode()
    assert "<strong>Come hungry.</strong>" in page
    assert 'value="Changed"' in page
    assert Event.objects.get().title == "Night Market"


def test_a_preview_judges_nothing_that_is_still_missing(client: Client) -> None:
    given = {"description": "# Six kitchens", "starts_at": "soon", "venue_name": "Quay", "preview": "1"}
    page = client.post(NEW, given).content.decode()
    assert "<h3>Six kitchens</h3>" in page
    assert "There is a problem" not in page
    assert "field-error" not in page
    assert 'value="Quay"' in page
    assert 'value="soon"' in page
    when = client.post(NEW, {**LEAST, "preview": "1"}).content.decode()
    assert "Buyers see: Thu 12 Dec 2030, 7:30 pm to 10:30 pm GMT" in when
    assert not Event.objects.exists()


def test_a_zone_that_is_no_longer_offered_stays_with_its_event(client: Client, draft: Event) -> None:
    Event.objects.update(timezone="US/Eastern")
    assert save(client, draft, title="Another").status_code == 302
    assert Event.objects.get().timezone == "US/Eastern"


def test_the_second_of_two_editors_is_told_what_the_first_one_saved(client: Client, draft: Event) -> None:
    mine = form_of(client, draft)
    save(client, draft, venue_name="Hers")
    path = "/dashboard/events/night-market/edit/"
    answer = client.post(path, {**mine, "title": "His"})
    page = answer.content.decode()
    assert "Somebody else changed this event" in page
    assert "<dt>Venue</dt><dd>Hers</dd>" in page
    assert 'value="His"' in page
    assert Event.objects.get().title == "Night Market"
    again = {**mine, "title": "His", "version": answer.context["form"]["version"].value()}
    assert client.post(path, again).status_code == 302
    assert (Event.objects.get().title, Event.objects.get().venue_name) == ("His", "The Old Ropeworks")


def test_a_form_without_its_version_overwrites_nothing(client: Client, draft: Event) -> None:
    answer = save(client, draft, version="", title="His")
    assert "Somebody else changed this event" in answer.content.decode()


def test_the_address_changes_until_the_first_sale(
    client: Client, event: Event, general: Any, sell: Callable[..., Any]
) -> None:
    Event.objects.update(status="draft")
    answer = save(client, event, slug="spring-market")
    assert answer["Location"] == "/dashboard/events/spring-market/edit/"
    event = Event.objects.get()
    Event.objects.update(status="published")
    sell((general, 1))
    page = client.get("/dashboard/events/spring-market/edit/").content.decode()
    assert "Buyers have the link" in page
    save(client, event, slug="elsewhere", title="Named anew")
    assert (Event.objects.get().slug, Event.objects.get().title) == ("spring-market", "Named anew")


def test_who_pays_the_fees_is_shown_by_the_events_own_ticket(client: Client, draft: Event) -> None:
    TicketTypeFactory(event=draft, price_amount=2500)
    page = client.get("/dashboard/events/night-market/edit/").content.decode()
    assert "A $25.00 ticket: Buyers see $27.83. You receive $25.00." in page
    assert "A $25.00 ticket: Buyers see $25.00. You receive $22.22." in page
    save(client, draft, fee_absorption="pass_to_buyer")
    assert Event.objects.get().fee_absorption == "pass_to_buyer"
    save(client, draft, fee_absorption="usual")
    assert Event.objects.get().fee_absorption is None


def test_the_currency_is_fixed_by_the_first_ticket_type(client: Client, draft: Event) -> None:
    terms = FeeTerms.objects.filter(plan__is_default_for=draft.organization.kind, currency="usd").first()
    plan = FeePlan.objects.get(pk=terms.plan_id)
    values = {
        field.name: getattr(terms, field.name)
        for field in FeeTerms._meta.concrete_fields
        if field.name not in ("id", "currency")
    }
    FeeTerms.objects.get_or_create(currency="eur", plan=plan, defaults=values)
    save(client, draft, currency="eur")
    assert Event.objects.get().currency == "eur"
    TicketTypeFactory(event=draft)
    assert "currency" not in client.get("/dashboard/events/night-market/edit/").context["form"].fields


def test_a_ready_draft_is_saved_and_published_by_one_button(client: Client, draft: Event) -> None:
    assert "Publish event" not in client.get("/dashboard/events/night-market/edit/").content.decode()
    TicketTypeFactory(event=draft)
    assert "Publish event" in client.get("/dashboard/events/night-market/edit/").content.decode()
    answer = save(client, draft, title="Better name", publish="1")
    assert answer["Location"] == "/dashboard/events/night-market/"
    assert (Event.objects.get().status, Event.objects.get().title) == ("published", "Better name")


def test_somebody_without_an_organization_sells_under_their_own_name(buyer: User) -> None:
    client = Client()
    client.force_login(buyer)
    assert client.get(NEW).status_code == 200
    assert not Organization.objects.exists()
    client.post(NEW, LEAST)
    assert Event.objects.get().organization.host == buyer


def test_a_cancelled_event_is_not_changed(client: Client, draft: Event) -> None:
    Event.objects.update(status="cancelled")
    assert "A cancelled event can" in save(client, draft, title="Again").content.decode()


class Reader(HTMLParser):
    """Notes every tag that a browser would run something for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get("src") or given.get("href") or ""
        if (tag == "script" and "src" not in given) or any(name.startswith("on") for name in given):
            self.found.append(f"{tag} {given}")
        if source == "x" or source.startswith("javascript:"):
            self.found.append(f"{tag} {source}")


def tags_that_run(html: str) -> list[str]:
    reader = Reader()
    reader.feed(html)
    return reader.found


HOSTILE = """\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7|add:7 }}"""


def test_hostile_words_in_every_field_stay_words_on_every_page(
    client: Client, organization: Organization
) -> None:
    Organization.objects.update(name=HOSTILE)
    event = EventFactory(
        organization=organization,
        slug="hostile",
        timezone="Europe/London",
        **dict.fromkeys(
            ("title", "venue_name", "address", "description", "accessibility", "refund_policy", "cover_alt"),
            HOSTILE,
        ),
    )
    TicketTypeFactory(event=event, name=HOSTILE, description=HOSTILE, is_hidden=True)
    base = "/dashboard/events/hostile/"
    public_id = event.ticket_types.get().public_id
    pages = ["/dashboard/events/", f"/dashboard/events/?q={HOSTILE}", base]
    pages += [
        base + part for part in ("edit/", "tickets/", "tickets/new/", f"tickets/{public_id}/", "cancel/")
    ]
    for page in pages:
        assert tags_that_run(client.get(page).content.decode()) == [], page
    assert tags_that_run(save(client, event, preview="1").content.decode()) == []


def test_a_draft_shows_as_buyers_will_see_it_with_a_way_back_for_those_who_may_edit(
    client: Client, draft: Event, scanner: User
) -> None:
    path = "/e/night-market/"
    page = client.get(path).content.decode()
    assert "Only members of Harbour Arts can see this page." in page
    assert 'href="/dashboard/events/night-market/"' in page
    colleague = Client()
    colleague.force_login(scanner)
    assert "Back to editing" not in colleague.get(path).content.decode()
    assert Client().get(path).status_code == 404
    Event.objects.update(status="published")
    assert "Back to editing" not in client.get(path).content.decode()


def test_the_editor_is_light_enough_for_a_phone(client: Client, draft: Event) -> None:
    page = client.get("/dashboard/events/night-market/edit/").content
    assert len(gzip.compress(page)) < 20_000
