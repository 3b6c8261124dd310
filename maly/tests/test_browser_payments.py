"""Payment settings in a real browser: every state of the account, onboarding without scripts, the fee preview."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from connect.models import ConnectedAccount, FeeOverride
from dashboard.tests.test_payments_pages import READY, STATES_OF_ROWS
from maly.tests.server import Site, sign_in, sign_in_again
from maly.tests.test_pages_accessible import assert_fine, look_over
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PAYMENTS = "/dashboard/settings/payments/"


def test_the_payment_settings_are_for_everybody_in_every_state(
    open_page: OpenPage, site: Site, organization: Organization, organizer: User
) -> None:
    TicketTypeFactory(event__organization=organization)
    page = open_page()
    sign_in(page, organizer.email)
    problems = look_over(page, ["/dashboard/", PAYMENTS, f"{PAYMENTS}return/"])
    ConnectedAccount.objects.create(
        organization=organization, creation_key="key", stripe_account_id="acct_1PabcdefghijX7Qz"
    )
    for changes in STATES_OF_ROWS.values():
        ConnectedAccount.objects.update(**{**READY, "requirements": {}, "detached_at": None, **changes})
        problems += look_over(page, [PAYMENTS])
    ConnectedAccount.objects.update(detached_at=None)
    sign_in_again(page, f"{PAYMENTS}disconnect/")
    problems += look_over(page, ["/dashboard/", f"{PAYMENTS}disconnect/"])
    page.get_by_role("button", name="Disconnect Stripe").click()
    assert_fine(problems)


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (360, False)])
def test_an_organizer_connects_on_stripes_page_and_comes_back_ready(
    open_page: OpenPage, site: Site, organization: Organization, organizer: User, width: int, javascript: bool
) -> None:
    page = open_page(width=width, javascript=javascript)
    sign_in(page, organizer.email)
    page.goto(PAYMENTS)
    page.get_by_role("button", name="Connect with Stripe").click()
    page.wait_for_url(f"{site.stripe_url}/**")
    assert "acct_" not in page.url
    page.goto(PAYMENTS)
    expect(page.get_by_text("Not finished")).to_be_visible()
    account = ConnectedAccount.objects.get()
    site.control(f"accounts/{account.stripe_account_id}", {"complete": True})
    page.goto(f"{PAYMENTS}return/?organization={organization.slug}")
    expect(page.get_by_role("heading", name="You can sell paid tickets")).to_be_visible()
    page.get_by_role("link", name="Go to payment settings").click()
    page.get_by_label("Buyer pays").check()
    page.get_by_role("button", name="Save fees").click()
    expect(page.get_by_text("Saved. It applies to new orders.")).to_be_visible()
    page.get_by_role("link", name="Disconnect…").click()
    sign_in_again(page)
    page.get_by_label("Web address of the organization").fill(organization.slug)
    page.get_by_role("button", name="Disconnect Stripe").click()
    expect(page.get_by_text("Stripe is disconnected.")).to_be_visible()
    expect(page.get_by_role("button", name="Connect again")).to_be_visible()


def test_staff_see_at_once_what_a_rate_does_to_a_ticket(
    open_page: OpenPage, site: Site, organization: Organization, staff: User
) -> None:
    page = open_page()
    sign_in(page, staff.email)
    page.goto(f"/staff/connect/feeoverride/add/?organization={organization.pk}")
    preview = page.get_by_label("Preview", exact=True)
    expect(preview).to_contain_text("What 4 % + $0.75 does to a $50.00 ticket")
    page.get_by_label("Percent").fill("3.5")
    page.get_by_label("Fixed amount").fill("50")
    expect(preview).to_contain_text("What 3.5 % + $0.50 does to a $50.00 ticket")
    expect(preview).to_contain_text("$46.00")
    page.get_by_label("Percent").fill("101")
    expect(preview).to_contain_text("between 0 and 100")
    page.get_by_label("Percent").fill("3.5")
    page.get_by_label("Reason").fill("Deal")
    page.get_by_role("button", name="Save", exact=True).click()
    sign_in_again(page)  # and what was filled in is saved
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert FeeOverride.objects.get().fixed_amount == 50
