"""GET /api/me and GET /api/organizations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Entitlement, Organization, Role
from accounts.services.organizations import personal_organization
from accounts.tests.factories import MembershipFactory
from conftest import connect_to_stripe
from connect.models import ConnectedAccount

pytestmark = pytest.mark.django_db


def test_me_without_anything(api, buyer):
    assert api(buyer).get("/api/me").json() == {
        "email": "buyer@example.com",
        "name": "Ada Obi",
        "is_platform_admin": False,
        "is_premium": False,
        "stripe_account_id": None,
        "stripe_onboarding_complete": False,
    }
    assert not Organization.objects.exists()


def test_me_shows_the_personal_organizations_account_masked(api, buyer, sandbox, settle):
    organization = personal_organization(buyer)
    connect_to_stripe(organization, buyer, sandbox)
    body = api(buyer).get("/api/me").json()
    account = ConnectedAccount.objects.get()
    assert body["stripe_account_id"] == account.masked_id
    assert body["stripe_onboarding_complete"] is True
    sandbox.control("POST", f"/_sandbox/accounts/{account.stripe_account_id}", {"payouts_enabled": False})
    settle()
    assert api(buyer).get("/api/me").json()["stripe_onboarding_complete"] is False


def test_me_of_a_teams_owner_says_nothing_of_the_teams_account(api, connected_organization, organizer):
    assert api(organizer).get("/api/me").json()["stripe_account_id"] is None


def test_premium_counts_until_it_ends(api, buyer):
    entitlement = Entitlement.objects.create(
        user=buyer, kind="premium", until=timezone.now() + timedelta(days=1)
    )
    assert api(buyer).get("/api/me").json()["is_premium"] is True
    entitlement.until = timezone.now() - timedelta(seconds=1)
    entitlement.save()
    assert api(buyer).get("/api/me").json()["is_premium"] is False


def test_organizations_of_the_caller_with_role_and_plan(api, organization, organizer, stranger):
    host = personal_organization(organizer)
    assert api(organizer).get("/api/organizations").json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "slug": "harbour-arts",
                "name": "Harbour Arts",
                "kind": "team",
                "role": "OWNER",
                "plan": "organization",
            },
            {"slug": host.slug, "name": host.name, "kind": "personal", "role": "OWNER", "plan": "host"},
        ],
    }


def test_organizations_cost_the_same_however_many(api, organizer, django_assert_max_num_queries):
    for _ in range(5):
        MembershipFactory(user=organizer, role=Role.MANAGER)
    client = api(organizer)
    client.get(
        "/api/organizations"
    )  # the first request notes the session; each keeps its time (7 statements)
    with django_assert_max_num_queries(8):
        page = client.get("/api/organizations?page_size=2").json()
    assert len(page["results"]) == 2
    assert page["next"]


@pytest.mark.parametrize("path", ["/api/me", "/api/organizations"])
def test_visitors_get_401_and_other_methods_405(api, buyer, path):
    assert api().get(path).status_code == 401
    assert api(buyer).post(path).status_code == 405
