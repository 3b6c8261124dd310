"""An organizer's whole way in a real browser, by clicking alone: from signing up to the statement of the month.

Once at a desk, once on a phone with no script at all.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from maly.tests.server import Site
from maly.tests.test_journeys import (
    assert_holds_good_tickets,
    choose_tickets,
    give_details,
    onboard_at_stripe,
    pay,
)
from ticketing.models import Order, Refund

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
MOST_FIELDS = 12
EMAIL, PHRASE = "olive@example.com", "a long enough phrase"
AVAILABLE_AT_ONCE = "4000 0000 0000 0077"


@dataclass
class Desk:
    """The organizer's window, which counts what they have to fill in."""

    page: Page
    site: Site
    filled: int = 0

    def fill(self, fields: dict[str, str]) -> None:
        """Type into fields by their labels."""
        for label, value in fields.items():
            self.page.get_by_label(re.compile(rf"^{label}( \(optional\))?$")).fill(value)
            self.filled += 1

    def press(self, name: str) -> None:
        self.page.locator("main").get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        begins = re.compile(f"^{re.escape(name)}")
        self.page.locator("main").get_by_role("link", name=begins).first.click()

    def turn_to(self, part: str) -> None:
        """Go to a part of the house by its navigation, which a phone has behind a button."""
        menu = self.page.get_by_role("button", name="Menu")
        if menu.is_visible():
            menu.click()
        self.page.get_by_role("navigation", name="Organizer").get_by_role(
            "link", name=part, exact=True
        ).click()

    def reads(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (360, False)])
def test_from_signing_up_to_the_statement(
    open_page: OpenPage, site: Site, width: int, javascript: bool
) -> None:
    desk = Desk(open_page(width=width, javascript=javascript), site)
    sign_up(desk)
    set_up_the_first_event(desk, javascript)
    assert desk.filled <= MOST_FIELDS
    buyer = open_page(width=width, javascript=javascript)
    choose_tickets(buyer, "night-market", 2)
    give_details(buyer)
    pay(buyer, AVAILABLE_AT_ONCE)
    assert_holds_good_tickets(buyer, 2)
    site.settle()
    follow_the_money(desk)
    refund_one_ticket(desk)
    pay_out_by_hand(desk)
    read_the_statement(desk)


def sign_up(desk: Desk) -> None:
    page = desk.page
    page.goto("/account/signup/")
    desk.fill({"Email": EMAIL, "Your name": "Olive Harbour", "Password": PHRASE})
    desk.press("Create account")
    page.goto("/dev/mailbox/")
    page.get_by_role("link", name="Confirm your email address").first.click()
    page.locator(".mail-text").get_by_role("link").first.click()
    desk.press("Confirm the address")
    page.wait_for_url("**/dashboard/")


def set_up_the_first_event(desk: Desk, javascript: bool) -> None:
    page = desk.page
    desk.fill({"Organization name": "Harbour Arts"})
    desk.press("Create organization")
    desk.reads("0 of 4 done")
    desk.follow("Connect with Stripe")
    desk.press("Connect with Stripe")
    onboard_at_stripe(page)
    expect(page.get_by_role("heading", name="You can sell paid tickets")).to_be_visible()
    desk.follow("Go to your events")
    desk.follow("Create event")
    desk.fill({"Event name": "Night Market", "Starts": "2030-12-13T19:30"})
    page.get_by_label("Time zone").select_option("America/New_York")
    desk.filled += 1
    desk.press("Save and add tickets")
    desk.follow("Add ticket")
    desk.fill({"Name": "General admission", "Price": "50", "Quantity": "100"})
    if not javascript:
        desk.press("What will buyers see?")
    desk.reads("Buyers see $50.00. You receive $45.50.")
    desk.press("Add ticket")
    desk.press("Publish event")
    desk.reads("Published. Tickets can be bought from now on.")
    expect(page.get_by_label("Link of the event")).to_have_value(f"{desk.site.url}/e/night-market/")


def follow_the_money(desk: Desk) -> None:
    page = desk.page
    desk.turn_to("Events")
    desk.follow("Night Market")
    expect(page.locator(".figures")).to_contain_text("2 of 100")
    expect(page.locator(".figures")).to_contain_text("$91.30")
    desk.turn_to("Orders")
    page.get_by_text("Status", exact=True).first.click()
    page.get_by_label("Paid", exact=True).check()
    desk.press("Show orders")
    expect(page.get_by_role("link", name="Status: Paid. Clear this filter")).to_be_visible()
    desk.follow(Order.objects.get().code)
    expect(page.locator(".trail")).to_contain_text("Paid by the buyer")
    expect(page.locator(".trail")).to_contain_text("$100.00")


def refund_one_ticket(desk: Desk) -> None:
    page = desk.page
    desk.follow("Void and refund")
    desk.page.get_by_label("Reason").fill("One of you can’t come")
    desk.press("Check who pays what")
    desk.reads("Taken from your Stripe balance")
    desk.press("Refund $50.00")
    desk.reads("$50.00 is on its way to Ada Obi")
    desk.site.settle()
    page.reload()
    desk.turn_to("Orders")
    desk.follow(Order.objects.get().code)
    expect(page.locator(".trail")).to_contain_text("Refunded to the buyer")
    expect(page.locator(".timeline")).to_contain_text("Reason: One of you can’t come")
    assert [refund.amount for refund in Refund.objects.all()] == [5000]
    assert "One of you can’t come" in desk.site.mails_to("ada@example.com")[-1]["text"]


def pay_out_by_hand(desk: Desk) -> None:
    page = desk.page
    desk.turn_to("Payments")
    page.get_by_label("How often").select_option("manual")
    desk.press("Save schedule")
    desk.reads("Saved. Payouts:")
    desk.turn_to("Payouts")
    desk.follow("Pay out now")
    page.get_by_label("Amount").fill("30.00")
    desk.press("Check the payout")
    desk.press("Pay out $30.00")
    expect(page.get_by_role("heading", level=1)).to_have_text("Payout of $30.00")
    desk.site.settle()
    page.reload()
    desk.reads("Stripe doesn’t say what a payout made by hand consists of")
    desk.follow("Payouts")
    expect(page.get_by_role("row").nth(1)).to_contain_text("$30.00")


def read_the_statement(desk: Desk) -> None:
    page = desk.page
    desk.follow("Statements")
    desk.follow(f"{now():%B %Y} so far")
    expect(page.locator(".summary-total").first).to_contain_text("Balance so far")
    with page.expect_download() as document:
        desk.follow("Download PDF")
    assert document.value.suggested_filename == f"statement-harbour-arts-{now():%Y-%m}.pdf"
