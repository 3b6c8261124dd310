"""A dispute in the cockpit, from its opening until the bank decides for us: the ticket was used."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from maly.tests.house import House
from maly.tests.looks import Look
from maly.tests.server import Site, sign_in, sign_in_again
from ticketing.access import Gatekeeper
from ticketing.models import Dispute
from ticketing.services.check_ins import check_in
from ticketing.services.door_links import create_door_link
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.browser


def test_a_dispute_is_won_with_the_evidence_of_a_ticket_that_was_used(
    open_page: Callable[..., Page],
    site: Site,
    connected_organization: Organization,
    organizer: User,
    sandbox: Any,
    settle: Callable[[], None],
    staff: User,
) -> None:
    house = House(connected_organization, organizer, sandbox, settle)
    event = EventFactory(organization=connected_organization, refund_policy="None within 7 days.")
    order = house.sell(TicketTypeFactory(event=event), 1)
    door, _token = create_door_link(event, actor=organizer, name="East gate")
    check_in(event, keeper=Gatekeeper(door=door), text=order.tickets.get().code)
    opened = house.dispute(order, reason="product_not_received")
    page = open_page()
    sign_in(page, staff.email)
    page.wait_for_url("**/dashboard/**")
    desk = f"/admin/disputes/{opened.stripe_dispute_id}/"
    page.goto("/admin/disputes/")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="The ticket was used")).to_be_visible()
    said = page.get_by_label("What the buyer did with it")
    assert "checked in at the event, at the door “East gate”" in said.input_value()
    page.get_by_label("Anything else").fill("She was there.")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("The draft is saved. The bank hasn’t seen it.")).to_be_visible()
    page.get_by_role("button", name="Save and go on to send").click()
    sign_in_again(page)
    expect(page.get_by_role("heading", name="Send this to the bank?")).to_be_visible()
    expect(page.get_by_text("at the door “East gate”")).to_be_visible()
    page.get_by_role("button", name="Send evidence to the bank").click()
    expect(page.get_by_role("link", name="Tick that you know that it is final.")).to_be_visible()
    assert list(Look(page).here()) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_label("I know that this is final").check()
    page.get_by_role("button", name="Send evidence to the bank").click()
    expect(page.get_by_text("The evidence is with the bank.")).to_be_visible()
    assert Dispute.objects.get().answered_by == staff
    house.control(f"disputes/{opened.stripe_dispute_id}", outcome="won")
    settle()
    page.goto(desk)
    expect(page.locator(".title-line .badge")).to_have_text("Won")
    expect(page.get_by_text("Given back by the bank")).to_be_visible()
    expect(page.get_by_text("She was there.")).to_be_visible()
