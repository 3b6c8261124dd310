"""Staff's list of organizations and the tabs of one: found, paged, and as cheap for many as for few."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import AuditEntry, Organization, Role, User
from accounts.services.flags import flag_organization
from accounts.tests.factories import MembershipFactory, OrganizationFactory
from adminpanel.selectors.organizations import OrganizationFilters, list_organizations, make_rows, rate_of
from adminpanel.tests.test_revenue import a_sale
from connect.models import ConnectedAccount, FeePlan
from connect.services.terms import assign_plan, set_override
from maly.tests.house import House
from ticketing.tests.factories import EventFactory

LIST = "/admin/organizations/"
ONE = "/admin/organizations/harbour-arts/"
TABS = {"": 13, "events/": 6, "orders/": 7, "payouts/": 6, "fees/": 13, "audit/": 7}


@pytest.fixture
def client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def house(organization: Organization, organizer: User, sandbox: Any, settle: Callable[[], None]) -> House:
    return House(organization, organizer, sandbox, settle)


def shown(client: Client, **query: str) -> set[str]:
    found = client.get(LIST, query)
    assert found.status_code == 200
    return {row.organization.slug for row in found.context["list"].rows}


def test_organizations_are_found_by_name_owner_and_how_they_stand_with_stripe(
    client: Client, organization: Organization, organizer: User, staff: User
) -> None:
    pending = OrganizationFactory(slug="pending", name="Søren's & <b>Sons</b>")
    ConnectedAccount.objects.create(organization=pending, creation_key="p", stripe_account_id="acct_pending")
    restricted = OrganizationFactory(slug="restricted")
    ConnectedAccount.objects.create(
        organization=restricted,
        creation_key="r",
        stripe_account_id="acct_restricted",
        details_submitted=True,
        requirements={"past_due": ["individual.dob.day"]},
    )
    flag_organization(restricted, actor=staff, reason="Many disputes")
    assert shown(client) == {"harbour-arts", "pending", "restricted"}
    assert shown(client, q="søren") == {"pending"}
    assert shown(client, q="ORGANIZER@") == {"harbour-arts"}
    assert shown(client, q="\x00%_") == set()
    assert shown(client, status="pending") == {"pending"}
    assert shown(client, status="restricted") == shown(client, status="flagged") == {"restricted"}
    assert shown(client, status="not_connected") == {"harbour-arts"}
    assert shown(client, status="connected", q="a") == set()
    assert len(shown(client, status="unheard of")) == 3
    counts = {tab.label: tab.count for tab in client.get(LIST).context["list"].tabs}
    assert counts == {
        "All": 3, "Connected": 0, "Pending": 1, "Restricted": 1, "Not connected": 1, "Flagged": 1
    }  # fmt: skip
    assert b"<b>Sons" not in client.get(LIST).content
    assert b"No organizations match" in client.get(LIST, {"q": "nobody"}).content


def test_pages_of_organizations_lead_on_and_back(db: None) -> None:
    assert (rate_of(1, 110), rate_of(0, 0)) == ("0.9%", "–")
    made = [OrganizationFactory().slug for _number in range(60)][::-1]
    first = list_organizations(OrganizationFilters())
    second = list_organizations(OrganizationFilters(), before=first.older)
    third = list_organizations(OrganizationFilters(), before=second.older)
    assert [row.organization.slug for page in (first, second, third) for row in page.rows] == made
    back = list_organizations(OrganizationFilters(), after=third.newer)
    assert [row.organization.slug for row in back.rows] == made[25:50]
    assert (first.newer, third.older) == ("", "")


def test_the_list_and_every_tab_take_the_same_queries_for_many_rows(
    client: Client, house: House, staff: User
) -> None:
    names = house.furnish()
    few = {path: count(client, path) for path in (LIST, *(f"{ONE}{tab}" for tab in TABS))}
    for number in range(8):
        other = MembershipFactory(role=Role.OWNER).organization
        ConnectedAccount.objects.create(
            organization=other, creation_key=f"k{number}", stripe_account_id=f"acct_{number}"
        )
        EventFactory(organization=house.organization)
        MembershipFactory(organization=house.organization, role=Role.MANAGER)
        set_override(
            house.organization, percent=Decimal(number), fixed_amount=50, actor=staff, reason="Agreed"
        )
    assign_plan(house.organization, plan=FeePlan.objects.get(code="host"), actor=staff, reason="Agreed")
    many = {path: count(client, path) for path in few}
    assert few[LIST] == 10
    assert {path: many[path] for path in few if many[path] > few[path]} == {}
    assert {path.removeprefix(ONE): number for path, number in few.items() if path != LIST} == TABS
    assert names.order in client.get(f"{ONE}orders/").content.decode()
    assert names.payout in client.get(f"{ONE}payouts/").content.decode()


def test_what_an_organization_sold_is_told_alike_by_list_summary_and_api(
    client: Client, api: Callable[..., Client], house: House, staff: User
) -> None:
    names, caller = house.furnish(), api(staff)
    OrganizationFactory(slug="other")
    set_override(
        house.organization, percent=Decimal(3), fixed_amount=50, actor=staff, reason="Agreed for 2027"
    )
    account = house.account
    account.requirements = {"currently_due": ["individual.dob.day"], "current_deadline": 1796083200}
    account.save()

    (row,) = make_rows(list(Organization.objects.filter(pk=house.organization.pk)))
    assert [(one.currency, one.amount, one.orders) for one in row.sold] == [("usd", 20000, 3)]
    assert (row.disputes, row.dispute_rate, row.rate) == (1, "33.3%", "3% + $0.50")
    assert (row.owner, row.terms and row.terms.is_override) == (house.owner, True)

    page = client.get(ONE).content.decode()
    for said in ("$200.00", "33.3%", "Confirm your date of birth", "Action needed", account.masked_id or ""):
        assert said in page
    assert str(account.stripe_account_id) not in page

    found = caller.get("/api/admin/organizations", {"search": "harbour"}).json()["results"]
    assert [(one["slug"], one["owner"]) for one in found] == [("harbour-arts", house.owner.email)]
    assert (found[0]["stripe_status"], found[0]["is_fee_override"]) == ("connected", True)
    for status, slugs in {"connected": ["harbour-arts"], "pending": [], "not_connected": ["other"]}.items():
        found = caller.get("/api/admin/organizations", {"stripe_status": status}).json()["results"]
        assert [one["slug"] for one in found] == slugs
    refused = caller.get("/api/admin/organizations", {"stripe_status": "restricted"})
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "stripe_status")
    detail = caller.get("/api/admin/organizations/harbour-arts").json()
    assert detail["total_revenue"] == [{"currency": "usd", "amount": 20000}]
    assert detail["total_tickets_sold"] == 3  # one of four was given back
    assert (detail["total_events"], detail["fee_override"]["platform_fee_percent"]) == (1, "3")
    assert names.order in [one["order"] for one in detail["recent_transactions"]]


@pytest.mark.broken_books("a sale without its order")
def test_the_api_flags_moves_and_sets_an_own_rate(
    api: Callable[..., Client], organization: Organization, staff: User
) -> None:
    client, base = api(staff), "/api/admin/organizations/harbour-arts"
    for _twice in range(2):
        answer = client.post(f"{base}/flag", {"reason": "Many disputes"}, content_type="application/json")
        assert (answer.status_code, answer.json()["is_flagged"]) == (200, True)
    assert client.post(f"{base}/unflag", {}, content_type="application/json").json()["is_flagged"] is False
    body = {"plan": "host", "reason": "A single host"}
    assert client.put(f"{base}/plan", body, content_type="application/json").json()["plan"] == "host"
    for path, body, attr in (
        ("flag", {}, "reason"),
        ("plan", {"plan": "no such", "reason": "x"}, "plan"),
        ("plan", {"plan": "host"}, "reason"),
    ):
        method = client.put if path == "plan" else client.post
        refused = method(f"{base}/{path}", body, content_type="application/json")
        assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, attr)
    rate = {"platform_fee_percent": "3.5", "platform_fee_fixed": 50, "reason": "Agreed"}
    client.put("/api/organizations/harbour-arts/fees", rate, content_type="application/json")
    override = {"platform_fee_percent": "3.5", "platform_fee_fixed": 50, "currency": "usd"}
    assert client.get(base).json()["fee_override"] == override
    # Selling most in another currency, on the plan's rate, doesn't hide it.
    a_sale(organization, "jpy", now())
    assert client.get(base).json()["fee_override"] == override
    told = AuditEntry.objects.filter(organization=organization, actor=staff, actor_kind="staff")
    assert list(told.order_by("id").values_list("action", flat=True)) == [
        "organization.flagged",
        "organization.unflagged",
        "fees.plan_assigned",
        "fees.override_set",
    ]


def count(client: Client, path: str) -> int:
    """The queries of a page when it is asked for again."""
    assert client.get(path).status_code == 200, path
    with CaptureQueriesContext(connection) as seen:
        client.get(path)
    return len(seen)
