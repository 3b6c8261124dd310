"""Fixtures of the end-to-end tests: the product served on a socket, Stripe beside it, and a browser."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from accounts.models import Organization, User
from maly.tests.browser import launch_options
from maly.tests.server import Caller, Site, deliver_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from sandbox.server import Sandbox


@pytest.fixture
def site(live_server: Any, settings: Any, sandbox: "Sandbox", settle: Callable[[], None]) -> Site:
    """The product at an address that links and Stripe lead back to; Stripe's webhooks arrive by HTTP."""
    settings.SITE_URL = live_server.url
    settings.EMAIL_BACKEND = "notifications.mailbox.MailboxBackend"  # Django's test set-up puts its own here
    sandbox.transport = deliver_to(live_server.url)
    return Site(url=live_server.url, stripe_url=sandbox.url, settle=settle)


@pytest.fixture
def owner(site: Site, organizer: User) -> Caller:
    """The OWNER of `organization`, signed in by token."""
    return site.sign_in(organizer.email)


@pytest.fixture
def seller(site: Site, owner: Caller, organization: Organization) -> Caller:
    """The OWNER of `organization`, which has been through Stripe's onboarding and can sell."""
    site.onboard(owner, organization=organization.slug)
    return owner


@pytest.fixture
def event(site: Site, seller: Caller, organization: Organization) -> str:
    """The slug of an event on sale: $50.00 a ticket, room for 100, fees absorbed."""
    return site.make_event(seller, organization.slug)


@pytest.fixture(scope="session")
def _chromium() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, where Django would refuse its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@pytest.fixture
def open_page(_chromium: "Browser", site: Site) -> Iterator[Callable[..., "Page"]]:
    """Open a window of its own: `open_page(width=390, dark=True, javascript=False)`.

    Afterwards no window may have met a violation of its page's Content Security Policy, or an error in a script.
    """
    contexts, complaints = [], []

    def open_window(
        *, width: int = 1280, height: int = 900, dark: bool = False, javascript: bool = True
    ) -> "Page":
        context = _chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            device_scale_factor=2 if width < 500 else 1,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda message: complaints.append(message.text) if is_bad(message) else None)
        return context.new_page()

    def is_bad(message: Any) -> bool:
        return "Content Security Policy" in message.text or "Content-Security-Policy" in message.text

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []
