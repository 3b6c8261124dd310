"""An organizer's payouts and statements in a real browser: paid out by hand, and every page in every look."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from connect import gateway
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from connect.stripe_objects import PayoutSchedule
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import assert_fine, look_over
from payouts.models import OrganizerPayout, PayoutLine
from payouts.services.holding import hold_payouts
from payouts.tests.factories import OrganizerPayoutFactory
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("payouts-browser")]
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


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (390, False)])
def test_money_is_paid_out_by_hand_from_the_sale_to_the_statement(
    open_page: OpenPage, site: Site, account: ConnectedAccount, organizer: User, width: int, javascript: bool
) -> None:
    gateway.update_payout_schedule(str(account.stripe_account_id), PayoutSchedule(interval="manual"))
    sell(site, account.organization, 2)
    page = open_page(width=width, javascript=javascript)
    sign_in(page, organizer.email)
    page.goto(PAYOUTS)
    page.get_by_role("link", name="Pay out now").click()
    page.get_by_label("Amount").fill("50.00")
    page.get_by_role("button", name="Check the payout").click()
    page.get_by_role("button", name="Pay out $50.00").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payout of $50.00")
    site.settle()
    page.reload()
    expect(page.get_by_text("Stripe doesn’t say what a payout made by hand consists of")).to_be_visible()
    page.locator("main").get_by_role("link", name="Payouts", exact=True).click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("$50.00")
    page.get_by_role("link", name="Statements").click()
    page.get_by_role("link", name=f"{now():%B %Y} so far").click()
    expect(page.locator(".summary-total").first).to_contain_text("Balance so far")
    with page.expect_download() as document:
        page.get_by_role("link", name="Download PDF").click()
    assert document.value.suggested_filename == f"statement-{account.organization.slug}-{now():%Y-%m}.pdf"


@pytest.mark.broken_books("payouts of a factory, which nothing posts")
def test_the_pages_of_payouts_are_for_everybody(
    open_page: OpenPage, site: Site, account: ConnectedAccount, organizer: User, staff: User
) -> None:
    page = open_page()
    sign_in(page, organizer.email)
    page.wait_for_url("**/dashboard/**")
    problems = look_over(page, [f"{PAYOUTS}?first-use", STATEMENTS])
    sell(site, account.organization, 3)
    failed = make_payouts(account)
    gateway.update_payout_schedule(str(account.stripe_account_id), PayoutSchedule(interval="manual"))
    month = f"{STATEMENTS}{now():%Y-%m}/"
    pages = [PAYOUTS, f"{PAYOUTS}?status=in_transit", f"{PAYOUTS}{failed.stripe_payout_id}/"]
    problems += look_over(page, [*pages, f"{PAYOUTS}new/", STATEMENTS, month])
    page.goto(f"{PAYOUTS}new/")
    page.get_by_role("button", name="Check the payout").click()
    page.get_by_role("button", name="Pay out all that is available").click()
    page.wait_for_url("**/po_*/")
    site.settle()
    problems += look_over(page, [page.url, month])
    hold_payouts(account.organization, days_after_event=3, actor=staff, reason="A new organizer")
    problems += look_over(page, [f"{PAYOUTS}?held"])
    assert_fine(problems)


def make_payouts(account: ConnectedAccount) -> OrganizerPayout:
    """One of each status, the newest failed after it was paid, with lines."""
    for days, status in enumerate(("canceled", "pending", "in_transit", "paid"), start=1):
        made_at = now() - timedelta(days=days)
        OrganizerPayoutFactory(connected_account=account, status=status, created_at=made_at, amount=41200)
    failed: OrganizerPayout = OrganizerPayoutFactory(
        connected_account=account,
        status="failed",
        failure_code="account_closed",
        paid_at=now(),
        failed_at=now(),
        lines_synced_at=now(),
        amount=93800,
    )
    for number, type_ in enumerate(("payment", "payment_refund", "adjustment")):
        PayoutLine.objects.create(
            payout=failed,
            balance_transaction_id=f"txn_{number}",
            type=type_,
            amount=31000,
            fee_amount=300,
            net_amount=30700,
            currency="usd",
            occurred_at=now(),
        )
    return failed


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (390, False)])
def test_the_schedule_asks_for_a_day_where_one_is_needed(
    open_page: OpenPage, account: ConnectedAccount, organizer: User, width: int, javascript: bool
) -> None:
    page = open_page(width=width, javascript=javascript)
    sign_in(page, organizer.email)
    page.goto(SETTINGS)
    expect(page.get_by_label("On day")).to_be_hidden()
    page.get_by_label("Monthly").check()
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
