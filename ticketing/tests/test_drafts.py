"""Drafts: a name is enough, a date can wait, and a form that is sent twice makes one of each."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import Organization, User
from ticketing.models import Event, TicketType
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
EVENTS = "/dashboard/events/"
NAME_ALONE = {"title": "Night Market", "fee_absorption": "usual", "currency": "usd"}


@pytest.fixture
def client(organizer: User, organization: Organization) -> Client:
    client = Client()
    client.force_login(organizer)
    return client


def text_of(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def form_of(client: Client, path: str) -> dict[str, Any]:
    """What a browser would send of the form as it stands."""
    values = {field.name: field.value() for field in client.get(path).context["form"]}
    return {name: "" if value is None else value for name, value in values.items() if name != "cover"}


def test_a_name_alone_is_a_draft_and_its_date_is_asked_for_before_it_is_published(client: Client) -> None:
    client.post(f"{EVENTS}new/", NAME_ALONE)
    event = Event.objects.get()
    overview, edit = f"{EVENTS}night-market/", f"{EVENTS}night-market/edit/"
    TicketTypeFactory(event=event, price_amount=0)
    for page in (overview, edit, f"{EVENTS}?tab=draft"):
        assert "Date not chosen yet" in text_of(client, page)
    assert "Publish event" not in text_of(client, overview)
    assert "Choose when the event starts" in client.post(f"{overview}publish/", follow=True).content.decode()
    form = form_of(client, edit)
    assert (form["starts_at"], form["ends_at"], form["timezone"]) == ("", "", "")
    client.post(edit, form)
    assert Event.objects.get().is_date_open
    client.post(edit, {**form_of(client, edit), "starts_at": "2030-12-12T19:30", "timezone": "Europe/London"})
    event.refresh_from_db()
    assert (event.is_date_open, event.starts_at.isoformat()) == (False, "2030-12-12T19:30:00+00:00")
    client.post(f"{overview}publish/")
    refused = client.post(edit, {**form_of(client, edit), "starts_at": "", "ends_at": ""})
    assert "Enter when the event starts" in refused.content.decode()
    assert Event.objects.get().status == "published"


def test_an_end_needs_a_start_and_a_start_needs_its_zone(client: Client) -> None:
    answer = client.post(f"{EVENTS}new/", {**NAME_ALONE, "ends_at": "2030-12-12T19:30"})
    assert "or leave the other times empty too" in answer.content.decode()
    answer = client.post(f"{EVENTS}new/", {**NAME_ALONE, "starts_at": "2030-12-12T19:30"})
    assert "Choose the time zone of the place" in answer.content.decode()
    assert not Event.objects.exists()


def test_a_copy_of_a_draft_without_a_date_has_none_either(client: Client) -> None:
    client.post(f"{EVENTS}new/", NAME_ALONE)
    client.post(f"{EVENTS}night-market/duplicate/")
    assert list(Event.objects.values_list("is_date_open", flat=True)) == [True, True]


def test_a_form_that_is_sent_twice_makes_one_and_another_wish_another(client: Client) -> None:
    form = {**form_of(client, f"{EVENTS}new/"), **NAME_ALONE}
    places = [client.post(f"{EVENTS}new/", form)["Location"] for _click in "12"]
    assert places == [f"{EVENTS}night-market/tickets/"] * 2
    assert Event.objects.count() == 1
    client.post(f"{EVENTS}new/", {**form, "title": "Day Market"})  # back, and something else typed
    assert Event.objects.count() == 2

    new = f"{EVENTS}night-market/tickets/new/"
    ticket = {**form_of(client, new), "name": "Seat", "price_amount": "50", "capacity": "10"}
    for name in ("Seat", "Seat", "Balcony"):
        client.post(new, {**ticket, "name": name})
    assert list(TicketType.objects.values_list("name", flat=True)) == ["Seat", "Balcony"]

    once = client.get(f"{EVENTS}night-market/").context["once"]
    copies = [client.post(f"{EVENTS}night-market/duplicate/", {"once": once})["Location"] for _ in "12"]
    assert copies == [f"{EVENTS}night-market-copy/edit/"] * 2
    assert Event.objects.get(slug="night-market-copy").ticket_types.count() == 2


def test_a_forms_token_makes_nothing_in_another_organization(client: Client, organizer: User) -> None:
    form = {**form_of(client, f"{EVENTS}new/"), **NAME_ALONE}
    client.post(f"{EVENTS}new/", form)
    other = Client()
    other.force_login(User.objects.create_user("other@example.com", name="Other"))
    other.post(f"{EVENTS}new/", form)
    assert Event.objects.values("organization").distinct().count() == 2


def test_the_part_of_a_tall_image_that_was_chosen_stays(client: Client, organization: Organization) -> None:
    event = EventFactory(organization=organization, status="draft")
    tall = Image.new("RGB", (800, 1200), "red")
    tall.paste("blue", (0, 800, 800, 1200))
    for focus, colour in (("top", (254, 0, 0)), ("bottom", (0, 0, 254))):
        data = io.BytesIO()
        tall.save(data, "PNG")
        upload = SimpleUploadedFile("tall.png", data.getvalue(), "image/png")
        path = f"{EVENTS}{event.slug}/edit/"
        client.post(path, {**form_of(client, path), "cover": upload, "focus": focus})
        event.refresh_from_db()
        with Image.open(event.cover) as cover:
            assert cover.size == (1600, 800)
            assert cover.getpixel((800, 400)) == colour
