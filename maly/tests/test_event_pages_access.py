"""Who gets what from every page below /dashboard/events/, generated from the URLconf: one without a policy fails."""

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from maly.tests.test_access_matrix import PARAMETER, all_routes
from ticketing.models import Event
from ticketing.services.door_links import create_door_link
from ticketing.tests.factories import EventFactory, TicketTypeFactory

BASE = "dashboard/events/"
ROLES = ("scanner", "manager", "admin", "owner")
# The least role, and what the page takes besides a look.
POLICIES = {
    "": ("manager", ("GET",)),
    "new/": ("manager", ("GET", "POST")),
    "{slug}/": ("manager", ("GET",)),
    "{slug}/edit/": ("manager", ("GET", "POST")),
    "{slug}/publish/": ("manager", ("POST",)),
    "{slug}/pause/": ("manager", ("POST",)),
    "{slug}/duplicate/": ("manager", ("POST",)),
    "{slug}/cancel/": ("admin", ("GET", "POST")),
    "{slug}/check-in/": ("scanner", ("GET", "POST")),
    "{slug}/doors/": ("manager", ("GET", "POST")),
    "{slug}/doors/{door}/revoke/": ("manager", ("POST",)),
    "{slug}/attendees/": ("manager", ("GET",)),
    "{slug}/attendees.csv": ("manager", ("GET",)),
    "{slug}/tickets/": ("manager", ("GET",)),
    "{slug}/tickets/new/": ("manager", ("GET", "POST")),
    "{slug}/tickets/price/": ("manager", ("GET",)),
    "{slug}/tickets/{public_id}/": ("manager", ("GET", "POST")),
    "{slug}/tickets/{public_id}/move/": ("manager", ("POST",)),
    "{slug}/tickets/{public_id}/stop/": ("manager", ("POST",)),
    "{slug}/tickets/{public_id}/remove/": ("manager", ("POST",)),
}
ROUTES = sorted(
    PARAMETER.sub(lambda found: "{" + found[1] + "}", route).removeprefix(BASE)
    for route in all_routes()
    if route.startswith(BASE)
)


def test_every_event_page_has_a_policy_and_every_policy_a_page() -> None:
    assert set(ROUTES) == set(POLICIES)


@pytest.fixture
def people(
    organization: Organization, organizer: User, manager: User, scanner: User, stranger: User, staff: User
) -> dict[str, User]:
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    return {
        "scanner": scanner,
        "manager": manager,
        "admin": admin,
        "owner": organizer,
        "stranger": stranger,
        "staff": staff,
    }


@pytest.fixture
def things(organization: Organization) -> dict[str, dict[str, str]]:
    """An event, a ticket type and a door link of the organization, of somebody else (published too), and of nobody."""

    def make(owner: Organization) -> dict[str, str]:
        event = EventFactory(organization=owner, status=Event.Status.PUBLISHED)
        door, _token = create_door_link(event, actor=UserFactory(), name="Door")
        ticket_type = TicketTypeFactory(event=event)
        return {"slug": event.slug, "public_id": ticket_type.public_id, "door": door.public_id}

    missing = {"slug": "no-such-event", "public_id": "zzzzzzzzzz", "door": "zzzzzzzzzzzz"}
    return {"own": make(organization), "foreign": make(OrganizationFactory()), "missing": missing}


def expected(person: str, thing: str, least: str) -> int:
    """200 stands for every answer that isn't a refusal of the caller."""
    if person not in ROLES or thing != "own":
        return 404
    return 200 if ROLES.index(person) >= ROLES.index(least) else 403


@pytest.mark.parametrize("route", ROUTES)
def test_an_event_page_answers_everybody_as_its_policy_says(
    route: str, sandbox: object, people: dict[str, User], things: dict[str, dict[str, str]]
) -> None:
    least, verbs = POLICIES[route]
    wrong = []
    for person, user in people.items():
        client = Client()
        client.force_login(user)
        for thing, names in things.items() if "{" in route else [("own", things["own"])]:
            path = f"/{BASE}{route.format(**names)}"
            for verb in ("GET", "POST"):
                point = transaction.savepoint()
                status = client.generic(verb, path).status_code
                transaction.savepoint_rollback(point)
                seen = status if status in (403, 404, 405) or status >= 500 else 200
                wanted = expected(person, thing, least) if verb in verbs else 405
                if "{" not in route and person not in ROLES and verb in verbs:
                    wanted = 200  # of an organization of their own, or of none yet
                if seen != wanted:
                    wrong.append(f"{verb} by {person} of {thing}: {status}, not {wanted}")
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES)
def test_a_visitor_is_led_to_the_sign_in_page(route: str, things: dict[str, dict[str, str]]) -> None:
    for names in things.values():
        answer = Client().get(f"/{BASE}{route.format(**names)}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")


def test_another_organizations_ticket_type_is_not_reached_through_an_event_of_ones_own(
    organizer: User, things: dict[str, dict[str, str]], sandbox: object
) -> None:
    client = Client()
    client.force_login(organizer)
    mixed = {"slug": things["own"]["slug"], "public_id": things["foreign"]["public_id"]}
    mixed["door"] = things["foreign"]["door"]
    for route in (route for route in ROUTES if "{public_id}" in route or "{door}" in route):
        assert client.post(f"/{BASE}{route.format(**mixed)}", {"up": "1"}).status_code == 404
