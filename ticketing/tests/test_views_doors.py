"""The page of an event's door links: made, shown once, revoked."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ticketing.models import DoorLink, Event
from ticketing.services.door_links import find_door_link
from ticketing.tests.factories import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organization: Any) -> Event:
    return EventFactory(organization=organization)


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def path(event: Event) -> str:
    return f"/dashboard/events/{event.slug}/doors/"


def test_a_link_is_shown_once_with_its_qr_code_and_opens_the_door(
    client: Client, path: str, event: Event
) -> None:
    made = client.post(path, {"name": "Door 2", "expires_at": ""}).content.decode()
    found = re.search(r'value="http://testserver(/door/(\w+)/)"', made)
    assert found
    assert "<svg" in made
    link = find_door_link(found[2])
    assert link is not None
    assert (link.name, link.expires_at) == ("Door 2", event.ends_at + timedelta(hours=6))
    assert Client().get(found[1]).status_code == 200
    later = client.get(path).content.decode()
    assert found[2] not in later
    assert "Door 2" in later


def test_the_end_is_on_the_events_own_clock(client: Client, path: str, event: Event) -> None:
    shown = client.get(path).content.decode()
    assert re.search(r'name="expires_at" value="\d{4}-\d\d-\d\dT\d\d:\d\d"', shown)
    day = (event.ends_at + timedelta(days=2)).date()
    client.post(path, {"name": "Door 2", "expires_at": f"{day}T18:30"})
    assert f"{DoorLink.objects.get().expires_at:%H:%M}" in ("22:30", "23:30")  # New York


@pytest.mark.parametrize(
    ("name", "end", "words"),
    [
        ("", "", "Name the door"),
        ("x" * 61, "", "at most 60"),
        ("A", "2020-01-01T10:00", "still to come"),
        ("A", "2040-01-01T10:00", "at most 7 days"),
        ("A", "soon", "Enter a date and a time"),
    ],
)
def test_a_mistake_is_said_and_makes_no_link(
    client: Client, path: str, name: str, end: str, words: str
) -> None:
    answer = client.post(path, {"name": name, "expires_at": end})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not DoorLink.objects.exists()


def test_a_link_is_revoked(client: Client, path: str) -> None:
    made = client.post(path, {"name": "Door 2"}).content.decode()
    door = re.search(r"/door/\w+/", made)
    assert door
    link = DoorLink.objects.get()
    answer = client.post(f"{path}{link.public_id}/revoke/", follow=True)
    assert "The link of Door 2 no longer works." in answer.content.decode()
    assert Client().get(door[0]).status_code == 410
    assert "revoke/" not in client.get(path).content.decode()


def test_links_that_are_over_say_so(client: Client, path: str) -> None:
    client.post(path, {"name": "Door 2"})
    DoorLink.objects.update(expires_at=timezone.now())
    assert "ended " in client.get(path).content.decode()
