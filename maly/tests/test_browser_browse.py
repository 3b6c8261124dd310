"""From the front page to the tickets on a phone, by somebody who only half remembers what the event was called."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from maly.tests.server import Site
from maly.tests.test_journeys import give_details, pay
from maly.tests.test_page_weights import MOST_FILES
from ticketing.models import Ticket
from ticketing.tests.factories import EventFactory

pytestmark = pytest.mark.browser


def test_an_event_is_found_on_a_phone_and_its_ticket_bought(
    site: Site, open_page: Callable[..., Page], event: str
) -> None:
    EventFactory(title="Seed swap", venue_name="Allotments", organization__name="Cotham", status="paused")
    page = open_page(width=390, height=844)
    page.goto("/")
    expect(page.get_by_role("article")).to_have_count(2)
    page.get_by_label("What", exact=True).fill("nigth markt")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="These are close:")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_label("What", exact=True).fill("market")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_text("No events match “market” today.")).to_be_visible()
    page.get_by_role("link", name="See any date").click()

    files: list[str] = []
    page.on("request", lambda request: files.append(request.url))
    page.get_by_role("link", name="Night Market").click()
    bar = page.get_by_role("region", name="Your order")
    bar.get_by_role("link", name="Get tickets").click()
    page.get_by_role("button", name="Add one General admission").click()
    expect(bar).to_contain_text("$50.00")
    assert len(files) <= MOST_FILES
    bar.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/checkout/**")
    give_details(page)
    pay(page)
    page.get_by_role("heading", name=re.compile("^You’re going to Night Market")).wait_for()
    assert Ticket.objects.get().event.slug == event
