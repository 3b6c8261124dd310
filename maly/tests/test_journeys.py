"""What people do, in a real browser: an organizer connects Stripe, attendees buy, at a desk and on a phone."""

import io
import re
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from accounts.models import Organization, User
from maly.tests.server import Caller, Site, sign_in
from ticketing.models import Event, Order, Ticket, TicketType
from ticketing.services.signing import verify_ticket

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OpenPage = Callable[..., Page]


def onboard_at_stripe(page: Page) -> None:
    """Go through the hosted onboarding with what stands in its forms."""
    page.get_by_role("heading", name="Test onboarding").wait_for()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("First name").fill("Olive")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Everything is in order").check()
    page.get_by_role("button", name="Finish and return").click()


def choose_tickets(page: Page, event: str, quantity: int) -> None:
    """From the event page to the checkout, by the stepper."""
    page.goto(f"/e/{event}/")
    for taken in range(1, quantity + 1):
        page.get_by_role("button", name="Add one General admission").click()
        expect(page.get_by_label("General admission tickets")).to_have_value(str(taken))
    buttons = page.get_by_role("button", name=re.compile("^Continue( to checkout)?$"))
    buttons.and_(page.locator(":visible")).first.click()
    page.wait_for_url("**/checkout/**")


def give_details(page: Page, email: str = "ada@example.com", name: str = "Ada Obi") -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name=re.compile("^Continue to payment")).click()
    page.get_by_role("heading", name="Test payment").wait_for()


def pay(page: Page, card: str = "4242 4242 4242 4242") -> None:
    page.get_by_label("Card number").fill(card)
    page.get_by_role("button", name=re.compile("^Pay ")).first.click()


def read_codes(page: Page) -> list[str]:
    """What a scanner reads on the screen: a picture of each QR code, decoded."""
    texts = []
    for code in page.locator("svg.qr").all():
        picture = Image.open(io.BytesIO(code.screenshot()))
        (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        texts.append(found.text)
    return texts


def assert_holds_good_tickets(page: Page, quantity: int) -> None:
    """The order page shows so many codes, and each is a ticket of ours for this event."""
    page.get_by_role("heading", name=re.compile("^You’re going to")).wait_for()
    event = Event.objects.get()
    claims = [verify_ticket(text, event) for text in read_codes(page)]
    assert {claim.code for claim in claims} == set(Ticket.objects.values_list("code", flat=True))
    assert len(claims) == quantity


def test_an_organizer_connects_stripe_and_an_attendee_buys_a_ticket_that_verifies(
    site: Site, open_page: OpenPage, owner: Caller, organization: Organization, organizer: User
) -> None:
    desk = open_page()
    sign_in(desk, organizer.email)
    desk.goto("/dashboard/settings/payments/")
    desk.get_by_role("button", name="Connect with Stripe").click()
    onboard_at_stripe(desk)
    desk.wait_for_url("**/dashboard/settings/payments/return/**")
    desk.get_by_role("heading", name="You can sell paid tickets").wait_for()

    event = site.make_event(owner, organization.slug)
    attendee = open_page()
    choose_tickets(attendee, event, 2)
    give_details(attendee)
    pay(attendee)
    assert_holds_good_tickets(attendee, 2)

    site.settle()
    (mail,) = site.mails_to("ada@example.com")
    assert "Night Market" in mail["subject"]
    assert Order.objects.get().organizer_amount == 9130


def test_a_ticket_is_bought_on_a_phone(site: Site, open_page: OpenPage, event: str) -> None:
    page = open_page(width=390, height=844)
    choose_tickets(page, event, 1)
    give_details(page)
    pay(page)
    assert_holds_good_tickets(page, 1)


def test_a_ticket_is_bought_without_javascript(site: Site, open_page: OpenPage, event: str) -> None:
    page = open_page(javascript=False)
    choose_tickets(page, event, 2)
    give_details(page)
    pay(page)
    assert_holds_good_tickets(page, 2)


def test_a_declined_card_is_followed_by_a_good_one(site: Site, open_page: OpenPage, event: str) -> None:
    page = open_page()
    choose_tickets(page, event, 1)
    give_details(page)
    pay(page, "4000 0000 0000 0002")
    page.get_by_role("alert").get_by_text("declined").wait_for()
    assert TicketType.objects.get().held == 1
    pay(page)
    assert_holds_good_tickets(page, 1)


def test_somebody_who_leaves_the_payment_finds_their_details_again(
    site: Site, open_page: OpenPage, event: str
) -> None:
    page = open_page()
    choose_tickets(page, event, 2)
    give_details(page)
    page.get_by_role("link", name=re.compile("^← Back to")).click()
    page.get_by_role("heading", name="You left the payment").wait_for()
    assert page.get_by_text("No money was taken.").is_visible()
    assert (TicketType.objects.get().held, Order.objects.get().status) == (0, "cancelled")

    page.get_by_role("link", name="Try again").click()
    assert page.get_by_label("Email").input_value() == "ada@example.com"
    assert page.get_by_label("Name").input_value() == "Ada Obi"
    page.get_by_role("button", name=re.compile("^Continue to payment")).click()
    pay(page)
    page.get_by_role("heading", name=re.compile("^You’re going to")).wait_for()
    assert len(read_codes(page)) == 2
