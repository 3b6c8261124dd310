"""Every page of the cockpit, generated from the URLconf: widths, headings, axe, the console, without script."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page

from accounts.models import Organization, User
from connect.models import StripeEvent
from maly.tests.house import House
from maly.tests.looks import Look
from maly.tests.policies import STAFF_PAGES
from maly.tests.server import Site, sign_in, sign_in_again

pytestmark = [pytest.mark.browser, pytest.mark.broken_books("an event that was given up, by hand")]
# Files, a piece of a page, and what needs rows chosen on another page.
NO_PAGES = re.compile(r"\.csv$|/preview/$|/(replay|acknowledge|send-again|unflag|remove|settle)/$")
ROUTES = [route for route, asks in STAFF_PAGES.items() if "GET" in asks and not NO_PAGES.search(route)]


def enter(page: Page, staff: User) -> Page:
    sign_in(page, staff.email)
    page.wait_for_url("**/dashboard/**")
    sign_in_again(page, "/admin/settings/fees/new/")
    return page


def test_every_page_of_the_cockpit_is_for_everybody(
    site: Site,
    open_page: Callable[..., Page],
    organization: Organization,
    organizer: User,
    staff: User,
    sandbox: Any,
    settle: Callable[[], None],
) -> None:
    look = Look(enter(open_page(), staff))
    problems = look.glance(f"/{route}" for route in ROUTES if "{" not in route)  # on the first day
    names = House(organization, organizer, sandbox, settle).furnish()
    StripeEvent.objects.filter(pk=names.stripe_event).update(status="dead", error="Bug", processed_at=now())
    addresses = ["/" + route.format(**vars(names)) for route in ROUTES]
    problems += look.over(addresses)
    plain = enter(open_page(width=360, javascript=False), staff)
    for address in addresses:
        plain.goto(address)
        if plain.locator("h1:visible").count() != 1:
            problems.append(f"{address} has no heading without script")
    assert not problems, "\n".join(problems)
