"""What an event hands out beside its page: its link's picture, its calendar entry, what search engines read."""

import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from icalendar import Calendar
from PIL import Image

from accounts.models import Organization, User
from maly.errors import Invalid
from ticketing.models import Event, EventListing
from ticketing.services.event_copies import duplicate_event
from ticketing.services.events import set_cover, update_event
from ticketing.services.preview_images import draw_preview, preview_version
from ticketing.tests.factories import EventFactory, TicketTypeFactory


@pytest.fixture
def event(organization: Organization) -> Event:
    made = EventFactory(organization=organization, title="Night Market", slug="night-market")
    TicketTypeFactory(event=made, price_amount=0, name="Helper")
    return made


def photo(width: int = 2000, height: int = 1500) -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(
        data, "JPEG"
    )  # as hard to press as a photo can be
    return SimpleUploadedFile("cover.jpg", data.getvalue())


def head_of(client: Client, event: Event) -> dict[str, str]:
    page = client.get(f"/e/{event.slug}/").content.decode()
    return dict(re.findall(r'<meta property="og:([a-z:]+)" content="([^"]*)">', page))


def test_a_link_shows_a_picture_of_the_event_that_may_be_kept_for_good(client: Client, event: Event) -> None:
    address = head_of(client, event)["image"].removeprefix("http://testserver")
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (1200, 630)
    update_event(event, actor=None, title="Day Market")
    assert head_of(client, event)["image"] != f"http://testserver{address}"
    stale = client.get(address)  # an old link shows the event as it is
    assert stale.content != answer.content
    assert "immutable" not in stale.headers["Cache-Control"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "夜の市場 · ليلة السوق · Nuit d’été 🎉\u202e"},
        {"title": "W" * 120, "venue_name": "V" * 120},
        {"title": "a " * 60},
        {"status": "cancelled"},
        {"cover": "covers/lost.jpg"},
        {"venue_name": "Elsewhere"},
    ],
)
def test_any_event_has_its_picture(event: Event, change: dict[str, Any]) -> None:
    before = preview_version(event)
    Event.objects.filter(pk=event.pk).update(**change)
    event.refresh_from_db()
    assert preview_version(event) != before
    assert 10_000 < len(draw_preview(event)) < 200_000


def test_a_photo_is_the_covers_and_the_links_picture_in_small_files(client: Client, event: Event) -> None:
    drawn = draw_preview(event)
    set_cover(event, photo())
    assert draw_preview(event) != drawn
    page = client.get(f"/e/{event.slug}/").content.decode()
    source = re.search(r'<source type="image/avif" srcset="([^"]*)"', page)
    assert source
    sizes = dict(part.split()[::-1] for part in source[1].split(", "))
    small = client.get(sizes["800w"])
    assert small.headers["Content-Type"] == "image/avif"
    assert len(b"".join(small.streaming_content)) <= 90_000  # type: ignore[arg-type]
    assert default_storage.exists(sizes["1600w"].removeprefix("/media/"))
    Event.objects.filter(pk=event.pk).update(cover="covers/older.jpg")  # stored before there were sizes
    assert "<source" not in client.get(f"/e/{event.slug}/").content.decode()


def test_a_drafts_files_are_nobodys(client: Client, event: Event, organizer: User) -> None:
    Event.objects.filter(pk=event.pk).update(status="draft")
    files = [f"/e/{event.slug}/preview-{preview_version(event)}.jpg", f"/e/{event.slug}/event.ics"]
    assert [client.get(file).status_code for file in files] == [404, 404]
    client.force_login(organizer)
    assert [client.get(file).status_code for file in files] == [404, 200]


def test_the_calendar_file_is_the_events(client: Client, event: Event) -> None:
    assert f'href="/e/{event.slug}/event.ics"' in client.get(f"/e/{event.slug}/").content.decode()
    answer = client.get(f"/e/{event.slug}/event.ics")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    (entry,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert (entry["SUMMARY"], entry.start) == (
        "Night Market",
        event.starts_at.replace(second=0, microsecond=0),
    )
    assert "key=" not in answer.content.decode()


def test_search_engines_read_doors_organizer_and_picture(client: Client, event: Event) -> None:
    Event.objects.filter(pk=event.pk).update(doors_at=event.starts_at - timedelta(minutes=30))
    event.ticket_types.update(sales_start=now() + timedelta(days=2))
    page = client.get(f"/e/{event.slug}/").content.decode()
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert block
    data = json.loads(block[1])
    assert data["doorTime"] < data["startDate"]
    assert data["organizer"]["url"] == "http://testserver/organizers/harbour-arts/"
    assert data["image"] == [head_of(client, event)["image"]]
    assert data["offers"][0]["validFrom"]
    assert "(doors" in page


def test_the_sitemap_lists_what_is_public_with_its_last_change(client: Client, event: Event) -> None:
    EventFactory(status="draft", published_at=None, organization__slug="unknown")
    EventFactory(starts_at=now() - timedelta(days=3), slug="over", organization__flagged_at=now())
    with CaptureQueriesContext(connection) as statements:
        index = client.get("/sitemap.xml")
    assert all(
        "COUNT(" in each["sql"] or "MAX(" in each["sql"] for each in statements
    )  # no list is read for it
    sections = re.findall(r"<loc>http://testserver(/sitemap-\w+\.xml)</loc>", index.content.decode())
    listed: dict[str, str | None] = {}
    for section in sections:
        root = ET.fromstring(client.get(section).content)  # noqa: S314  our own answer
        for url in root:
            values = {child.tag.rpartition("}")[2]: child.text for child in url}
            listed[str(values["loc"])] = values.get("lastmod")
    changed_on = f"{EventListing.objects.get(event=event).changed_at:%Y-%m-%d}"
    assert listed == {
        "http://testserver/": None,
        "http://testserver/e/night-market/": changed_on,
        "http://testserver/organizers/harbour-arts/": changed_on,
    }
    assert client.get("/sitemap-nothing.xml").status_code == 404
    robots = client.get("/robots.txt").content.decode()
    assert "Disallow: /o/\n" in robots
    assert robots.endswith("Sitemap: http://testserver/sitemap.xml\n")


def test_doors_open_before_the_start_and_move_with_a_copy(event: Event, organizer: User) -> None:
    with pytest.raises(Invalid):
        update_event(event, actor=None, doors_at=event.starts_at + timedelta(minutes=1))
    event = update_event(event, actor=None, doors_at=event.starts_at - timedelta(minutes=30))
    copy = duplicate_event(event, actor=organizer)
    assert copy.doors_at
    assert copy.starts_at - copy.doors_at == timedelta(minutes=30)
