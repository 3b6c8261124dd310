"""An organizer's events in a real browser: from nothing to a sold ticket, and every page in every look."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import ALL_RULES, AXE, AXE_SCRIPT, assert_fine, look_over
from ticketing.models import Event
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
EVENTS = "/dashboard/events/"


@pytest.fixture
def desk(open_page: OpenPage, organizer: User) -> Page:
    """The organizer's window."""
    page = open_page()
    sign_in(page, organizer.email)
    page.wait_for_url("**/dashboard/**")
    return page


def test_the_price_line_is_the_servers_while_one_types(desk: Page, organization: Organization) -> None:
    event = EventFactory(organization=organization, fee_absorption="pass_to_buyer")
    desk.goto(f"{EVENTS}{event.slug}/tickets/new/")
    expect(desk.get_by_role("button", name="What will buyers see?")).to_be_hidden()
    price = desk.get_by_label("Price", exact=True)
    price.fill("50")
    expect(desk.get_by_text("Buyers see $54.58. You receive $50.00.")).to_be_visible()
    price.fill("0")
    expect(desk.get_by_text("Free. No fees for you or the buyer.")).to_be_visible()
    price.fill("5x")
    expect(desk.locator("[data-price-line]")).to_have_text("")


def test_leaving_with_something_unsaved_is_noticed(desk: Page, organization: Organization) -> None:
    event = EventFactory(organization=organization)
    desk.goto(f"{EVENTS}{event.slug}/edit/")
    expect(desk.get_by_text("Unsaved changes")).to_be_hidden()
    desk.get_by_label("Event name").fill("Another name")
    expect(desk.get_by_text("Unsaved changes")).to_be_visible()
    asked = []
    desk.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    desk.goto(EVENTS)
    assert asked == ["beforeunload"]
    desk.goto(f"{EVENTS}{event.slug}/tickets/new/")
    desk.get_by_label("Name", exact=True).fill("Not this one")
    desk.get_by_role("link", name="Back without saving").click()
    desk.wait_for_url("**/tickets/")
    assert asked == ["beforeunload"]


def test_the_zone_of_the_browser_is_offered_for_the_first_event(desk: Page) -> None:
    desk.goto(f"{EVENTS}new/")
    here = desk.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(desk.get_by_label("Time zone")).to_have_value(here)


def test_the_refunds_of_a_cancelled_event_are_watched_as_they_go(
    desk: Page, site: Site, connected_organization: Organization
) -> None:
    event = EventFactory(organization=connected_organization, title="Night Market")
    TicketTypeFactory(event=event)
    site.pay(site.check_out(event.slug, 2))
    desk.goto(f"{EVENTS}{event.slug}/")
    desk.get_by_role("link", name="Cancel event…").click()
    desk.get_by_label("Name of the event").fill("Night Market")
    desk.get_by_role("button", name="Cancel event and refund $100.00").click()
    expect(desk.get_by_text("0 of 1 orders done")).to_be_visible()
    assert_fine(look_over(desk, [desk.url]))
    work_off_cancellations()
    site.settle()
    work_off_cancellations()
    expect(desk.get_by_text("1 of 1 orders done")).to_be_visible(timeout=10_000)
    assert Event.objects.get().status == "cancelled"


def test_errors_and_previews_are_for_everybody(desk: Page, organization: Organization) -> None:
    event = EventFactory(organization=organization, description="# About\n\nSix *kitchens*.")
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto(f"{EVENTS}{event.slug}/edit/")
    desk.get_by_role("button", name="Preview text and times").click()
    expect(desk.get_by_role("region", name="Preview of About")).to_contain_text("Six kitchens.")
    desk.evaluate(AXE_SCRIPT)
    assert desk.evaluate(AXE, ALL_RULES) == []
    desk.get_by_label("Event name").fill("")
    desk.get_by_role("button", name=re.compile("^Save (draft|changes)$")).click()
    expect(desk.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert desk.title().startswith("Error: ")
    desk.evaluate(AXE_SCRIPT)
    assert desk.evaluate(AXE, ALL_RULES) == []
    desk.get_by_role("link", name="Give the event a name").click()
    expect(desk.get_by_label("Event name")).to_be_focused()
