"""Who gets what from every page of payouts and statements, generated from the URLconf."""

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory
from maly.tests.test_access_matrix import PARAMETER, all_routes
from payouts.tests.factories import ConnectedAccountFactory, OrganizerPayoutFactory

pytestmark = pytest.mark.django_db
BASES = ("dashboard/payouts/", "dashboard/statements/")
# What each page takes; all of them ask for ADMIN.
POLICIES = {
    "dashboard/payouts/": ("GET",),
    "dashboard/payouts/new/": ("GET", "POST"),
    "dashboard/payouts/{payout_id}/": ("GET",),
    "dashboard/payouts/{payout_id}/payout.csv": ("GET",),
    "dashboard/statements/": ("GET",),
    "dashboard/statements/{month}/": ("GET",),
    "dashboard/statements/{month}/statement.csv": ("GET",),
    "dashboard/statements/{month}/statement.pdf": ("GET",),
}
ROUTES = sorted(
    PARAMETER.sub(lambda found: "{" + found[1] + "}", route)
    for route in all_routes()
    if route.startswith(BASES)
)


def test_every_page_has_a_policy_and_every_policy_a_page() -> None:
    assert set(ROUTES) == set(POLICIES)


@pytest.fixture
def people(
    organization: Organization, organizer: User, manager: User, scanner: User, stranger: User, staff: User
) -> dict[str, tuple[User, int, int]]:
    """People with what a page of the organization and a payout of its answers them; OK stands for 200 and 302."""
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    return {
        "owner": (organizer, 200, 200),
        "admin": (admin, 200, 200),
        "manager": (manager, 403, 403),
        "scanner": (scanner, 403, 403),
        "stranger": (stranger, 200, 404),  # who has an organization, or sees how to begin
        "staff": (staff, 200, 404),
    }


@pytest.fixture
def payouts(organization: Organization) -> dict[str, str]:
    """A payout of the organization, of another one, and of nobody."""
    own = OrganizerPayoutFactory(connected_account=ConnectedAccountFactory(organization=organization))
    return {
        "own": own.stripe_payout_id,
        "foreign": OrganizerPayoutFactory().stripe_payout_id,
        "missing": "po_nothing",
        "odd": "%00",
    }


@pytest.mark.parametrize("route", ROUTES)
def test_a_page_answers_everybody_as_its_policy_says(
    route: str, sandbox: object, people: dict[str, tuple[User, int, int]], payouts: dict[str, str]
) -> None:
    wrong = []
    for person, (user, of_current, of_own) in people.items():
        client = Client()
        client.force_login(user)
        for thing, payout_id in payouts.items() if "{payout_id}" in route else [("own", "")]:
            wanted = of_own if "{payout_id}" in route else of_current
            is_begun = route in BASES or person != "staff"  # who has no organization yet
            if thing != "own" or not is_begun:
                wanted = 404
            path = f"/{route.format(payout_id=payout_id, month=f'{timezone.now():%Y-%m}')}"
            for verb in ("GET", "POST", "PUT", "DELETE"):
                point = transaction.savepoint()
                status = client.generic(verb, path).status_code
                transaction.savepoint_rollback(point)
                expected = wanted if verb in POLICIES[route] else 405
                if status != expected and not (status == 302 and expected == 200):
                    wrong.append(f"{verb} by {person} of {thing}: {status}, not {expected}")
    assert wrong == []


@pytest.mark.parametrize("route", ROUTES)
def test_a_visitor_is_led_to_the_sign_in_page(route: str, payouts: dict[str, str]) -> None:
    for payout_id in payouts.values():
        answer = Client().get(f"/{route.format(payout_id=payout_id, month='2026-11')}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")
