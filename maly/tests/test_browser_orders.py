"""An organizer's orders in a real browser: a sale, its money trail, its refund; and every page in every look."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import ALL_RULES, AXE, AXE_SCRIPT
from ticketing.models import Event, Order, Refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
ORDERS = "/dashboard/orders/"


@pytest.fixture
def market(site: Site, connected_organization: Organization) -> Event:
    """An event whose buyers bear the fees."""
    event = EventFactory(
        organization=connected_organization,
        title="Night Market",
        slug="night-market",
        fee_absorption="pass_to_buyer",
    )
    TicketTypeFactory(event=event, price_amount=2500)
    return event


def enter(open_page: OpenPage, organizer: User, *, width: int = 1280, javascript: bool = True) -> Page:
    """The organizer's window."""
    page = open_page(width=width, javascript=javascript)
    sign_in(page, organizer.email)
    page.wait_for_url("**/dashboard/**")
    return page


def test_pressing_twice_refunds_once(open_page: OpenPage, site: Site, market: Event, organizer: User) -> None:
    site.pay(site.check_out(market.slug, 2))
    order = Order.objects.get()
    page = enter(open_page, organizer)
    page.goto(f"{ORDERS}{order.code}/refund/")
    page.get_by_label("An amount").check()
    page.get_by_label("Amount (optional)").fill("5")
    page.get_by_label("Reason").fill("It rained")
    page.get_by_role("button", name="Check who pays what").click()
    page.get_by_role("button", name="Refund $5.00").dblclick()
    expect(page.get_by_text("$5.00 is on its way to Ada Obi")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Refund $5.00").click()
    expect(page.get_by_text("$5.00 is on its way to Ada Obi")).to_be_visible()
    site.settle()
    assert [refund.amount for refund in Refund.objects.all()] == [500]


def test_what_a_refund_still_needs_is_said_to_everybody(
    open_page: OpenPage, site: Site, market: Event, organizer: User
) -> None:
    site.pay(site.check_out(market.slug, 2))
    paid = Order.objects.get()
    page = enter(open_page, organizer)
    page.goto(f"{ORDERS}{paid.code}/refund/")
    page.get_by_role("button", name="Check who pays what").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert page.title().startswith("Error: ")
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE, ALL_RULES) == []
    page.get_by_role("link", name="Choose at least one ticket").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Reason").fill("Ill")
    page.get_by_role("button", name="Check who pays what").click()
    page.set_viewport_size({"width": 360, "height": 800})
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE, ALL_RULES) == []
    page.goto(ORDERS)
    page.locator("summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE, ALL_RULES) == []
