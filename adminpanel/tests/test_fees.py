"""Fees in the cockpit: typed with a preview, checked, set once; and the API's way."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now, timedelta

from accounts.models import AuditEntry, Organization, User
from accounts.tests.factories import PASSWORD
from connect.fee_tables import make_tables
from connect.models import FeeOverride, FeePlan, FeeTerms, PlanAssignment
from connect.selectors import get_plan_terms, get_terms
from connect.services.terms import set_plan_terms

ONE = "/admin/organizations/harbour-arts/"
FEES = "/admin/settings/fees/"
RATE = {"currency": "usd", "percent": "3.5", "fixed_amount": "0.50", "starts_at": "", "reason": "2027 season"}


@pytest.fixture
def client(staff: User) -> Client:
    """A platform admin who has just given the password."""
    client = Client()
    client.force_login(staff)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.mark.django_db
def test_the_tables_say_what_terms_leave_and_where_they_lose() -> None:
    """By the worked figures of docs/fees.md, for $50.00."""
    nets = {}
    for code in ("host", "organization"):
        terms = get_plan_terms(FeePlan.objects.get(code=code), "usd")
        assert terms
        for table in make_tables(terms, now=terms):
            row = table.rows[2]
            assert row.then == row.now
            nets[code, table.model] = row.then and (row.then.buyer_pays_amount, row.then.net_amount)
    assert nets == {
        ("host", "absorb"): (5000, -25),
        ("host", "pass_to_buyer"): (5150, -29),
        ("organization", "absorb"): (5000, 275),
        ("organization", "pass_to_buyer"): (5458, 270),
    }
    host = get_plan_terms(FeePlan.objects.get(code="host"), "usd")
    assert host
    assert make_tables(host)[0].losses[2] == "loses $0.25 on a $50.00 ticket"


def test_a_rate_is_previewed_checked_and_then_set_once(
    client: Client, organization: Organization, staff: User
) -> None:
    typed = client.post(f"{ONE}fees/change/", {**RATE, "reason": "", "step": "show"}).content.decode()
    assert 'value="3.5"' in typed
    assert "There is a problem" not in typed
    assert "$2.25" in typed  # what is kept of $50.00 then, and $2.75 now
    assert "$2.75" in typed
    checked = client.post(f"{ONE}fees/change/", {**RATE, "step": "check"}).content.decode()
    assert "Set this rate" in checked
    assert not FeeOverride.objects.exists()
    for _twice in range(2):
        assert client.post(f"{ONE}fees/change/", {**RATE, "step": "confirm"}).status_code == 302
    override = FeeOverride.objects.get()
    assert (override.percent, override.fixed_amount, override.created_by) == (Decimal("3.5"), 50, staff)
    entry = AuditEntry.objects.get(action="fees.override_set")
    assert (entry.reason, entry.actor_kind) == ("2027 season", "staff")
    assert b"Agreed" not in client.get(f"{ONE}fees/").content
    assert b"3.5% + $0.50" in client.get(f"{ONE}fees/").content
    assert client.post(f"{ONE}fees/remove/", {"currency": "usd", "reason": ""}).status_code == 200
    assert client.post(f"{ONE}fees/remove/", {"currency": "usd", "reason": "Over"}).status_code == 302
    assert not get_terms(organization, "usd").is_override


def test_what_was_typed_goes_on_after_the_password(organization: Organization, staff: User) -> None:
    client = Client()
    client.force_login(staff)
    asked = client.post(f"{ONE}fees/change/?currency=usd", {**RATE, "step": "check"})
    page = client.post(asked["Location"], {"password": PASSWORD}, follow=True).content.decode()
    assert "Set this rate" in page
    assert "2027 season" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": "101"},
        {"percent": "3.5555"},
        {"percent": "NaN"},
        {"fixed_amount": "-1"},
        {"fixed_amount": "0.505"},
        {"starts_at": "2020-01-01T00:00"},
        {"starts_at": "soon"},
        {"reason": " "},
    ],
    ids=str,
)
def test_a_rate_that_cannot_be_says_what_is_wrong_and_keeps_what_was_typed(
    client: Client, organization: Organization, wrong: dict[str, str]
) -> None:
    for step in ("check", "confirm"):
        page = client.post(f"{ONE}fees/change/", {**RATE, **wrong, "step": step})
        text = page.content.decode()
        assert page.status_code == 200
        assert "There is a problem" in text
        assert 'value="0.50"' in text or "fixed_amount" in wrong
    assert client.get(f"{ONE}fees/preview/", {**RATE, **wrong}).json()["html"]
    assert not FeeOverride.objects.exists()


def test_a_move_to_the_other_plan_shows_what_changes_first(
    client: Client, organization: Organization
) -> None:
    page = client.get(f"{ONE}plan/").content.decode()
    assert "Move to “Single host”" in page
    assert "4% + $0.75" in page
    assert "3% + $0.00" in page
    assert "loses $0.25 on a $50.00 ticket" in page
    assert "There is a problem" in client.post(f"{ONE}plan/", {"plan": "host", "reason": ""}).content.decode()
    for _twice in range(2):
        assert client.post(f"{ONE}plan/", {"plan": "host", "reason": "One person"}).status_code == 302
    assert PlanAssignment.objects.get().plan.code == "host"
    assert client.get(f"{ONE}plan/", {"plan": "organization"}).context["move"].plan.code == "organization"


def test_new_terms_of_a_plan_are_checked_scheduled_and_set_once(client: Client, staff: User) -> None:
    start = (now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
    wanted = {
        "plan": "host",
        "currency": "usd",
        "percent": "3",
        "fixed_amount": "0.25",
        "processing_paid_by": "platform",
        "refunds_platform_fee": "yes",
        "starts_at": start,
        "reason": "Break even at $50.00",
    }
    checked = client.post(f"{FEES}new/", {**wanted, "step": "check"}).content.decode()
    assert "−$0.05" in checked
    assert "loses $0.05 on a $5.00 ticket, loses $0.03 on a $25.00 ticket." in checked
    assert "Set these terms" in checked
    for _twice in range(2):
        assert client.post(f"{FEES}new/", {**wanted, "step": "confirm"}).status_code == 302
    made = FeeTerms.objects.get(created_by=staff)
    assert (made.plan.code, made.fixed_amount, made.refunds_platform_fee) == ("host", 25, True)
    page = client.get(FEES, {"plan": "host"})
    assert [change.state for change in page.context["page"].history] == ["scheduled", "in_force"]
    assert b"New terms from" in page.content
    FeePlan.objects.create(code="bare", name="Bare")
    assert b"nothing can be sold on this plan" in client.get(FEES, {"plan": "bare"}).content
    assert client.get(FEES, {"plan": "no such"}).status_code == 404
    assert client.get(FEES, {"currency": "xxx"}).status_code == 404


def test_the_fees_page_takes_the_same_queries_with_a_long_history(client: Client, staff: User) -> None:
    counts = []
    for rate in range(1, 21):
        plan = FeePlan.objects.get(code="host")
        set_plan_terms(
            plan, currency="usd", percent=Decimal(rate), fixed_amount=0, actor=staff, reason="Again"
        )
        if rate in (2, 20):
            client.get(FEES)
            with CaptureQueriesContext(connection) as seen:
                client.get(FEES)
            counts.append(len(seen))
    assert counts == [7, 7]


def test_the_api_sets_a_plans_terms(api: Callable[..., Client], staff: User) -> None:
    client, path = api(staff), "/api/admin/fees/default"
    body = {
        "plan": "organization",
        "platform_fee_percent": "4.5",
        "platform_fee_fixed": 80,
        "processing_paid_by": "platform",
        "refunds_platform_fee": False,
        "reason": "A new year",
    }
    for _twice in range(2):
        answer = client.put(path, body, content_type="application/json")
        assert answer.status_code == 200
    told = answer.json()
    told.pop("effective_date")
    assert told == {**{name: body[name] for name in body if name != "reason"}, "currency": "usd"}
    assert FeeTerms.objects.filter(created_by=staff).count() == 1
    for wrong in (
        {"plan": "no such"},
        {"platform_fee_percent": "101"},
        {"platform_fee_fixed": -1},
        {"effective_date": "2020-01-01"},
        {"reason": ""},
        {"processing_paid_by": "nobody"},
    ):
        refused = client.put(path, {**body, **wrong}, content_type="application/json")
        assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, *wrong)
    assert FeeTerms.objects.filter(created_by=staff).count() == 1
