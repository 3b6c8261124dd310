"""Connect in the Django admin: rates are added with a preview and a reason, events replayed, nothing edited."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tests.factories import PASSWORD
from connect.models import FeeOverride, FeePlan, FeeTerms, PlanAssignment, StripeEvent
from connect.selectors import get_plan, get_plan_terms, get_terms
from connect.services.fees import rate_text
from connect.tests.webhook_calls import deliver, make_event
from maly.money import format_amount

pytestmark = pytest.mark.django_db

ADD_OVERRIDE = "/staff/connect/feeoverride/add/"
PREVIEW = "/staff/connect/feeoverride/preview/"


def override(organization_, **changes):
    given = {
        "organization": organization_.pk,
        "currency": "usd",
        "percent": "3.5",
        "fixed_amount": "50",
        "reason": "Deal",
        "effective_from_0": "",
        "effective_from_1": "",
    }
    return {**given, **changes}


def test_an_override_is_added_by_the_service_with_its_reason(desk, organization, staff):
    response = desk.post(ADD_OVERRIDE, override(organization))
    assert response.status_code == 302, response.content.decode()[-3000:]
    added = FeeOverride.objects.get()
    assert (added.percent, added.fixed_amount, added.created_by, added.reason) == (3.5, 50, staff, "Deal")
    assert AuditEntry.objects.get(action="fees.override_set").actor == staff
    assert desk.get(reverse("admin:connect_feeoverride_change", args=[added.pk])).status_code == 200


def test_an_override_without_a_rate_returns_to_the_plan(desk, organization):
    nothing = override(organization, percent="", fixed_amount="", reason="Over")
    assert "already" in desk.post(ADD_OVERRIDE, nothing).content.decode()
    desk.post(ADD_OVERRIDE, override(organization))
    assert get_terms(organization, "usd").is_override
    assert desk.post(ADD_OVERRIDE, nothing).status_code == 302
    assert not get_terms(organization, "usd").is_override


@pytest.mark.parametrize(
    "change",
    [
        {"percent": "101"},
        {"percent": "x"},
        {"percent": ""},
        {"fixed_amount": "-1"},
        {"fixed_amount": ""},
        {"reason": " "},
        {"organization": "999999"},
        {"currency": "xyz"},
        {"effective_from_0": "2020-01-01", "effective_from_1": "10:00:00"},
    ],
    ids=str,
)
def test_a_bad_override_is_shown_again_and_nothing_changes(desk, organization, change):
    response = desk.post(ADD_OVERRIDE, override(organization, **change))
    assert response.status_code == 200
    assert not FeeOverride.objects.exists()


def test_rows_are_never_edited_or_deleted(desk, organization):
    desk.post(ADD_OVERRIDE, override(organization))
    added = FeeOverride.objects.get()
    desk.post(
        reverse("admin:connect_feeoverride_change", args=[added.pk]), override(organization, percent="9")
    )
    desk.post(reverse("admin:connect_feeoverride_delete", args=[added.pk]), {"post": "yes"})
    assert FeeOverride.objects.get().percent == added.percent


def test_the_preview_shows_what_a_rate_does_to_a_fifty_dollar_ticket(desk, organization):
    query = {"organization": organization.pk, "currency": "usd", "percent": "3.5", "fixed_amount": "50"}
    html = desk.get(PREVIEW, query).json()["html"]
    for words in ("3.5 % + $0.50", "$50.00 ticket", "$2.25", "$46.00"):
        assert words in html
    assert "loses" not in html


def test_the_preview_says_what_a_rate_loses(desk, organization):
    query = {"organization": organization.pk, "percent": "0", "fixed_amount": "0"}
    FeeTerms.objects.update(processing_paid_by="platform")
    html = desk.get(PREVIEW, query).json()["html"]
    assert "The platform loses $1.75 on a $50.00 ticket." in html
    FeeTerms.objects.update(processing_paid_by="sale")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Choose whose rate it is"),
        ({"organization": "x"}, "Choose whose rate it is"),
        ({"organization": "1", "currency": "xyz"}, "Choose whose rate it is"),
        ({"percent": "many"}, "isn&#x27;t a number"),
        ({"percent": "NaN"}, "between 0 and 100"),
        ({"percent": "100", "fixed_amount": "50"}, "No price can be sold"),
        ({"fixed_amount": "9" * 30}, "fixed fee must be"),
    ],
    ids=str,
)
def test_the_preview_answers_everything(desk, organization, query, words):
    if query and "organization" not in query:
        query = {"organization": organization.pk, **query}
    response = desk.get(PREVIEW, query)
    assert response.status_code == 200
    assert words in response.json()["html"]


def test_the_preview_is_for_staff(organizer, organization):
    client = Client()
    assert client.get(PREVIEW).status_code == 302
    client.force_login(organizer)
    assert client.get(PREVIEW, {"organization": organization.pk}).status_code == 404


def test_without_javascript_the_preview_button_fills_the_form_again(desk, organization):
    response = desk.post(ADD_OVERRIDE, override(organization, _preview="1"), follow=True)
    page = response.content.decode()
    assert "What 3.5 % + $0.50 does to a $50.00 ticket" in page
    assert 'value="3.5"' in page
    assert "js/fee-preview.js" in page
    assert not FeeOverride.objects.exists()


def test_plan_terms_are_added(desk):
    plan = FeePlan.objects.get(code="organization")
    given = {
        "plan": plan.pk,
        "currency": "usd",
        "percent": "5",
        "fixed_amount": "100",
        "processing_paid_by": "sale",
        "refunds_platform_fee": "on",
        "effective_from_0": "",
        "effective_from_1": "",
        "reason": "2027",
    }
    assert desk.post("/staff/connect/feeterms/add/", given).status_code == 302
    assert plan.terms.filter(currency="usd").first().percent == 5
    assert AuditEntry.objects.filter(action="fees.plan_terms_set").exists()


def test_lists_of_terms_say_what_they_lose(desk, organization):
    page = desk.get("/staff/connect/feeterms/").content.decode()
    assert "Organizer pays the fees: loses $0.25 on a $50.00 ticket." in page
    desk.post(ADD_OVERRIDE, override(organization, percent="0", fixed_amount="0"))
    page = desk.get("/staff/connect/feeoverride/").content.decode()
    assert "Buyer pays the fees: loses" in page


def test_a_plan_is_assigned_once(desk, organization):
    host = FeePlan.objects.get(code="host")
    given = {"organization": organization.pk, "plan": host.pk, "reason": "Small"}
    assert desk.post("/staff/connect/planassignment/add/", given).status_code == 302
    assert get_plan(organization) == host
    assert desk.post("/staff/connect/planassignment/add/", given).status_code == 200
    assert PlanAssignment.objects.count() == 1


def test_events_are_replayed_after_a_confirmation_with_a_reason(act, staff):
    deliver(make_event())
    event = StripeEvent.objects.get()
    StripeEvent.objects.update(status="dead", attempts=12, error="broken")
    assert event.event_id in act("replay_events", event, reason=" ")
    event.refresh_from_db()
    assert event.status == "dead"
    assert "will be handled again" in act("replay_events", event, reason="Fixed")
    event.refresh_from_db()
    assert (event.status, event.attempts, event.error) == ("received", 0, "")
    entry = AuditEntry.objects.get(action="stripe_event.replayed")
    assert (entry.actor, entry.reason) == (staff, "Fixed")


def test_dead_letters_are_let_rest_after_a_confirmation_with_a_reason(act, staff):
    deliver(make_event())
    event = StripeEvent.objects.get()
    StripeEvent.objects.update(status="dead", attempts=12, error="broken")
    act("acknowledge_events", event, reason="")
    event.refresh_from_db()
    assert event.acknowledged_at is None
    assert "needs nothing more" in act("acknowledge_events", event, reason="Sent by a test")
    event.refresh_from_db()
    assert (event.status, event.acknowledged_at is None) == ("dead", False)
    assert AuditEntry.objects.get(action="stripe_event.acknowledged").actor == staff


def test_the_preview_of_plan_terms_says_what_they_would_lose(desk):
    plan = FeePlan.objects.get(code="host")
    query = {"plan": plan.pk, "currency": "usd", "percent": "0", "fixed_amount": "0"}
    html = desk.get("/staff/connect/feeterms/preview/", query | {"processing_paid_by": "platform"}).json()
    assert "What 0 % + $0.00 does to a $50.00 ticket" in html["html"]
    assert "The platform loses $1.75 on a $50.00 ticket." in html["html"]
    html = desk.get("/staff/connect/feeterms/preview/", query | {"percent": "101"}).json()
    assert "between 0 and 100" in html["html"]


def test_the_preview_of_a_plan_says_what_changes_for_the_organization(desk, organization):
    host = FeePlan.objects.get(code="host")
    page = desk.get(f"/staff/connect/planassignment/add/?organization={organization.pk}&plan={host.pk}")
    html = " ".join(page.content.decode().split())
    now, then = (get_plan_terms(plan, "usd") for plan in (get_plan(organization), host))
    for terms in (now, then):
        assert f"{rate_text(terms.percent)} % + {format_amount(terms.fixed_amount, 'usd')}" in html
    assert "What moving to" in html
    assert not PlanAssignment.objects.exists()


def test_fees_ask_for_a_recent_sign_in(client, staff, organization):
    client.force_login(staff)
    answer = client.post(ADD_OVERRIDE, override(organization))
    assert answer["Location"].startswith("/account/reauthenticate/")
    answer = client.post(answer["Location"], {"password": PASSWORD})
    assert answer.status_code == 302
    assert FeeOverride.objects.get().reason == "Deal"
