"""The API of Stripe Connect: who may call what, what comes back, and every bad input."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Organization
from connect.models import ConnectedAccount, FeeOverride
from connect.selectors import get_current_account

pytestmark = pytest.mark.django_db

CREATE = "/api/stripe/connect/create-account"
LINK = "/api/stripe/connect/create-account-link"
DASHBOARD = "/api/stripe/connect/dashboard-link"
STATUS = "/api/organizations/harbour-arts/payment-status"
FEES = "/api/organizations/harbour-arts/fees"
ABSORPTION = "/api/organizations/harbour-arts/fee-absorption"
DISCONNECT = "/api/organizations/harbour-arts/disconnect"
HARBOUR = {"organization": "harbour-arts"}


def send(client: Any, method: str, path: str, body: Any = None):
    given = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(client, method)(path, **given)


def error_of(response: Any) -> tuple[str, str | None]:
    error = response.json()["errors"][0]
    return error["code"], error["attr"]


CALLS = [
    ("post", CREATE, HARBOUR, 201),
    ("post", LINK, HARBOUR, 200),
    ("post", DASHBOARD, HARBOUR, 200),
    ("get", STATUS, None, 200),
    ("get", FEES, None, 200),
    ("put", ABSORPTION, {"fee_absorption": "absorb"}, 200),
    ("post", DISCONNECT, {"confirm": "harbour-arts"}, 200),
]


@pytest.mark.parametrize(("method", "path", "body", "ok"), CALLS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize(
    ("role", "status"),
    [("organizer", None), ("manager", 403), ("scanner", 403), ("stranger", 404), ("staff", 404), (None, 401)],
)
def test_each_role_gets_its_answer(request, api, organization, sandbox, method, path, body, ok, role, status):
    if path in (LINK, DASHBOARD, DISCONNECT) and role == "organizer":
        request.getfixturevalue("connected_organization")
    client = api(request.getfixturevalue(role) if role else None)
    response = send(client, method, path, body)
    assert response.status_code == (status or ok), response.content
    if status:
        assert not ConnectedAccount.objects.exists()
    assert response.headers.get("WWW-Authenticate") if status == 401 else True


def test_an_admin_may_do_all_but_disconnect(api, connected_organization, membership_of):
    client = api(membership_of("ADMIN"))
    assert client.get(STATUS).status_code == 200
    assert send(client, "post", LINK, HARBOUR).status_code == 200
    assert send(client, "post", DISCONNECT, {"confirm": "harbour-arts"}).status_code == 403
    assert client.get(STATUS).json()["is_connected"]


@pytest.fixture
def membership_of(organization: Organization):
    from accounts.tests.factories import MembershipFactory

    return lambda role: MembershipFactory(organization=organization, role=role).user


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", CREATE), ("get", LINK), ("post", STATUS), ("post", FEES), ("get", DISCONNECT)],
)
def test_other_methods_are_refused(api, organizer, method, path):
    assert getattr(api(organizer), method)(path).status_code == 405


def test_creating_an_account_answers_with_a_masked_id_and_a_link(api, organizer, sandbox):
    response = send(api(organizer), "post", CREATE, HARBOUR)
    assert response.status_code == 201
    body = response.json()
    full = ConnectedAccount.objects.get().stripe_account_id
    assert set(body) == {"account", "onboarding_url"}
    assert body["account"] == {
        "id": f"acct_{full[5:9]}…{full[-4:]}",
        "charges_enabled": False,
        "payouts_enabled": False,
        "details_submitted": False,
    }
    assert full not in response.content.decode()


def test_without_a_slug_it_is_the_personal_organization_made_on_first_use(api, buyer, sandbox):
    assert send(api(buyer), "post", CREATE, {}).status_code == 201
    assert api(buyer).post(CREATE).status_code == 415  # the test client's own multipart
    organization = ConnectedAccount.objects.get().organization
    assert (organization.kind, organization.host) == ("personal", buyer)


def test_a_second_account_is_refused(api, organizer, sandbox):
    send(api(organizer), "post", CREATE, HARBOUR)
    response = send(api(organizer), "post", CREATE, HARBOUR)
    assert (response.status_code, error_of(response)) == (409, ("ALREADY_CONNECTED", None))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**HARBOUR, "country": "FR"}, 400, "COUNTRY_NOT_SUPPORTED"),
        ({**HARBOUR, "country": "usa"}, 400, "max_length"),
        ({**HARBOUR, "country": ""}, 400, "blank"),
        ({**HARBOUR, "country": None}, 400, "null"),
        ({**HARBOUR, "country": ["US"]}, 400, "invalid"),
        ({"organization": "nowhere"}, 404, "not_found"),
        ({"organization": "har\x00bour"}, 400, "null_characters_not_allowed"),
        ({"organization": ""}, 400, "blank"),
        ({"organization": "x" * 61}, 400, "max_length"),
        ({"organization": {"slug": "harbour-arts"}}, 400, "invalid"),
        ([HARBOUR], 400, "invalid"),
    ],
    ids=str,
)
def test_bad_input_is_answered_and_changes_nothing(api, organizer, sandbox, body, status, code):
    response = send(api(organizer), "post", CREATE, body)
    assert response.status_code == status, response.content
    assert error_of(response)[0] == code
    assert not ConnectedAccount.objects.exists()


def test_a_lower_case_country_is_understood(api, organizer, sandbox):
    assert send(api(organizer), "post", CREATE, {**HARBOUR, "country": "us"}).status_code == 201


def test_a_body_that_is_no_json_is_answered_400_and_another_type_415(api, organizer):
    assert api(organizer).post(CREATE, "{", content_type="application/json").status_code == 400
    assert api(organizer).post(CREATE, {"a": "b"}).status_code == 415


@pytest.mark.parametrize("effect", ["error_500", "error_429", "drop_connection", "timeout_after_success"])
def test_a_failing_stripe_gives_stripe_unavailable_and_the_retry_one_account(
    api, organizer, sandbox, monkeypatch, settings, effect
):
    settings.STRIPE_TIMEOUT_SECONDS = 0.3
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    fault = {"method": "POST", "path": "/v1/accounts", "effect": effect, "times": 9}
    sandbox.control("POST", "/_sandbox/faults", fault)
    client = api(organizer)
    client.raise_request_exception = False
    response = send(client, "post", CREATE, HARBOUR)
    assert (response.status_code, error_of(response)) == (502, ("STRIPE_UNAVAILABLE", None))
    sandbox.control("DELETE", "/_sandbox/faults")
    settings.STRIPE_TIMEOUT_SECONDS = 5
    assert send(client, "post", CREATE, HARBOUR).status_code == 201
    assert len(sandbox.world.state.values("account")) == 1
    assert ConnectedAccount.objects.count() == 1


def test_links_of_an_organization_that_is_not_connected_are_refused(api, organizer):
    for path in (LINK, DASHBOARD):
        response = send(api(organizer), "post", path, HARBOUR)
        assert (response.status_code, error_of(response)[0]) == (409, "ORGANIZER_NOT_CONNECTED")


def test_nobody_makes_a_link_for_another_organization(api, connected_organization, stranger, sandbox):
    before = len(sandbox.control("GET", "/_sandbox/requests?path=/v1/account_links")[1])
    assert send(api(stranger), "post", LINK, HARBOUR).status_code == 404
    assert len(sandbox.control("GET", "/_sandbox/requests?path=/v1/account_links")[1]) == before


def test_an_account_link_carries_its_expiry(api, connected_organization, organizer):
    body = send(api(organizer), "post", LINK, HARBOUR).json()
    assert set(body) == {"url", "expires_at"}


def test_the_dashboard_link_waits_for_the_details(api, organization, organizer, sandbox):
    send(api(organizer), "post", CREATE, HARBOUR)
    response = send(api(organizer), "post", DASHBOARD, HARBOUR)
    assert (response.status_code, error_of(response)[0]) == (409, "ONBOARDING_INCOMPLETE")


def test_payment_status_before_connecting(api, organizer):
    assert api(organizer).get(STATUS).json() == {
        "is_connected": False,
        "account_id": None,
        "charges_enabled": False,
        "payouts_enabled": False,
        "details_submitted": False,
        "verified": False,
        "state": "not_connected",
        "requirements": {
            "currently_due": [],
            "eventually_due": [],
            "past_due": [],
            "disabled_reason": None,
            "current_deadline": None,
        },
    }


@pytest.mark.parametrize(
    ("changes", "state", "verified"),
    [
        ({}, "ready", True),
        ({"requirements": {"currently_due": ["external_account"]}}, "due_soon", True),
        ({"capabilities": {"transfers": "inactive"}}, "restricted", False),
        ({"payouts_enabled": False}, "restricted", False),
        (
            {"charges_enabled": False, "requirements": {"disabled_reason": "under_review"}},
            "under_review",
            False,
        ),
        (
            {
                "charges_enabled": False,
                "requirements": {"disabled_reason": "requirements.pending_verification"},
            },
            "under_review",
            False,
        ),
        (
            {"charges_enabled": False, "requirements": {"disabled_reason": "rejected.fraud"}},
            "rejected",
            False,
        ),
    ],
    ids=["ready", "due_soon", "transfers", "payouts", "review", "pending", "rejected"],
)
def test_payment_status_follows_stripe(
    api, connected_organization, organizer, sandbox, settle, changes, state, verified
):
    account = get_current_account(connected_organization)
    if changes:
        sandbox.control("POST", f"/_sandbox/accounts/{account.stripe_account_id}", changes)
    settle()
    body = api(organizer).get(STATUS).json()
    assert (body["state"], body["verified"], body["is_connected"]) == (state, verified, True)
    assert body["account_id"] == account.masked_id
    assert account.stripe_account_id not in str(body)


def test_disconnecting_and_connecting_again(api, connected_organization, organizer, sandbox):
    client = api(organizer)
    wrong = send(client, "post", DISCONNECT, {"confirm": "harbour"})
    assert (wrong.status_code, error_of(wrong)) == (400, ("invalid", "confirm"))
    assert send(client, "post", DISCONNECT, {}).status_code == 400
    assert client.get(STATUS).json()["is_connected"]
    for _ in range(2):
        response = send(client, "post", DISCONNECT, {"confirm": "harbour-arts"})
        assert (response.status_code, response.json()) == (200, {"is_connected": False})
    assert client.get(STATUS).json()["state"] == "disconnected"
    assert send(client, "post", LINK, HARBOUR).status_code == 409
    assert send(client, "post", CREATE, HARBOUR).status_code == 201
    assert client.get(STATUS).json()["state"] == "ready"
    assert len(sandbox.world.state.values("account")) == 1


# --- fees


def test_fees_of_the_plan(api, organizer):
    body = api(organizer).get(FEES).json()
    assert body.pop("effective_date")
    assert body == {
        "plan": "organization",
        "platform_fee_percent": "4",
        "platform_fee_fixed": 75,
        "currency": "usd",
        "fee_absorption": "absorb",
        "processing_paid_by": "sale",
        "is_override": False,
    }


def test_only_a_platform_admin_changes_fees(api, organization, organizer, manager, stranger, staff):
    rate = {"platform_fee_percent": "3.5", "platform_fee_fixed": 50, "reason": "Deal"}
    for person in (organizer, manager, stranger):
        assert send(api(person), "put", FEES, rate).status_code == 404
        assert send(api(person), "delete", FEES).status_code == 404
    assert send(api(), "put", FEES, rate).status_code == 401
    assert not FeeOverride.objects.exists()
    response = send(api(staff), "put", FEES, rate)
    assert response.status_code == 200
    assert (response.json()["platform_fee_percent"], response.json()["platform_fee_fixed"]) == ("3.5", 50)
    assert api(organizer).get(FEES).json()["is_override"] is True
    assert AuditEntry.objects.get(action="fees.override_set").reason == "Deal"
    response = send(api(staff), "delete", FEES, {"reason": "Over"})
    assert (response.status_code, response.json()["is_override"]) == (200, False)
    assert api(staff).delete(FEES).status_code == 200


def test_fees_of_an_organization_that_is_not_there(api, staff):
    rate = {"platform_fee_percent": "3.5", "platform_fee_fixed": 50, "reason": "Deal"}
    assert send(api(staff), "put", "/api/organizations/nowhere/fees", rate).status_code == 404


def test_an_override_may_begin_later(api, organization, staff):
    day = (timezone.now() + timedelta(days=30)).date().isoformat()
    rate = {"platform_fee_percent": 1, "platform_fee_fixed": 0, "reason": "Deal", "effective_date": day}
    response = send(api(staff), "put", FEES, rate)
    assert (response.status_code, response.json()["is_override"]) == (200, False)
    assert FeeOverride.objects.get().effective_from.date().isoformat() == day


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"platform_fee_percent": "-1"}, "platform_fee_percent"),
        ({"platform_fee_percent": "101"}, "platform_fee_percent"),
        ({"platform_fee_percent": "1.2345"}, "platform_fee_percent"),
        ({"platform_fee_percent": "NaN"}, "platform_fee_percent"),
        ({"platform_fee_percent": "four"}, "platform_fee_percent"),
        ({"platform_fee_percent": None}, "platform_fee_percent"),
        ({"platform_fee_fixed": -1}, "platform_fee_fixed"),
        ({"platform_fee_fixed": 0.5}, "platform_fee_fixed"),
        ({"platform_fee_fixed": 10**12}, "platform_fee_fixed"),
        ({"platform_fee_fixed": 5, "currency": "kwd"}, "platform_fee_fixed"),
        ({"currency": "xyz"}, "currency"),
        ({"reason": " "}, "reason"),
        ({"reason": None}, "reason"),
        ({"effective_date": "2020-01-01"}, "effective_date"),
        ({"effective_date": "2026-13-45"}, "effective_date"),
        ({"effective_date": "soon"}, "effective_date"),
        ({"effective_date": 5}, "effective_date"),
    ],
    ids=str,
)
def test_a_bad_rate_is_refused_by_its_field(api, organization, staff, change, attr):
    rate = {"platform_fee_percent": "3.5", "platform_fee_fixed": 50, "reason": "Deal", **change}
    response = send(api(staff), "put", FEES, rate)
    assert response.status_code == 400, response.content
    assert error_of(response)[1] == attr
    assert not FeeOverride.objects.exists()


def test_fees_in_a_currency_that_is_not_sold_in(api, organizer):
    assert api(organizer).get(f"{FEES}?currency=eur").json()["currency"] == "eur"
    response = api(organizer).get(f"{FEES}?currency=xyz")
    assert (response.status_code, error_of(response)[0]) == (400, "CURRENCY_NOT_SUPPORTED")
    assert api(organizer).get(f"{FEES}?currency=%00").status_code == 400


def test_choosing_who_bears_the_fees(api, organizer):
    response = send(api(organizer), "put", ABSORPTION, {"fee_absorption": "pass_to_buyer"})
    assert (response.status_code, response.json()) == (200, {"fee_absorption": "pass_to_buyer"})
    assert api(organizer).get(FEES).json()["fee_absorption"] == "pass_to_buyer"
    for bad in ({"fee_absorption": "nobody"}, {"fee_absorption": None}, {}, {"fee_absorption": ["absorb"]}):
        assert send(api(organizer), "put", ABSORPTION, bad).status_code == 400
