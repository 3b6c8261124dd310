"""The colour of an event's page: readable whichever it is, and for organizations with Premium."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from accounts.errors import PremiumRequired
from accounts.models import Entitlement, Organization, User
from accounts.premium import PREMIUM
from maly.errors import Invalid
from ticketing.models import Accent, Event
from ticketing.services.event_copies import duplicate_event
from ticketing.services.events import update_event
from ticketing.tests.factories import EventFactory

STYLES = Path(settings.BASE_DIR) / "static" / "css"
PAIR = r"light-dark\((#[0-9a-f]{3,6}), (#[0-9a-f]{3,6})\)"
SURFACES = ("page", "surface", "sunken", "raised", "on-ink")
READABLE = 4.5  # WCAG 2.2, 1.4.3


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_is_readable_on_every_surface_of_its_theme() -> None:
    tokens = {
        name: (light, dark)
        for name, light, dark in re.findall(rf"--color-([\w-]+): {PAIR}", (STYLES / "tokens.css").read_text())
    }
    rules = re.findall(
        rf"\.accent-(\w+) {{\s*--color-accent: {PAIR};\s*--color-accent-soft: {PAIR};",
        (STYLES / "components" / "accent.css").read_text(),
    )
    assert {name for name, *_colours in rules} == set(Accent.values)
    weak = []
    for name, light, dark, soft_light, soft_dark in rules:
        for theme, colour, soft in ((0, light, soft_light), (1, dark, soft_dark)):
            grounds = [*(tokens[surface][theme] for surface in SURFACES), soft]
            weak += [(name, theme, ground) for ground in grounds if contrast(colour, ground) < READABLE]
    assert weak == []


@pytest.fixture
def event(organization: Organization) -> Event:
    return EventFactory(organization=organization, slug="night-market")


@pytest.mark.django_db
def test_a_colour_is_premiums_and_stays_when_premium_has_ended(
    event: Event, organizer: User, client: Client, api: Callable[..., Client]
) -> None:
    with pytest.raises(PremiumRequired) as refused:
        update_event(event, actor=organizer, accent="plum")
    assert (refused.value.code, refused.value.status, refused.value.attr) == (
        "PREMIUM_REQUIRED",
        403,
        "accent",
    )
    answer = api(organizer).patch("/api/events/night-market", {"accent": "plum"}, "application/json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "PREMIUM_REQUIRED")
    paid = Entitlement.objects.create(user=organizer, kind=PREMIUM, until=now() + timedelta(days=30))
    with pytest.raises(Invalid):
        update_event(event, actor=organizer, accent="#963aa5")
    update_event(event, actor=organizer, accent="plum")
    assert duplicate_event(event, actor=organizer).accent == ""  # of the instance at hand
    event.refresh_from_db()
    assert duplicate_event(event, actor=organizer).accent == "plum"
    assert 'class="page accent accent-plum"' in client.get("/e/night-market/").content.decode()

    client.force_login(organizer)
    editor = "/dashboard/events/night-market/edit/"
    assert client.get(editor).content.decode().count('type="radio" name="accent"') == 1 + len(Accent)
    paid.delete()
    page = client.get(editor).content.decode()
    assert "It stays as it is. Changing it is part of" in page
    assert 'href="/premium/"' in page
    assert '<select name="accent"' in page
    update_event(event, actor=organizer, accent="plum", title="Still Mine")
    for accent in ("", "teal"):
        with pytest.raises(PremiumRequired):
            update_event(event, actor=organizer, accent=accent)
    event.refresh_from_db()
    assert (event.title, event.accent) == ("Still Mine", "plum")
    assert duplicate_event(event, actor=organizer).accent == ""
