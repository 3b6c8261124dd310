"""A MANAGER and a SCANNER in a real browser: what they may not do isn't shown, and is refused when asked for anyway."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from accounts.models import Organization, User
from maly.tests.house import House, Names
from maly.tests.policies import PAGES
from maly.tests.server import Site, sign_in
from ticketing.models import Event, Refund

pytestmark = pytest.mark.browser
ROLES = ("scanner", "manager", "admin", "owner")
# The address that a form or link leads to, as the policies name it: parameters that may be any text.
PATTERNS = {
    route: re.compile("^/" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route)) + "$") for route in PAGES
}
OFFERS = """() => [...document.querySelectorAll("a[href], form[action], form:not([action]), button[formaction]")].map(
  (one) => one.tagName === "A" ? ["GET", one.pathname]
    : one.tagName === "FORM" ? [one.method.toUpperCase(), new URL(one.action).pathname]
    : ["POST", new URL(one.formAction).pathname])"""


def least_for(verb: str, path: str) -> str:
    """The role that an address asks for, or "" where any member may go."""
    if path == "/dashboard/team/remove/":
        return ""  # which ends one's own membership too
    found = [route for route, pattern in PATTERNS.items() if pattern.match(path)]
    # A route without parameters is meant before one that has some.
    route = min(found, key=lambda one: one.count("{"), default="")
    ask = PAGES.get(route, {}).get(verb)
    return ask.least if ask and ask.least in ROLES else ""


def offered(page: Page) -> set[tuple[str, str]]:
    """Every link and form of the page that leads into the house, with its verb."""
    return {(verb, path) for verb, path in page.evaluate(OFFERS) if path.startswith("/dashboard/")}


def look_around(page: Page, role: str) -> tuple[list[str], set[str]]:
    """From the home page to every page that is offered, and so on: what shouldn't have been offered; what was seen."""
    todo, seen, wrong = ["/dashboard/"], set(), []
    while todo:
        path = todo.pop()
        seen.add(path)
        answer = page.goto(path)
        assert answer
        if answer.status != 200:
            wrong.append(f"{path} is offered and answers {answer.status}")
        for verb, target in offered(page):
            least = least_for(verb, target)
            if least and ROLES.index(role) < ROLES.index(least):
                wrong.append(f"{path} offers {verb} {target}")
            is_page = verb == "GET" and not re.search(r"\.(csv|pdf)$|/price/$", target)
            if is_page and target not in seen and target not in todo:
                todo.append(target)
    return wrong, seen


@pytest.fixture
def names(
    site: Site, organization: Organization, organizer: User, sandbox: Any, settle: Callable[[], None]
) -> Names:
    return House(organization, organizer, sandbox, settle).furnish()


@pytest.mark.parametrize("role", ["scanner", "manager"])
def test_what_a_role_may_not_do_is_neither_offered_nor_done(
    role: str, names: Names, open_page: Callable[..., Page], manager: User, scanner: User
) -> None:
    page = open_page(width=1280)
    sign_in(page, {"scanner": scanner, "manager": manager}[role].email)
    page.wait_for_url("**/dashboard/**")
    wrong, seen = look_around(page, role)
    assert not wrong, "\n".join(wrong)
    assert f"/dashboard/events/{names.event}/{'check-in/' if role == 'scanner' else ''}" in seen
    assert ("/dashboard/orders/" in seen) is (role == "manager")
    before = (Refund.objects.count(), Event.objects.get().status)
    for route, asks in PAGES.items():
        for verb, ask in asks.items():
            if ask.least in ROLES and ROLES.index(role) < ROLES.index(ask.least) and not ask.body:
                path = "/" + route.format(**vars(names))
                assert refusal(page, verb, path) == 403, f"{verb} {path}"
    assert (Refund.objects.count(), Event.objects.get().status) == before


def refusal(page: Page, verb: str, path: str) -> int:
    """What typing an address, or sending a form from the console, is answered."""
    send = """async ([verb, path]) => {
      const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
      const headers = { "X-CSRFToken": token };
      return (await fetch(path, { method: verb, headers, redirect: "manual" })).status;
    }"""
    return int(page.evaluate(send, [verb, path]))
