"""The door in a real browser: QR codes held to its camera, two devices at once, no camera, no connection, no script."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Organization, User
from maly.tests.browser import launch_options
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import ALL_RULES, AXE, AXE_SCRIPT, assert_fine, look_over
from ticketing.models import CheckIn, Event, Ticket
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.door_links import create_door_link
from ticketing.services.signing import sign_ticket
from ticketing.services.tickets import make_qr
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
WIDTH, HEIGHT, SCALE = 640, 480, 5
# What this browser lacks: a torch, a second camera, and a detector of its own; this one sees the same code in
# whatever picture there is. `window.heard` counts the tones and the shakes.
BETTER_PHONE = """
window.heard = 0;
navigator.vibrate = () => { window.heard += 1; return true; };
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["aztec", "qr_code"]; }
  async detect(video) { return video.videoWidth ? [{ rawValue: "https://example.com/menu" }] : []; }
};
const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
navigator.mediaDevices.enumerateDevices = async () => [...await list(), ...await list()];
MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
MediaStreamTrack.prototype.applyConstraints = async (wish) => { window.torch = wish.advanced[0].torch; };
"""
# Every answer that filled the screen; the first one marks the page, for waiting.
REMEMBER = """
window.said = [];
let newest = null;
const look = () => {
  const result = document.querySelector(".door-screen .door-result");
  if (!result || result === newest) return;
  newest = result;
  window.said.push(result.innerText);
  document.documentElement.dataset.said = "";
};
new MutationObserver(look).observe(document, { childList: true, subtree: true });
"""


@pytest.fixture
def night(organization: Organization) -> Event:
    return EventFactory(organization=organization, title="Night Market Sessions: Opening Night")


@pytest.fixture
def tickets(night: Event) -> list[Ticket]:
    """Four free tickets: Noor Haddad's, and one of Ada Obi's."""
    free = TicketTypeFactory(event=night, name="General admission", price_amount=0)
    start = start_checkout(night, items=[Item(free.public_id, 4)], email="a@example.com", name="Noor Haddad")
    found = list(start.order.tickets.select_related("event", "ticket_type"))
    Ticket.objects.filter(pk=found[1].pk).update(holder_name="Ada Obi")
    return found


@pytest.fixture
def door(night: Event, organizer: User) -> str:
    return f"/door/{create_door_link(night, actor=organizer, name='Door 2')[1]}/"


def film(path: Path, text: str) -> None:
    """A second of film of a QR code in the middle of a grey wall, as the fake camera plays it round and round."""
    rows = [list(row) for row in make_qr(text).matrix_iter(scale=SCALE, border=4)]
    side = len(rows)
    left, top = (WIDTH - side) // 2, (HEIGHT - side) // 2
    luma = bytearray([128]) * (WIDTH * HEIGHT)
    for y, row in enumerate(rows):
        start = (top + y) * WIDTH + left
        luma[start : start + side] = bytes(16 if dark else 235 for dark in row)
    frame = b"FRAME\n" + bytes(luma) + bytes([128]) * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip C420jpeg\n".encode() + frame * 10)


@pytest.fixture
def hold_out(_chromium: Browser, tmp_path: Path, site: Site) -> Iterator[Callable[..., BrowserContext]]:
    """Open a phone whose camera sees a code; every page of its browser sees the same."""
    browsers: list[Browser] = []

    def open_phone(text: str, **more: Any) -> BrowserContext:
        film(tmp_path / "code.y4m", text)
        options = launch_options()
        options["args"] = [
            *options["args"],
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={tmp_path / 'code.y4m'}",
        ]
        browsers.append(_chromium.browser_type.launch(**options))
        return phone(browsers[-1], base_url=site.url, **more)

    yield open_phone
    for browser in browsers:
        browser.close()


def phone(browser: Browser, **more: Any) -> BrowserContext:
    return browser.new_context(
        viewport={"width": 390, "height": 844}, permissions=["camera"], device_scale_factor=2, **more
    )


def test_of_two_phones_that_see_one_code_at_once_one_lets_its_holder_in(
    hold_out: Callable[..., BrowserContext],
    site: Site,
    night: Event,
    tickets: list[Ticket],
    door: str,
    scanner: User,
) -> None:
    complaints: list[str] = []
    first = hold_out(sign_ticket(tickets[0]))
    assert first.browser is not None
    gates = {"Door 2": first, scanner.name: phone(first.browser, base_url=site.url)}
    pages = {gate: context.new_page() for gate, context in gates.items()}
    for page in pages.values():
        page.add_init_script(REMEMBER)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Policy" in said.text else None)
    sign_in(pages[scanner.name], scanner.email)
    pages[scanner.name].wait_for_url("**/dashboard/**")
    pages[scanner.name].get_by_role("link", name=night.title).wait_for()
    pages[scanner.name].goto(f"/dashboard/events/{night.slug}/check-in/", wait_until="commit")
    pages["Door 2"].goto(door, wait_until="commit")
    said = {}
    for gate, page in pages.items():
        page.locator("html[data-said]").wait_for(timeout=20_000)
        said[page.evaluate("window.said[0]").split("\n")[0]] = gate
    assert set(said) == {"Come in", "Already in"}
    winner, loser = pages[said["Come in"]], pages[said["Already in"]]
    expect(winner.get_by_role("heading", name="Come in")).to_be_hidden(timeout=10_000)
    expect(winner.get_by_text("1 / 4")).to_be_visible()
    expect(winner.get_by_text("Online", exact=True)).to_be_visible()
    expect(loser.get_by_text(f"Scanned at {said['Come in']} at")).to_be_visible()
    assert CheckIn.objects.count() == 1
    assert winner.evaluate("window.said.length") == 1  # held there, the same code isn't asked about again

    loser.get_by_text("Let in anyway").click()
    loser.get_by_role("button", name="Went out and came back").click()
    expect(loser.get_by_role("heading", name="Come in")).to_be_visible()
    assert CheckIn.objects.filter(override_reason="Went out and came back").count() == 1
    assert complaints == []


def test_a_code_that_is_no_ticket_fills_the_screen_until_somebody_has_read_it(
    hold_out: Callable[..., BrowserContext], tickets: list[Ticket], door: str
) -> None:
    page = hold_out("https://example.com/menu", color_scheme="dark").new_page()
    page.goto(door)
    expect(page.get_by_role("heading", name="Not valid")).to_be_visible(timeout=20_000)
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE, ALL_RULES) == []
    expect(page.get_by_role("link", name="Next ticket")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Not valid")).to_be_hidden()
    expect(page.get_by_text("Hold the QR code inside the frame")).to_be_visible()
    for missing in ("Torch", "Switch camera"):
        expect(page.get_by_role("button", name=missing)).to_be_hidden()
    assert page.evaluate(AXE, ALL_RULES) == []
    assert not CheckIn.objects.exists()


def test_a_phone_with_more_has_a_button_for_each_and_its_own_detector_is_used(
    hold_out: Callable[..., BrowserContext], tickets: list[Ticket], door: str
) -> None:
    context = hold_out("https://example.com/menu")
    context.add_init_script(BETTER_PHONE)
    page = context.new_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(door)
    page.get_by_role("link", name="Next ticket").click()
    assert not [url for url in fetched if "/vendor/" in url]
    signals = page.get_by_role("button", name="Sound and vibration")
    expect(signals).to_have_attribute("aria-pressed", "true")
    heard = page.evaluate("window.heard")
    signals.click()
    page.reload()
    page.get_by_role("link", name="Next ticket").click()
    expect(signals).to_have_attribute("aria-pressed", "false")
    assert (heard, page.evaluate("window.heard")) == (1, 0)
    torch = page.get_by_role("button", name="Torch")
    for is_on in (True, False):
        torch.click()
        expect(torch).to_have_attribute("aria-pressed", str(is_on).lower())
        assert page.evaluate("window.torch") is is_on
    torch.click()
    page.get_by_role("button", name="Switch camera").click()
    expect(torch).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_text("Hold the QR code inside the frame")).to_be_visible()


def test_without_a_camera_the_page_says_where_to_allow_it_and_works_by_hand(
    open_page: OpenPage, tickets: list[Ticket], door: str
) -> None:
    page = open_page(width=390, height=844)
    page.goto(door)
    expect(page.get_by_role("heading", name="The camera isn’t allowed here")).to_be_visible()
    field = page.get_by_label("Ticket code or name")
    expect(field).to_be_focused()
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE, ALL_RULES) == []
    field.fill(tickets[0].code.lower())
    field.press("Enter")
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: Noor Haddad is not in.")).to_be_visible()
    assert Ticket.objects.get(pk=tickets[0].pk).status == "valid"
    field.fill("obi")
    field.press("Enter")
    page.get_by_role("button", name="Check Ada Obi in").click()
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()
    page.get_by_role("link", name="Next ticket").click()
    expect(page.get_by_text("Last in: Ada Obi")).to_be_visible()


def test_a_connection_that_is_gone_is_said_and_a_scan_whose_answer_was_lost_counts_once(
    open_page: OpenPage, tickets: list[Ticket], door: str
) -> None:
    page = open_page(width=390, height=844)
    page.goto(door)
    field = page.get_by_label("Ticket code or name")

    def lose_the_answer(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route(f"**{door}", lose_the_answer)
    field.fill(tickets[0].code)
    field.press("Enter")
    expect(page.get_by_text("Scan the ticket again as soon as there is one")).to_be_visible()
    expect(page.get_by_text("No connection", exact=True)).to_be_visible()
    assert CheckIn.objects.count() == 1
    page.unroute(f"**{door}")
    field.press("Enter")
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()
    expect(page.get_by_text("Scan the ticket again as soon as there is one")).to_be_hidden()
    assert CheckIn.objects.count() == 1
    for is_gone in (True, False):
        page.context.set_offline(is_gone)
        expect(page.get_by_text("No connection", exact=True)).to_be_visible(visible=is_gone)
    expect(page.get_by_text("Online", exact=True)).to_be_visible()


def test_the_door_is_for_everybody_with_and_without_a_script(
    open_page: OpenPage, night: Event, tickets: list[Ticket], door: str, organizer: User
) -> None:
    page = open_page(width=360, height=740, javascript=False)
    page.goto(door)
    page.get_by_label("Ticket code or name").fill(tickets[0].code)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()
    page.get_by_role("link", name="Next ticket").click()
    page.get_by_label("Ticket code or name").fill(sign_ticket(tickets[0]))
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("heading", name="Already in")).to_be_visible()
    desk = open_page()
    sign_in(desk, organizer.email)
    desk.wait_for_url("**/dashboard/**")
    own = f"/dashboard/events/{night.slug}/"
    assert_fine(look_over(desk, [door, f"{own}check-in/", f"{own}doors/"]))
    desk.get_by_label("Name of the door").fill("East gate")
    desk.get_by_role("button", name="Make a link").click()
    link = desk.get_by_label("The link", exact=True).input_value()
    desk.evaluate(AXE_SCRIPT)
    assert desk.evaluate(AXE, ALL_RULES) == []
    volunteer = open_page(width=390)
    volunteer.goto(link)
    expect(volunteer.get_by_text("East gate")).to_be_visible()
