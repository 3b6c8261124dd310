"""Premium in a real browser: subscribe on Stripe's page, change plan in its portal and here, cancel, go on."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.tests.factories import PASSWORD
from maly.tests.looks import Look
from maly.tests.server import Site
from premium.models import PremiumInvoice, Subscription
from premium.services.prices import create_prices

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
MONTHLY = re.compile("^Monthly")
BILLING = "/dashboard/settings/billing/"


def pay(page: Page) -> None:
    """Pay on Stripe's page."""
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_label("Expiry").fill("12/34")
    page.get_by_label("CVC").fill("123")
    page.get_by_role("button", name="Subscribe for").click()


def shows(page: Page, *words: str) -> None:
    for each in words:
        expect(page.get_by_role("main").get_by_text(each).first).to_be_visible()


def cancel(page: Page, site: Site, *, in_portal: bool) -> None:
    """Have Premium end with its period: on Stripe's page or on ours; back on the billing page."""
    if in_portal:
        page.get_by_role("button", name="Update card or details").click()
        page.get_by_role("link", name="Cancel plan").click()
        page.get_by_role("button", name="Cancel plan").click()
        expect(page.get_by_role("button", name="Keep plan")).to_be_visible()
        page.get_by_role("link", name="Back to").click()  # before Stripe's news has arrived
        return
    page.get_by_role("link", name="Cancel Premium…").click()
    shows(page, "What changes then")
    page.get_by_role("button", name="End Premium on").click()


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (360, False)], ids=["wide", "no script"])
def test_somebody_subscribes_changes_their_plan_cancels_and_stays(
    open_page: OpenPage, site: Site, buyer: User, width: int, javascript: bool
) -> None:
    create_prices()
    page = open_page(width=width, javascript=javascript)
    problems: list[str] = []

    def look() -> None:
        if javascript:
            problems.extend(f"{page.url} {said}" for said in Look(page).here())
            page.set_viewport_size({"width": width, "height": 900})

    page.goto("/premium/")
    look()
    page.get_by_role("radio", name=MONTHLY).check()
    page.get_by_role("button", name="Sign in and continue").click()
    page.get_by_label("Email").fill(buyer.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("radio", name=MONTHLY)).to_be_checked()
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("button", name="Leave").click()
    shows(page, "No money was taken.")
    look()
    page.get_by_role("radio", name=MONTHLY).check()
    page.get_by_role("button", name="Continue to payment").click()
    pay(page)
    expect(page.get_by_role("heading", name="You have Premium")).to_be_visible()
    look()
    page.get_by_role("link", name="See your billing").click()
    site.settle()
    page.reload()
    shows(page, "Active", "Monthly, $29 a month", "Visa ending 4242", "$29.00")
    look()

    page.get_by_role("button", name="Update card or details").click()
    page.wait_for_url(f"{site.stripe_url}/**")
    if javascript:
        problems.extend(f"{page.url} {said}" for said in Look(page).narrow())
        page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("link", name="Change plan").click()
    page.get_by_role("button", name="See what Maly Premium Yearly costs today").click()
    page.get_by_role("button", name="Change to Maly Premium Yearly").click()
    site.settle()
    page.goto(BILLING)
    shows(page, "Yearly, $290 a year")
    page.get_by_role("button", name="Pay monthly instead…").click()
    expect(page.get_by_role("heading", name="Pay monthly instead")).to_be_visible()
    shows(page, "Monthly, $29 a month", "Kept as credit for the next payments", "Nothing is charged now.")
    look()
    page.get_by_role("button", name="Change the plan").click()
    shows(page, "You pay monthly from now on.", "Monthly, $29 a month")

    cancel(page, site, in_portal=javascript)
    shows(page, "Ends soon", "nothing more is charged")
    look()
    page.get_by_role("button", name="Keep Premium").click()
    shows(page, "You keep Premium.", "Active")
    site.settle()
    assert Subscription.objects.get().status == Subscription.Status.ACTIVE
    assert PremiumInvoice.objects.count() >= 2
    assert problems == []
