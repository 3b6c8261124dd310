"""Staff change an organization's fee and flag it, in a real browser; what buyers meet follows."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from maly.tests.looks import Look
from maly.tests.server import CHECKOUT, Caller, Site, sign_in, sign_in_again
from ticketing.models import Order

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
ONE = "/admin/organizations/harbour-arts/"
LOOKED_OVER = ("/admin/organizations/", ONE, "/admin/settings/fees/", "/admin/audit/")
GLANCED_AT = (
    *(f"{ONE}{tab}" for tab in ("events/", "orders/", "payouts/", "fees/", "audit/")),
    *(f"{ONE}{act}" for act in ("fees/remove/", "plan/", "flag/")),
    "/admin/settings/fees/new/",
)


@pytest.fixture
def window(open_page: OpenPage, site: Site, event: str, staff: User) -> Page:
    """A platform admin's, who has just given the password."""
    page = open_page()
    sign_in(page, staff.email)
    page.wait_for_url("**/dashboard/**")
    page.get_by_role("link", name="Platform staff").click()
    page.wait_for_url("**/admin/")
    sign_in_again(page, f"{ONE}flag/")
    return page


def fees_of(site: Site, event: str) -> tuple[str, int]:
    """The rate and the platform fee that the next order freezes."""
    order = Order.objects.get(code=site.check_out(event, 1)["order"]["code"])
    return order.fee_terms["percent"], order.platform_fee_amount


def test_a_fee_is_changed_with_a_preview_and_the_next_order_uses_it(
    window: Page, site: Site, event: str, organization: Organization
) -> None:
    assert fees_of(site, event) == ("4", 275)
    before = Order.objects.get()
    window.goto(f"{ONE}fees/")
    window.get_by_role("link", name="Set an own rate").click()
    preview = window.get_by_role("table", name="Organizer pays the fees").get_by_role("row", name="$50.00")
    expect(preview).to_contain_text("$2.75")
    window.get_by_label("Percent of the ticket price").fill("1")
    window.get_by_label("Plus, per paid ticket").fill("0")
    expect(preview).to_contain_text("$0.50")  # as it is typed
    window.get_by_label("Reason").fill("2027 season")
    window.get_by_role("button", name="Check the rate").click()
    expect(window.get_by_role("heading", name="Check the rate")).to_be_visible()
    problems = list(Look(window).here())
    window.set_viewport_size({"width": 1280, "height": 900})
    window.get_by_role("button", name="Set this rate").click()
    expect(window.get_by_text("The new rate is set.")).to_be_visible()
    assert fees_of(site, event) == ("1", 50)
    before.refresh_from_db()
    assert (before.fee_terms["percent"], before.platform_fee_amount) == ("4", 275)
    problems += [*Look(window).over(LOOKED_OVER), *Look(window).glance(GLANCED_AT)]
    assert not problems, "\n".join(problems)


def test_a_flag_stops_the_sales_and_unflagging_lets_them_go_on_without_script(
    open_page: OpenPage, site: Site, event: str, seller: Caller, organization: Organization, staff: User
) -> None:
    buyer = open_page(width=390)
    buyer.goto(f"/e/{event}/")
    expect(buyer.get_by_role("link", name="Get tickets")).to_be_visible()
    plain = open_page(javascript=False)
    sign_in(plain, staff.email)
    sign_in_again(plain, f"{ONE}flag/")
    plain.goto(f"{ONE}flag/")
    plain.get_by_label("Reason").fill("Many disputes")
    plain.get_by_role("button", name="Flag and stop sales").click()
    expect(plain.get_by_text("is flagged. It sells nothing now.")).to_be_visible()
    buyer.reload()
    expect(buyer.get_by_text("Ticket sales are temporarily paused.")).to_be_visible()
    event_now = site.visitor().get(f"/api/events/{event}").json()
    items = [{"ticket_type": event_now["ticket_types"][0]["id"], "quantity": 1}]
    cart = {"event": event, "items": items, "email": "ada@example.com", "name": "Ada Obi"}
    refused = site.visitor().post(CHECKOUT, cart)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "ORGANIZER_ACCOUNT_RESTRICTED")
    plain.get_by_role("link", name="Take the flag back").click()
    plain.get_by_label("Reason").fill("Explained")
    plain.get_by_role("button", name="Let it sell again").click()
    expect(plain.get_by_text("sells again")).to_be_visible()
    assert site.visitor().post(CHECKOUT, cart).status_code == 201
    buyer.reload()
    expect(buyer.get_by_role("link", name="Get tickets")).to_be_visible()
