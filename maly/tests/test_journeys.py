"""What people do, in a real browser: an organizer connects Stripe, attendees buy, at a desk and on a phone."""

import io
import re
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from maly.tests.server import Site
from ticketing.models import Event, Order, Ticket, TicketType
from ticketing.services.signing import verify_ticket

pytestmark = pytest.mark.browser
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
    page.get_by_label("Name", exact=True).fill(name)
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


@pytest.mark.parametrize(("width", "javascript"), [(390, True), (1280, False)], ids=["phone", "no script"])
def test_tickets_are_bought_with_a_second_thought_and_names(
    site: Site, open_page: OpenPage, event: str, width: int, javascript: bool
) -> None:
    """One more ticket at the checkout, whose holder the organizer asks for; nothing typed is lost by it."""
    Event.objects.update(asks_attendee_names=True)
    page = open_page(width=width, javascript=javascript)
    choose_tickets(page, event, 1)
    page.get_by_label("Email").fill("ada@example.com")
    if width == 390:
        page.get_by_text("Your order", exact=True).click()
    page.get_by_role("button", name="Add one General admission").click()
    page.get_by_label("General admission, ticket 2").fill("Cy Lo")
    expect(page.get_by_label("Email")).to_have_value("ada@example.com")
    give_details(page)
    pay(page)
    assert_holds_good_tickets(page, 2)
    assert {ticket.holder_name for ticket in Ticket.objects.all()} == {"Ada Obi", "Cy Lo"}
    with page.expect_download() as pdf:
        page.get_by_role("link", name="Download PDF").click()
    assert pdf.value.path().read_bytes().startswith(b"%PDF")


def test_a_number_typed_while_the_net_is_away_is_no_order(
    site: Site, open_page: OpenPage, event: str
) -> None:
    """The page is asked for anew; free tickets would be the buyer's at once."""
    TicketType.objects.update(price_amount=0)
    page = open_page()
    choose_tickets(page, event, 1)
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Name", exact=True).fill("Ada Obi")
    page.route(
        "**/checkout/", lambda way: way.abort() if way.request.resource_type == "fetch" else way.continue_()
    )
    page.get_by_label("General admission tickets").fill("3")
    with page.expect_navigation():
        page.get_by_label("Email").focus()
    expect(page.get_by_label("General admission tickets")).to_have_value("3")
    assert not Order.objects.exists()


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


def test_a_hold_that_lapsed_is_renewed_and_a_closed_tab_loses_nothing(
    site: Site, open_page: OpenPage, event: str
) -> None:
    """The webhook alone makes the tickets; their buyer finds them by a link to their address."""
    page = open_page(width=390, height=844)
    choose_tickets(page, event, 2)
    give_details(page)
    order = Order.objects.get()
    site.control("clock", {"advance_seconds": 33 * 60})
    site.settle()
    page.goto(f"/o/{order.code}/")  # the browser has been here, so it needs no key
    page.get_by_role("heading", name="Your reservation has expired").wait_for()
    assert TicketType.objects.get().held == 0
    page.get_by_role("button", name=re.compile("^Try again")).click()
    page.get_by_role("heading", name="Test payment").wait_for()
    page.go_back()
    page.goto(f"/o/{order.code}/")
    expect(page.get_by_text(re.compile("^Held for you until"))).to_be_visible()
    page.get_by_role("button", name="Keep holding").click()
    expect(page.get_by_text("Your tickets are held. The time is below.")).to_be_visible()
    page.close()
    session = order.payments.latest("id").session_id
    site.control(f"checkout/{session}/pay", {"card": "4242424242424242"})
    site.settle()

    later = open_page(width=390, height=844)
    later.goto("/tickets/")
    later.get_by_label("Email").fill("ada@example.com")
    later.get_by_role("button", name="Email me a link").click()
    expect(later.get_by_role("heading", name="Check your email")).to_be_visible()
    site.settle()
    (mail,) = [mail for mail in site.mails_to("ada@example.com") if mail["kind"] == "find_tickets"]
    link = re.search(r"http\S+/tickets/link/\S+", mail["text"])
    assert link
    later.goto(link[0])
    later.get_by_role("link", name="Night Market").click()
    assert_holds_good_tickets(later, 2)
