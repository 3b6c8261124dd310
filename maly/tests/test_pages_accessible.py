"""Every page, in light and dark, at a desk and on phones: no axe violation, no sideways scroll, nothing inline."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import Organization, Role, User
from accounts.services.invitations import invite_member
from maly.tests.server import CREATE, Caller, Site, sign_in
from ticketing.models import Event
from ticketing.services.finding import make_link_token
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
NARROW = (390, 360)
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = """async (rules) => {
  const found = await axe.run(document, {resultTypes: ["violations"], ...rules});
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`));
}"""
ALL_RULES = {"runOnly": STANDARDS}
INLINE = re.compile(
    r"""<style|\sstyle=["']|\son[a-z]+=["']|<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)|javascript:"""
)


def look_over(page: Page, addresses: Iterable[str]) -> list[str]:
    """What is wrong with these pages, in every look they have."""
    return [f"{address} {problem}" for address in addresses for problem in problems_of(page, address)]


def assert_fine(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)


def problems_of(page: Page, address: str) -> Iterable[str]:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    answer = page.goto(address)
    assert answer is not None
    if answer.status >= 500:
        yield f"answers {answer.status}"
    yield from (f"has inline {found}" for found in set(INLINE.findall(answer.text())))
    page.evaluate(AXE_SCRIPT)
    yield from (f"(wide, light) {found}" for found in page.evaluate(AXE, ALL_RULES))
    page.emulate_media(color_scheme="dark")
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            yield f"scrolls sideways at {width}"
    yield from (f"(narrow, dark) {found}" for found in page.evaluate(AXE, ALL_RULES))


def make_event(organization: Organization, title: str, **fields: Any) -> str:
    """An event with a paid, a free and a hidden ticket type, unless told otherwise; its slug."""
    type_fields = fields.pop("type", {})
    event = EventFactory(organization=organization, title=title, **fields)
    TicketTypeFactory(event=event, description="Entry from 7 pm.", **type_fields)
    if not type_fields:
        TicketTypeFactory(event=event, name="Helper", price_amount=0)
        TicketTypeFactory(event=event, name="Guest", is_hidden=True)
        TicketTypeFactory(event=event, name="Late", sales_start=timezone.now() + timedelta(days=5))
        TicketTypeFactory(event=event, name="Gone", capacity=1, sold=1)
    return str(event.slug)


def test_the_public_pages_are_for_everybody(
    open_page: OpenPage, site: Site, connected_organization: Organization
) -> None:
    now = timezone.now()
    description = "Six kitchens. **Come hungry.**\n\n- Dogs are welcome\n\n[The quay](https://example.com)"
    events = [
        make_event(
            connected_organization,
            "Night Market: Opening Night",
            description=description,
            fee_absorption="pass_to_buyer",
            accessibility="Step-free entrance.",
            refund_policy="Until a week before.",
            address="14 Quay Street",
        ),
        make_event(connected_organization, "Sold out", type={"capacity": 5, "sold": 5}),
        make_event(connected_organization, "Not yet", type={"sales_start": now + timedelta(days=3)}),
        make_event(connected_organization, "Paused", status=Event.Status.PAUSED),
        make_event(connected_organization, "Cancelled", status=Event.Status.CANCELLED, cancelled_at=now),
        make_event(connected_organization, "Over", starts_at=now - timedelta(days=2)),
        make_event(connected_organization, "A" + "bsolutelyunbreakable" * 5, type={"name": "Z" * 80}),
        str(TicketTypeFactory(event__title="No Stripe yet").event.slug),
    ]
    page = open_page()
    addresses = [
        "/",
        "/?q=nigth+markt&where=ropewroks",
        "/?q=nothing&when=today",
        "/no-such-page/",
        "/o/M-0000000/",
        "/dev/mailbox/",
    ]
    pages = [f"/e/{slug}/" for slug in events]
    page.goto(pages[0])
    field = page.locator("input[data-price]").first.get_attribute("name")
    filled = f"/e/{events[0]}/?{field}=2"
    checkout = f"/e/{events[0]}/checkout/?{field}=2"
    assert_fine(look_over(page, [*addresses, *pages, filled, checkout]))


def test_the_pages_of_an_order_are_for_everybody(open_page: OpenPage, site: Site, event: str) -> None:
    orders = {}
    orders["expired"] = site.check_out(event, 1, email="expired@example.com")
    site.control("clock", {"advance_seconds": 33 * 60})
    site.settle()
    for state in ("awaiting", "paid", "failed", "cancelled"):
        orders[state] = site.check_out(event, 2, email=f"{state}@example.com")
    site.pay(orders["paid"])
    site.pay(orders["failed"], "4000000000000002")

    def path(state: str) -> str:
        order = orders[state]["order"]
        return f"/o/{order['code']}/?key={order['key']}"

    cancelled = orders["cancelled"]["order"]
    pages = [f"/payment-cancel?order={cancelled['code']}&key={cancelled['key']}"]
    pages += [path(state) for state in orders]
    pages += [f"{path('awaiting')}&wait=2", f"{path('awaiting')}&wait=99", "/dev/mailbox/"]
    pages += [path("paid").replace("/?", "/email/?"), "/tickets/find/"]
    page = open_page()
    assert_fine(look_over(page, pages))
    page.goto(f"/tickets/link/?token={make_link_token('paid@example.com')}")
    assert_fine(look_over(page, ["/tickets/"]))
    page.goto("/dev/mailbox/")
    mail = page.locator("a[href^='/dev/mailbox/']").first.get_attribute("href")
    assert mail is not None
    assert_fine(look_over(page, [mail]))


def test_the_pages_of_an_account_are_for_everybody(
    open_page: OpenPage, site: Site, organizer: User, organization: Organization, scanner: User
) -> None:
    page = open_page()
    invite_member(organization, email="ada@example.com", role=Role.MANAGER, actor=organizer)
    link = re.search(r"/invitations/\w+/", site.mails_to("ada@example.com")[0]["text"])
    assert link
    visitor = ("login", "signup", "password/reset", "password/reset/done", "login/code", "confirm-email")
    assert_fine(look_over(page, [link[0], *(f"/account/{name}/" for name in visitor)]))
    sign_in(page, organizer.email)
    page.wait_for_url("**/dashboard/**")
    own = (
        "email",
        "password/change",
        "2fa",
        "2fa/totp/activate",
        "2fa/webauthn",
        "sessions",
        "tokens",
        "logout",
    )
    assert_fine(look_over(page, [f"/account/{name}/" for name in own]))


def test_stripes_hosted_pages_are_for_everybody(
    open_page: OpenPage, site: Site, owner: Caller, organization: Organization
) -> None:
    page = open_page()
    link = owner.post(CREATE, {"organization": organization.slug}).json()["onboarding_url"]
    page.goto(link)
    step = page.url
    problems = look_over(page, [step, f"{step}?step=person", f"{step}?step=bank"])
    account_id = site.accounts_at_stripe()[0]["id"]
    site.control(f"accounts/{account_id}", {"complete": True})
    site.settle()
    started = site.check_out(site.make_event(owner, organization.slug))
    dashboard = owner.post("/api/stripe/connect/dashboard-link", {"organization": organization.slug}).json()
    page.goto(dashboard["url"])
    bench = f"{site.stripe_url}/_sandbox/"
    lists = [f"{bench}pages/{name}/" for name in ("events", "sessions", "requests", "money")]
    problems += look_over(page, [page.url, started["url"], bench, *lists])
    page.goto(started["url"])
    page.get_by_label("Card number").fill("4000 0000 0000 3220")
    page.get_by_role("button", name=re.compile("^Pay \\W")).click()
    page.get_by_role("heading", name="3D Secure check").wait_for()
    problems += look_over(page, [page.url])
    assert_fine(problems)
