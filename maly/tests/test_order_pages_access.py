"""Who gets what from every page below /dashboard/orders/, generated from the URLconf: one without a policy fails."""

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory, OrganizationFactory
from maly.tests.test_access_matrix import PARAMETER, all_routes
from ticketing.models import Order
from ticketing.services.checkout import Item, start_checkout
from ticketing.tests.factories import TicketTypeFactory

BASE = "dashboard/orders/"
ROLES = ("scanner", "manager", "admin", "owner")
# The least role, and what the page takes besides a look. A refund that isn't there is nobody's: R.
POLICIES = {
    "": ("manager", ("GET",)),
    "export.csv": ("manager", ("GET",)),
    "{code}/": ("manager", ("GET",)),
    "{code}/resend/": ("manager", ("GET", "POST")),
    "{code}/tickets/{ticket}/": ("manager", ("GET", "POST")),
    "{code}/refund/": ("admin", ("GET", "POST")),
    "{code}/refunds/{refund}/": ("manager", ("GET",)),
}
ROUTES = sorted(
    PARAMETER.sub(lambda found: "{" + found[1] + "}", route).removeprefix(BASE)
    for route in all_routes()
    if route.startswith(BASE)
)


def test_every_order_page_has_a_policy_and_every_policy_a_page() -> None:
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
        "buyer": MembershipFactory().user,
    }


@pytest.fixture
def things(organization: Organization, people: dict[str, User]) -> dict[str, dict[str, str]]:
    """An order of the organization with its ticket, one of somebody else, and of nobody."""

    def make(owner: Organization) -> dict[str, str]:
        ticket_type = TicketTypeFactory(event__organization=owner, price_amount=0)
        items = [Item(ticket_type.public_id, 1)]
        start = start_checkout(
            ticket_type.event, items=items, email="ada@example.com", name="Ada", user=people["buyer"]
        )
        ticket = start.order.tickets.get()
        return {"code": start.order.code, "ticket": ticket.code, "refund": "R-ZZZZZZZ"}

    missing = {"code": "M-ZZZZZZZ", "ticket": "ZZZZZZZZZZ", "refund": "R-ZZZZZZZ"}
    return {"own": make(organization), "foreign": make(OrganizationFactory()), "missing": missing}


def expected(person: str, thing: str, least: str) -> int:
    """200 stands for every answer that isn't a refusal of the caller."""
    if person not in ROLES or thing != "own":
        return 404
    return 200 if ROLES.index(person) >= ROLES.index(least) else 403


@pytest.mark.parametrize("route", ROUTES)
def test_an_order_page_answers_everybody_as_its_policy_says(
    route: str, sandbox: object, people: dict[str, User], things: dict[str, dict[str, str]]
) -> None:
    least, verbs = POLICIES[route]
    wrong = []
    for person, user in people.items():
        client = Client()
        client.force_login(user)
        for thing, names in things.items() if "{" in route else [("own", things["own"])]:
            for verb in ("GET", "POST"):
                point = transaction.savepoint()
                status = client.generic(verb, f"/{BASE}{route.format(**names)}").status_code
                transaction.savepoint_rollback(point)
                seen = status if status in (403, 404, 405) or status >= 500 else 200
                wanted = expected(person, thing, least) if verb in verbs else 405
                if "{" not in route and person not in ROLES and verb in verbs:
                    wanted = 404 if person == "staff" and route else 200  # of an organization of their own
                if "{refund}" in route and wanted == 200:
                    wanted = 404
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


def test_another_orders_ticket_is_not_reached_through_an_order_of_ones_own(
    organizer: User, things: dict[str, dict[str, str]]
) -> None:
    client = Client()
    client.force_login(organizer)
    own, foreign = things["own"], things["foreign"]
    path = f"/{BASE}{own['code']}/tickets/{foreign['ticket']}/"
    assert client.post(path, {"name": "Mine now"}).status_code == 404
    assert Order.objects.get(code=foreign["code"]).tickets.get().holder_name == "Ada"
