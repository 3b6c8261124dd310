"""An organizer's orders in a real browser: a sale, its money trail, its refund; and every page in every look."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import ALL_RULES, AXE, AXE_SCRIPT, assert_fine, look_over
from ticketing.models import Event, Order, Refund
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("orders-browser")]
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


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (390, False)])
def test_from_a_sale_through_its_trail_to_its_refund(
    open_page: OpenPage, site: Site, market: Event, organizer: User, width: int, javascript: bool
) -> None:
    site.pay(site.check_out(market.slug, 2))
    order = Order.objects.get()
    page = enter(open_page, organizer, width=width, javascript=javascript)
    page.goto(ORDERS)
    page.get_by_text("Status", exact=True).first.click()
    page.get_by_label("Paid", exact=True).check()
    page.get_by_role("button", name="Show orders").first.click()
    expect(page.get_by_role("link", name="Status: Paid. Clear this filter")).to_be_visible()
    page.get_by_role("link", name=order.code).click()
    expect(page.locator(".trail")).to_contain_text("Paid by the buyer")
    expect(page.locator(".trail")).to_contain_text("$55.66")
    page.get_by_role("link", name="Void and refund").first.click()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)  # a ticket, the fee, back on sale
    page.get_by_label("Reason").fill("One of you can’t come")
    page.get_by_role("button", name="Check who pays what").click()
    expect(page.get_by_text("Taken from your Stripe balance")).to_be_visible()
    expect(page.locator(".summary-total")).to_contain_text("$27.83")
    page.get_by_role("button", name="Refund $27.83").click()
    expect(page.get_by_text("$27.83 is on its way to Ada Obi")).to_be_visible()
    page.reload()
    page.go_back()
    site.settle()
    page.goto(f"{ORDERS}{order.code}/")
    expect(page.locator(".trail")).to_contain_text("Refunded to the buyer")
    expect(page.locator(".timeline")).to_contain_text("Reason: One of you can’t come")
    assert [refund.amount for refund in Refund.objects.all()] == [2783]
    assert "One of you can’t come" in site.mails_to("ada@example.com")[-1]["text"]


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


def test_the_order_pages_are_for_everybody(
    open_page: OpenPage, site: Site, market: Event, organizer: User, connected_organization: Organization
) -> None:
    page = enter(open_page, organizer)
    nobody = EventFactory(organization=connected_organization, slug="nobody")
    problems = look_over(page, [ORDERS, f"/dashboard/events/{nobody.slug}/attendees/"])
    long = EventFactory(
        organization=connected_organization, title="A" + "bsolutelyunbreakable" * 5, slug="long"
    )
    TicketTypeFactory(event=long, name="Z" * 80, price_amount=0)
    site.check_out("long", 1, name="N" * 150, email=f"{'e' * 60}@{'example' * 8}.com")
    for number in range(3):
        site.pay(site.check_out(market.slug, 2, email=f"ada{number}@example.com"))
    site.check_out(market.slug, 1, email="unpaid@example.com")
    free, partly, disputed, paid, unpaid = Order.objects.order_by("id")
    ticket = partly.tickets.order_by("id").first()
    assert ticket
    refund = request_refund(partly, tickets=[ticket.code], actor=organizer, reason="Ill")
    site.control(f"charges/{disputed.payments.get().charge_id}/dispute", {"reason": "fraudulent"})
    site.settle()
    each = [f"{ORDERS}{order.code}/" for order in (free, partly, disputed, paid, unpaid)]
    pages = [ORDERS, f"{ORDERS}?status=paid&status=disputed&date=7d&q=a", f"{ORDERS}?q=nobody", *each]
    pages += [f"{ORDERS}{paid.code}/{part}/" for part in ("refund", "resend")]
    pages += [f"{ORDERS}{disputed.code}/refund/", f"{ORDERS}{partly.code}/refunds/{refund.code}/"]
    pages.append(f"{ORDERS}{paid.code}/tickets/{paid.tickets.order_by('id')[0].code}/")
    pages += [
        f"/dashboard/events/{market.slug}/attendees/{query}" for query in ("", "?tab=cancelled", "?q=x")
    ]
    pages.append("/dashboard/events/long/attendees/")
    assert_fine([*problems, *look_over(page, pages)])
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
