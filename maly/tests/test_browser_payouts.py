"""An organizer's payouts and statements in a real browser: paid out by hand, and every page in every look."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from connect import gateway
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from connect.stripe_objects import PayoutSchedule
from maly.tests.looks import Look
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import assert_fine, look_over
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PAYOUTS = "/dashboard/payouts/"
STATEMENTS = "/dashboard/statements/"
SETTINGS = "/dashboard/settings/payments/"
AVAILABLE_AT_ONCE = "4000000000000077"


@pytest.fixture
def account(connected_organization: Organization) -> ConnectedAccount:
    found = get_current_account(connected_organization)
    assert found is not None
    return found


def sell(site: Site, organization: Organization, quantity: int = 1) -> None:
    """Sell tickets whose money is available at once."""
    event = EventFactory(organization=organization, title="Night Market")
    TicketTypeFactory(event=event)
    site.pay(site.check_out(event.slug, quantity), AVAILABLE_AT_ONCE)
    site.settle()


def test_the_check_of_a_payout_and_what_becomes_of_it_are_for_everybody(
    open_page: OpenPage, site: Site, account: ConnectedAccount, organizer: User
) -> None:
    page = open_page()
    sign_in(page, organizer.email)
    page.wait_for_url("**/dashboard/**")
    sell(site, account.organization, 3)
    gateway.update_payout_schedule(str(account.stripe_account_id), PayoutSchedule(interval="manual"))
    page.goto(f"{PAYOUTS}new/")
    page.get_by_role("button", name="Check the payout").click()
    look = Look(page)
    problems = list(look.here())
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="Pay out all that is available").click()
    page.wait_for_url("**/po_*/")
    site.settle()
    assert_fine([*problems, *look.over([page.url])])


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (390, False)])
def test_the_schedule_asks_for_a_day_where_one_is_needed(
    open_page: OpenPage, account: ConnectedAccount, organizer: User, width: int, javascript: bool
) -> None:
    page = open_page(width=width, javascript=javascript)
    sign_in(page, organizer.email)
    page.goto(SETTINGS)
    expect(page.get_by_label("On day")).to_be_hidden()
    page.get_by_label("How often").select_option("Monthly")
    page.get_by_label("On day").fill("32")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    page.get_by_label("On day").fill("31")
    page.get_by_role("button", name="Save schedule").click()
    expect(
        page.get_by_text("Saved. Payouts: Monthly, on day 31; in shorter months on the last.")
    ).to_be_visible()
    if javascript:
        assert_fine(look_over(page, [SETTINGS]))
