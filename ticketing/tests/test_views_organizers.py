"""An organizer's public page, for anyone."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from accounts.services.organizations import personal_organization
from ticketing.models import Event
from ticketing.tests.factories import EventFactory, TicketTypeFactory

Queries = Callable[[int], Any]
PAGE = "/organizers/harbour-arts/"


def page_of(client: Client, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def make(organization: Organization, title: str, *, days: int = 30, **fields: Any) -> Event:
    starts_at = timezone.now() + timedelta(days=days)
    times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=3)}
    fields = {"status": Event.Status.PUBLISHED, **times, **fields}
    return TicketTypeFactory(event=EventFactory(organization=organization, title=title, **fields)).event


@pytest.fixture
def described(connected_organization: Organization) -> Organization:
    Organization.objects.filter(pk=connected_organization.pk).update(
        tagline="Music & films by the water",
        description="We are **fourteen**.\n\n<script>alert(1)</script>",
        based_in="Bristol",
        website="https://harbour.example",
        contact_email="hello@harbour.example",
    )
    connected_organization.refresh_from_db()
    return connected_organization


def test_the_page_says_who_they_are_and_what_is_coming_up(client: Client, described: Organization) -> None:
    event = make(described, "Later", days=40)
    assert f'href="{PAGE}"' in page_of(client, f"/e/{event.slug}/")
    make(described, "Sooner", days=3)
    make(described, "Over", days=-9)
    make(described, "Secret", status=Event.Status.DRAFT)
    make(described, "Called off", status=Event.Status.CANCELLED)
    page = page_of(client)
    for words in (
        "<h1>Harbour Arts</h1>",
        "Music &amp; films by the water",
        "<strong>fourteen</strong>",
        "Bristol",
        'href="https://harbour.example" rel="noopener noreferrer nofollow"',
        "mailto:hello@harbour.example",
        "Upcoming (2)",
        "Past (1)",
        '<link rel="canonical" href="http://testserver/organizers/harbour-arts/">',
        '<meta property="og:title" content="Harbour Arts">',
        '<meta name="description" content="Music &amp; films by the water">',
    ):
        assert words in page
    assert page.index("Sooner") < page.index("Later")
    for words in ("Over", "Secret", "Called off", "<script>alert", "Edit profile", 'content="noindex"'):
        assert words not in page
    past = page_of(client, f"{PAGE}?when=past")
    assert "Over" in past
    assert "Sooner" not in past
    assert (
        '<link rel="canonical" href="http://testserver/organizers/harbour-arts/?when=past&amp;page=1">'
        in past
    )


def test_search_engines_read_an_organization(client: Client, described: Organization) -> None:
    make(described, "Sooner")
    data = re.search(r'<script type="application/ld\+json">(.+?)</script>', page_of(client))
    assert data
    said = json.loads(data[1])
    assert (said["@type"], said["name"]) == ("Organization", "Harbour Arts")
    assert said["url"].endswith(PAGE)
    assert said["sameAs"] == "https://harbour.example"
    assert "logo" not in said


def test_before_anything_is_published_it_says_so_and_is_not_to_be_found(
    client: Client, organization: Organization
) -> None:
    page = page_of(client)
    assert "Nothing is on sale right now." in page
    assert '<meta name="robots" content="noindex">' in page
    assert "Past (" not in page


def test_a_flagged_organization_keeps_its_page_without_selling_or_leading_away(
    client: Client, described: Organization
) -> None:
    make(described, "Sooner")
    Organization.objects.filter(pk=described.pk).update(flagged_at=timezone.now(), flag_reason="Fraud?")
    page = page_of(client)
    for words in (
        "Harbour Arts sells no tickets at the moment",
        "Sales paused",
        "mailto:hello@harbour.example",
    ):
        assert words in page
    for words in ("Fraud?", "https://harbour.example", "application/ld+json"):
        assert words not in page
    assert '<meta name="robots" content="noindex">' in page


def test_a_single_host_has_one_too(client: Client, buyer: User) -> None:
    organization = personal_organization(buyer)
    assert organization.name in page_of(client, f"/organizers/{organization.slug}/")


@pytest.mark.parametrize("path", ["/organizers/nobody/", "/organizers/No_One/"])
def test_nobody_is_a_404(db: None, client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "99", "9" * 30])
def test_a_page_that_is_not_there_is_empty_or_the_first(
    client: Client, organization: Organization, number: str
) -> None:
    make(organization, "Sooner")
    page = page_of(client, f"{PAGE}?page={number}")
    assert ("There are no more events." in page) is not ("Sooner" in page)


def test_pages_follow_each_other_at_the_same_cost(
    client: Client, described: Organization, organizer: User, django_assert_max_num_queries: Queries
) -> None:
    for number in range(13):
        make(described, f"Number {number:02}", days=number + 1)
    with django_assert_max_num_queries(8):
        first = page_of(client)
    assert "Number 11" in first
    assert "Number 12" not in first
    assert 'href="?page=2" rel="next"' in first
    assert "Number 12" in page_of(client, f"{PAGE}?page=2")
    client.force_login(organizer)
    assert "Edit profile" in page_of(client)
