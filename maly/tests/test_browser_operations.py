"""Operations in a real browser: an event that was given up is shown, handled again with a reason, and handled."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from connect.models import StripeEvent
from connect.selectors import get_current_account
from connect.services import inbox
from maly.tests.looks import Look
from maly.tests.server import Site, sign_in, sign_in_again
from maly.tests.test_pages_accessible import assert_fine
from notifications.models import Message

pytestmark = pytest.mark.browser
PAGE = "/admin/operations/"


@pytest.fixture
def dead_letter(site: Site, connected_organization: Organization, sandbox: Any) -> StripeEvent:
    """News of an account, which Stripe doesn't let anybody read until the tries have run out."""
    account = get_current_account(connected_organization)
    assert account
    site.settle()
    path = f"/v1/accounts/{account.stripe_account_id}"
    site.control("faults", {"path": path, "effect": "error_500", "times": 1000})
    site.control(f"accounts/{account.stripe_account_id}", {"payouts_enabled": False})
    sandbox.pump()
    event = StripeEvent.objects.filter(status="received", type="account.updated").latest("pk")
    for _try in range(inbox.MOST_ATTEMPTS):
        StripeEvent.objects.filter(status="received").update(due_at=timezone.now())
        inbox.process_due()
    event.refresh_from_db()
    assert event.status == "dead"
    return event


def test_a_dead_letter_is_seen_handled_again_and_handled(
    site: Site, open_page: Callable[..., Page], staff: User, dead_letter: StripeEvent
) -> None:
    Message.objects.create(
        key="ticket_confirmation:M-1",
        kind="ticket_confirmation",
        to="a@example.com",
        state="dead",
        error="550",
    )
    page = open_page()
    sign_in(page, staff.email)
    page.wait_for_url("**/dashboard/**")
    acts = [
        f"{PAGE}inbox/replay/?event={dead_letter.pk}",
        f"{PAGE}outbox/send-again/?kind=ticket_confirmation",
    ]
    sign_in_again(page, acts[0])
    page.wait_for_url("**/replay/**")
    look = Look(page)
    problems = look.glance([PAGE, f"{PAGE}outbox/", *acts])

    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(PAGE)
    page.get_by_role("link", name="Show them: ").first.click()
    page.get_by_role("link", name=dead_letter.event_id).click()
    expect(page.get_by_text("Given up")).to_be_visible()
    page.get_by_role("link", name="Handle again").click()
    page.get_by_label("Reason").fill("Stripe answers again")
    page.get_by_role("button", name="Handle again").click()
    expect(page.get_by_text("1 event is handled again.")).to_be_visible()
    expect(page.get_by_text("Waiting", exact=True)).to_be_visible()

    site.stripe.ask("DELETE", "/_sandbox/faults")
    site.settle()
    expect(page.get_by_text("Handled", exact=True)).to_be_visible(
        timeout=15_000
    )  # the page looks again by itself
    expect(page.get_by_text("Stripe answers again")).to_be_visible()
    assert_fine(problems)
