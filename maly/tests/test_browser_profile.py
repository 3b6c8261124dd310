"""From signing up to a public page, in a real browser; and its pages in every look."""

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from accounts.models import Organization, Role, User
from accounts.services.invitations import invite_member
from accounts.tests.factories import MembershipFactory
from maly.tests.server import Site, sign_in
from maly.tests.test_pages_accessible import assert_fine, look_over
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def logo() -> dict[str, str | bytes]:
    picture = Image.new("RGBA", (600, 600))
    ImageDraw.Draw(picture).ellipse((60, 60, 540, 540), fill="#2554ca")
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return {"name": "logo.png", "mimeType": "image/png", "buffer": data.getvalue()}


def test_somebody_new_goes_from_signing_up_to_their_public_page_without_script(
    site: Site, open_page: OpenPage
) -> None:
    page = open_page(width=390, javascript=False)
    page.goto("/account/signup/")
    page.get_by_label("Email").fill("new@example.com")
    page.get_by_label("Your name").fill("Ada Obi")
    page.get_by_label("Password", exact=True).fill("a long enough phrase")
    page.get_by_role("button", name="Create account").click()
    link = re.search(r"/account/confirm-email/\S+", site.mails_to("new@example.com")[0]["text"])
    assert link
    page.goto(link[0])
    page.get_by_role("button", name="Confirm the address").click()
    page.get_by_role("heading", name="Welcome, Ada").wait_for()
    page.get_by_label("Organization name").fill("Tidewater Choir")
    page.get_by_role("button", name="Create organization").click()
    page.get_by_role("heading", name="Set up your first event").wait_for()
    page.goto("/dashboard/settings/profile/")
    page.get_by_label("In one line").fill("Forty voices, one tide.")
    page.locator("input[type=file]").set_input_files(logo())  # type: ignore[arg-type]
    page.get_by_role("button", name="Save profile").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("Saved"))
    page.get_by_role("link", name="View the public page").click()
    page.get_by_role("heading", name="Tidewater Choir").wait_for()
    assert page.get_by_text("Forty voices, one tide.").is_visible()
    assert page.get_by_text("Nothing is on sale right now.").is_visible()


def test_the_pages_about_an_organization_are_for_everybody(
    site: Site, open_page: OpenPage, connected_organization: Organization, organizer: User, buyer: User
) -> None:
    TicketTypeFactory(event__organization=connected_organization)
    MembershipFactory(user=organizer, role=Role.SCANNER, organization__name="Night Market")
    MembershipFactory(organization=connected_organization, role=Role.MANAGER)
    invite_member(connected_organization, email="ada@example.com", role=Role.MANAGER, actor=organizer)
    page = open_page()
    public = [f"/organizers/harbour-arts/{query}" for query in ("", "?when=past")]
    problems = look_over(page, public)
    sign_in(page, organizer.email)
    page.wait_for_url("**/dashboard/**")
    own = ("settings/profile", "team", "team/owner")
    problems += look_over(page, [f"/dashboard/{name}/" for name in own])
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/dashboard/team/")
    switcher = page.locator("summary", has_text="Harbour Arts")
    switcher.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("You now work in Night Market.").wait_for()
    assert page.url.endswith("/dashboard/team/")
    page.context.clear_cookies()
    sign_in(page, buyer.email)
    page.get_by_role("heading", name=re.compile("^Welcome")).wait_for()
    assert_fine(problems + look_over(page, ["/dashboard/"]))
