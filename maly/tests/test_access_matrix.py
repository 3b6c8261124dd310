"""Who gets what from every route, generated from the URLconf: one that policies.py doesn't know fails.

Every route is asked by everybody for the organization's own things, for another's and for missing ones. What is
refused writes nothing, and a stranger's answer shows nothing of the organization.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from maly.tests.house import House, Names
from maly.tests.policies import PAGES, POLICIES, STAFF_PAGES, Ask
from maly.tests.routes import API_ROUTES, DASHBOARD_ROUTES, OTHER_PAGES, PARAMETER, STAFF_ROUTES
from ticketing.models import Event
from ticketing.tests.factories import EventFactory, TicketTypeFactory

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("scanner", "manager", "admin", "owner")
PEOPLE = ("anonymous", "stranger", "buyer", *ROLES, "staff")  # and a door link of the organization's event
ASKS: dict[str, dict[str, Ask]] = {
    **{route: {verb: Ask(*row) for verb, row in rows.items()} for route, rows in POLICIES.items()},
    **PAGES,
    **STAFF_PAGES,
}
LOGIN = "/account/login/"
# Pages that need no account; every other page leads a visitor to the sign-in page.
OPEN_PAGES = re.compile(
    r"^(healthz|readyz|robots|sitemap|push-worker|media/|dev/|invitations/|unsubscribe/|door/"
    r"|e/|organizers/|premium/$|o/|tickets/|payment-(success|cancel)|$)"
)
# Payment settings make somebody's personal organization on first use; they and billing read what is so on the way back
# from Stripe.
CHANGED_BY_LOOKING = re.compile(r"^dashboard/settings/(payments/(return/|refresh/)?|billing/return/)$")
# What was last seen at Stripe is kept for pages that don't wait for it; nothing is decided by it.
NO_CHANGE = re.compile(
    r'^(?!INSERT|UPDATE|DELETE)|"(django_session|usersessions_usersession|payouts_lastseen)"', re.DOTALL
)
PLACES = re.compile(r"{(\w+)}")
# What differs between two error pages: their tokens and their request's id.
CHANGING = re.compile(rb'value="\w{64}"|[0-9a-f]{8,}(?:-[0-9a-f]{4,}){0,4}')


def section(route: str) -> str:
    """The part of the product that is tested at one go."""
    parts = ("api/", "dashboard/events/", "dashboard/", "admin/")
    return next(part for part in parts if route.startswith(part))


def test_every_route_has_a_policy_and_every_policy_a_route() -> None:
    """Declare a new one in maly/tests/policies.py."""
    assert set(API_ROUTES) == set(POLICIES)
    assert set(DASHBOARD_ROUTES) == set(PAGES)
    assert set(STAFF_ROUTES) == set(STAFF_PAGES)


@pytest.fixture
def people(
    organization: Organization,
    organizer: User,
    manager: User,
    scanner: User,
    stranger: User,
    buyer: User,
    staff: User,
    things: dict[str, Names],
) -> dict[str, Client]:
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    everyone = (None, stranger, buyer, scanner, manager, admin, organizer, staff)
    found = {name: sign_in(user) for name, user in zip(PEOPLE, everyone, strict=True)}
    return {**found, "door": sign_in(None, headers={"authorization": f"Door {things['own'].door_token}"})}


def sign_in(user: User | None, **more: Any) -> Client:
    client = Client(raise_request_exception=False, **more)
    if user:
        client.force_login(user)
    return client


@pytest.fixture
def things(
    organization: Organization, organizer: User, buyer: User, sandbox: Any, settle: Callable[[], None]
) -> dict[str, Names]:
    """The organization's own, another's, another's before it is published, and one that doesn't exist."""
    own = House(organization, organizer, sandbox, settle).furnish(buyer)
    elsewhere = OrganizationFactory(name="Elsewhere", slug="elsewhere")
    foreign = House(elsewhere, UserFactory(), sandbox, settle)
    MembershipFactory(organization=elsewhere, user=foreign.owner, role=Role.OWNER)
    theirs = foreign.furnish()
    hidden = EventFactory(organization=elsewhere, status=Event.Status.DRAFT)
    hidden_type = TicketTypeFactory(event=hidden)
    return {
        "own": own,
        "foreign": theirs,
        "hidden": Names(**{**vars(theirs), "event": hidden.slug, "type": hidden_type.public_id}),
        "missing": Names(),
    }


def expected(ask: Ask, person: str, thing: str, *, is_page: bool, names_one: bool) -> set[int]:
    """The statuses that an answer may have; 200 stands for everything that isn't a refusal of the caller."""
    policy, is_own = ask.least, thing == "own"
    if person == "door":
        if policy in ("scanner", "own") and not is_page:  # the check-in calls of its own event
            return {200} if is_own else {404}
        person = "anonymous"
    if policy in ("public", "signed"):
        return {200}
    if policy == "published":
        return {404} if thing in ("missing", "hidden") else {200}
    if policy == "buyer":
        return {200} if is_own and person == "buyer" else {404}
    if policy == "order":
        if not is_own or person in ("anonymous", "stranger", "staff"):
            return {404}
        return {403} if person == "scanner" else {200}
    if person == "anonymous":
        return {302} if is_page else {401}
    if policy in ("user", "own"):
        return {200} if policy == "user" else {404}
    if policy == "staff":
        return {200} if person == "staff" and thing != "missing" else {404}
    return of_role(ask, person, is_own=is_own, names_one=names_one)


def of_role(ask: Ask, person: str, *, is_own: bool, names_one: bool) -> set[int]:
    if person not in ROLES:
        if person == "stranger":  # who has an organization of their own
            return {ask.of_none} if names_one else {200}
        return {200} if ask.begins and not names_one else {404}
    refused = {403} if ROLES.index(person) < ROLES.index(ask.least) else {200}
    if not names_one or is_own:
        return refused
    if ask.is_within and refused == {403}:
        return {403, ask.of_none}
    return {ask.of_none}


@contextmanager
def watch_changes() -> Iterator[list[str]]:
    """The statements that change a row, other than the caller's session."""
    changes: list[str] = []

    def watch(execute: Any, sql: str, *more: Any) -> Any:
        if not NO_CHANGE.search(sql):
            changes.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(watch):
        yield changes


def call(client: Client, verb: str, route: str, ask: Ask, names: Names) -> tuple[HttpResponse, list[str]]:
    """Make a call and undo what it did; the answer, and what it changed."""
    path, body = "/" + route.format(**vars(names)), names.fill(ask.body)
    client.cookies.pop("messages", None)  # the next page would show what the last call has done
    point = transaction.savepoint()
    with watch_changes() as changes:
        if not route.startswith("api/"):
            answer = client.get(path, body) if verb == "GET" else client.post(path, body)
        else:
            headers = {"accept": "application/json"}
            answer = client.generic(
                verb, path, json.dumps(body), content_type="application/json", headers=headers
            )
    transaction.savepoint_rollback(point)
    return answer, changes


def status_of(answer: HttpResponse) -> int:
    """The answer as `expected` names it."""
    if answer.status_code == 302 and answer["Location"].startswith(LOGIN):
        return 302
    is_refusal = answer.status_code in (401, 403, 404, 405) or answer.status_code >= 500
    return answer.status_code if is_refusal else 200


def problems(route: str, person: str, client: Client, things: dict[str, Names]) -> Iterator[str]:
    for verb, ask in ASKS[route].items():
        names_one = bool(set(PLACES.findall(route)) - {"month"} or "$" in str(ask.body))
        refusals = {}
        for thing, names in things.items() if names_one else [("own", things["own"])]:
            if thing == "hidden" and ask.least != "published":
                continue
            answer, changes = call(client, verb, route, ask, names)
            seen, said = status_of(answer), f"{verb} {route} by {person} of {thing}"
            allowed = expected(ask, person, thing, is_page=not route.startswith("api/"), names_one=names_one)
            if seen == 404:
                refusals[thing] = CHANGING.sub(b"", answer.content)
            if seen not in allowed:
                yield f"{said}: {answer.status_code}, not {allowed}"
            if changes and (seen != 200 or (names_one and ask.of_none == 200 and thing != "own")):
                yield f"{said}: {answer.status_code}, and yet {changes[0][:90]}"
            other = b"Elsewhere" if person in ROLES else b"Harbour Arts"
            if ask.least in ROLES and not answer.streaming and other in answer.content:
                yield f"{said}: shows another's name"
            if changes and verb == "GET" and not CHANGED_BY_LOOKING.match(route):
                yield f"{said}: looking changes {changes[0][:90]}"
        if refusals.get("foreign") != refusals.get("missing") and ask.least not in ("staff", "published"):
            yield f"{verb} {route} by {person}: a foreign object doesn't look like a missing one"


def undeclared(route: str, client: Client, own: Names) -> Iterator[str]:
    """Verbs that the route's policy doesn't have are refused."""
    for verb in set(VERBS) - set(ASKS[route]):
        status = status_of(client.generic(verb, "/" + route.format(**vars(own))))
        if status not in (302, 401, 403, 404, 405):
            yield f"{verb} {route}: {status}, though no policy has it"


def mixed(route: str, owner: Client, things: dict[str, Names]) -> Iterator[str]:
    """Another's thing isn't reached through one's own."""
    for other in {"type", "door", "ticket", "refund", "entry", "payout"} & set(PLACES.findall(route)):
        names = replace(things["own"], **{other: getattr(things["foreign"], other)})
        for verb, ask in ASKS[route].items():
            answer, changes = call(owner, verb, route, ask, names)
            if answer.status_code != 404 or changes:
                yield f"{verb} {route} with another's {other}: {answer.status_code} {changes[:1]}"


@pytest.mark.parametrize("which", ["api/", "dashboard/events/", "dashboard/", "admin/"])
def test_a_route_answers_everybody_as_its_policy_says(
    which: str, sandbox: object, things: dict[str, Names], people: dict[str, Client]
) -> None:
    wrong = []
    for route in (route for route in ASKS if section(route) == which):
        for person, client in people.items():
            wrong += problems(route, person, client, things)
        for person in ("anonymous", "owner"):
            wrong += undeclared(route, people[person], things["own"])
        wrong += mixed(route, people["owner"], things)
    assert not wrong, "\n".join(wrong)


def test_nothing_is_changed_by_a_session_without_its_csrf_token(
    organizer: User, organization: Organization, sandbox: object
) -> None:
    client = sign_in(organizer, enforce_csrf_checks=True)
    names = Names(organization=organization.slug)
    wrong = []
    for route, asks in ASKS.items():
        for verb, ask in asks.items():
            if verb != "GET" and ask.least not in ("public", "signed"):
                answer, changes = call(client, verb, route, ask, names)
                if answer.status_code != 403 or changes:
                    wrong.append(f"{verb} {route}: {answer.status_code} {changes[:1]}")
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("route", OTHER_PAGES)
def test_a_page_is_open_or_leads_to_the_sign_in_page(route: str) -> None:
    path = "/" + PARAMETER.sub("1", route)
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code < 500
    leads_to_sign_in = answer.status_code == 302 and answer["Location"].startswith(LOGIN)
    assert leads_to_sign_in is not bool(OPEN_PAGES.match(route))
