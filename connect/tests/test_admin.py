"""Connect in the Django admin: rates are added with a preview and a reason, events replayed, nothing edited."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from connect.models import FeeOverride, FeePlan, FeeTerms, PlanAssignment, StripeEvent
from connect.selectors import get_plan, get_terms
from connect.tests.webhook_calls import deliver, make_event

pytestmark = pytest.mark.django_db

ADD_OVERRIDE = "/staff/connect/feeoverride/add/"
PREVIEW = "/staff/connect/feeoverride/preview/"


@pytest.fixture
def admin(staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


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


@pytest.mark.parametrize(
    "model",
    [
        "feeplan",
        "feeterms",
        "feeoverride",
        "planassignment",
        "paymentsettings",
        "connectedaccount",
        "stripeevent",
    ],
)
def test_every_list_opens_for_staff_only(admin, connected_organization, organizer, model):
    path = reverse(f"admin:connect_{model}_changelist")
    assert admin.get(path).status_code == 200
    other = Client()
    other.force_login(organizer)
    assert other.get(path).status_code == 302


def test_an_override_is_added_by_the_service_with_its_reason(admin, organization, staff):
    response = admin.post(ADD_OVERRIDE, override(organization))
    assert response.status_code == 302, response.content.decode()[-3000:]
    added = FeeOverride.objects.get()
    assert (added.percent, added.fixed_amount, added.created_by, added.reason) == (3.5, 50, staff, "Deal")
    assert AuditEntry.objects.get(action="fees.override_set").actor == staff
    assert admin.get(reverse("admin:connect_feeoverride_change", args=[added.pk])).status_code == 200


def test_an_override_without_a_rate_returns_to_the_plan(admin, organization):
    nothing = override(organization, percent="", fixed_amount="", reason="Over")
    assert "already" in admin.post(ADD_OVERRIDE, nothing).content.decode()
    admin.post(ADD_OVERRIDE, override(organization))
    assert get_terms(organization, "usd").is_override
    assert admin.post(ADD_OVERRIDE, nothing).status_code == 302
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
def test_a_bad_override_is_shown_again_and_nothing_changes(admin, organization, change):
    response = admin.post(ADD_OVERRIDE, override(organization, **change))
    assert response.status_code == 200
    assert not FeeOverride.objects.exists()


def test_rows_are_never_edited_or_deleted(admin, organization):
    admin.post(ADD_OVERRIDE, override(organization))
    added = FeeOverride.objects.get()
    admin.post(
        reverse("admin:connect_feeoverride_change", args=[added.pk]), override(organization, percent="9")
    )
    admin.post(reverse("admin:connect_feeoverride_delete", args=[added.pk]), {"post": "yes"})
    assert FeeOverride.objects.get().percent == added.percent


def test_the_preview_shows_what_a_rate_does_to_a_fifty_dollar_ticket(admin, organization):
    query = {"organization": organization.pk, "currency": "usd", "percent": "3.5", "fixed_amount": "50"}
    html = admin.get(PREVIEW, query).json()["html"]
    for words in ("3.5 % + $0.50", "$50.00 ticket", "$2.25", "$46.00"):
        assert words in html
    assert "loses" not in html


def test_the_preview_says_what_a_rate_loses(admin, organization):
    query = {"organization": organization.pk, "percent": "0", "fixed_amount": "0"}
    FeeTerms.objects.update(processing_paid_by="platform")
    html = admin.get(PREVIEW, query).json()["html"]
    assert "The platform loses $1.75 on a $50.00 ticket." in html
    FeeTerms.objects.update(processing_paid_by="sale")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Choose an organization"),
        ({"organization": "x"}, "Choose an organization"),
        ({"organization": "1", "currency": "xyz"}, "Choose an organization"),
        ({"percent": "many"}, "isn&#x27;t a number"),
        ({"percent": "NaN"}, "between 0 and 100"),
        ({"percent": "100", "fixed_amount": "50"}, "No price can be sold"),
        ({"fixed_amount": "9" * 30}, "fixed fee must be"),
    ],
    ids=str,
)
def test_the_preview_answers_everything(admin, organization, query, words):
    if query and "organization" not in query:
        query = {"organization": organization.pk, **query}
    response = admin.get(PREVIEW, query)
    assert response.status_code == 200
    assert words in response.json()["html"]


def test_the_preview_is_for_staff(organizer, organization):
    client = Client()
    assert client.get(PREVIEW).status_code == 302
    client.force_login(organizer)
    assert client.get(PREVIEW, {"organization": organization.pk}).status_code == 302


def test_without_javascript_the_preview_button_fills_the_form_again(admin, organization):
    response = admin.post(ADD_OVERRIDE, override(organization, _preview="1"), follow=True)
    page = response.content.decode()
    assert "What 3.5 % + $0.50 does to a $50.00 ticket" in page
    assert 'value="3.5"' in page
    assert "js/fee-preview.js" in page
    assert not FeeOverride.objects.exists()


def test_plan_terms_are_added(admin):
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
    assert admin.post("/staff/connect/feeterms/add/", given).status_code == 302
    assert plan.terms.filter(currency="usd").first().percent == 5
    assert AuditEntry.objects.filter(action="fees.plan_terms_set").exists()


def test_lists_of_terms_say_what_they_lose(admin, organization):
    page = admin.get("/staff/connect/feeterms/").content.decode()
    assert "Organizer pays the fees: loses $0.25 on a $50.00 ticket." in page
    admin.post(ADD_OVERRIDE, override(organization, percent="0", fixed_amount="0"))
    page = admin.get("/staff/connect/feeoverride/").content.decode()
    assert "Buyer pays the fees: loses" in page


def test_a_plan_is_assigned_once(admin, organization):
    host = FeePlan.objects.get(code="host")
    given = {"organization": organization.pk, "plan": host.pk, "reason": "Small"}
    assert admin.post("/staff/connect/planassignment/add/", given).status_code == 302
    assert get_plan(organization) == host
    assert admin.post("/staff/connect/planassignment/add/", given).status_code == 200
    assert PlanAssignment.objects.count() == 1


def test_events_are_replayed_after_a_confirmation_with_a_reason(admin, staff):
    deliver(make_event())
    event = StripeEvent.objects.get()
    StripeEvent.objects.update(status="dead", attempts=12, error="broken")
    path = reverse("admin:connect_stripeevent_changelist")
    chosen = {"action": "replay_events", "_selected_action": [event.pk]}
    page = admin.post(path, chosen)
    assert event.event_id in page.content.decode()
    assert admin.post(path, {**chosen, "reason": " "}).status_code == 200
    event.refresh_from_db()
    assert event.status == "dead"
    assert admin.post(path, {**chosen, "reason": "Fixed"}).status_code == 302
    event.refresh_from_db()
    assert (event.status, event.attempts, event.error) == ("received", 0, "")
    entry = AuditEntry.objects.get(action="stripe_event.replayed")
    assert (entry.actor, entry.reason) == (staff, "Fixed")
    assert admin.get(reverse("admin:connect_stripeevent_change", args=[event.pk])).status_code == 200


def test_dead_letters_are_let_rest_after_a_confirmation_with_a_reason(admin, staff):
    deliver(make_event())
    event = StripeEvent.objects.get()
    StripeEvent.objects.update(status="dead", attempts=12, error="broken")
    path = reverse("admin:connect_stripeevent_changelist")
    chosen = {"action": "acknowledge_events", "_selected_action": [event.pk]}
    page = admin.post(path, chosen).content.decode()
    assert event.event_id in page
    assert 'value="acknowledge_events"' in page
    assert admin.post(path, {**chosen, "reason": ""}).status_code == 200
    event.refresh_from_db()
    assert event.acknowledged_at is None
    assert admin.post(path, {**chosen, "reason": "Sent by a test"}).status_code == 302
    event.refresh_from_db()
    assert (event.status, event.acknowledged_at is None) == ("dead", False)
    assert AuditEntry.objects.get(action="stripe_event.acknowledged").actor == staff
