"""The API of payouts: who may call what, what comes back, and every bad input."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.factories import MembershipFactory
from connect import gateway
from payouts.models import OrganizerPayout, PayoutLine, PayoutRequest, PayoutStatus
from payouts.services.payouts import sync_payout
from payouts.tests.conftest import control, fail, payouts_at_stripe
from payouts.tests.factories import OrganizerPayoutFactory
from payouts.wording.failures import UNKNOWN, WORDS, failure_in_words
from sandbox.resources.payout_states import FAILURES

pytestmark = pytest.mark.django_db

BASE = "/api/organizations/harbour-arts"
BALANCE, SCHEDULE, PAYOUTS = f"{BASE}/balance", f"{BASE}/payout-schedule", f"{BASE}/payouts"
ROLES = [("manager", 403), ("scanner", 403), ("stranger", 404), ("buyer", 404), ("staff", 404), (None, 401)]


@pytest.fixture
def api(api: Callable[..., Client]) -> Callable[..., Client]:
    """Clients to whom a 502 is an answer like any other."""

    def client(user: Any = None) -> Client:
        signed_in = api(user)
        signed_in.raise_request_exception = False
        return signed_in

    return client


def send(client: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    given = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(client, method)(path, headers=headers, **given)


def error_of(response: Any) -> tuple[int, str, str | None]:
    error = response.json()["errors"][0]
    return response.status_code, error["code"], error["attr"]


def store(account: Any, name: str, **fields: Any) -> OrganizerPayout:
    return OrganizerPayoutFactory(connected_account=account, stripe_payout_id=name, **fields)


# --- who


@pytest.mark.parametrize(
    ("method", "path", "body", "ok"),
    [
        ("get", BALANCE, None, 200),
        ("get", SCHEDULE, None, 200),
        ("put", SCHEDULE, {"interval": "manual"}, 200),
        ("get", PAYOUTS, None, 200),
        ("get", f"{PAYOUTS}/po_1", None, 200),
        ("post", PAYOUTS, {"currency": "usd", "amount": 1000}, 201),
    ],
)
@pytest.mark.parametrize(("role", "status"), [("organizer", None), ("admin", None), *ROLES])
@pytest.mark.broken_books("payouts of a factory, which nothing posts")
def test_each_role_gets_its_answer(request, api, account, fund, method, path, body, ok, role, status):
    if method == "post":
        request.getfixturevalue("manual")
        fund()
    store(account, "po_1")
    if role == "admin":
        user = MembershipFactory(organization=account.organization, role="ADMIN").user
    else:
        user = request.getfixturevalue(role) if role else None
    response = send(api(user), method, path, body)
    assert response.status_code == (status or ok), response.content
    if status:
        assert not PayoutRequest.objects.exists()
        assert not AuditEntry.objects.filter(action__startswith="payout").exists()


def test_a_payout_of_another_organization_is_not_there(api, account, stranger):
    store(account, "po_1")
    other = stranger.memberships.get().organization.slug
    assert api(stranger).get(f"/api/organizations/{other}/payouts/po_1").status_code == 404
    assert api(stranger).get(f"/api/organizations/{other}/payouts").json()["results"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", BALANCE),
        ("post", SCHEDULE),
        ("delete", SCHEDULE),
        ("put", PAYOUTS),
        ("post", f"{PAYOUTS}/po_1"),
    ],
)
def test_other_methods_are_refused(api, account, organizer, method, path):
    assert getattr(api(organizer), method)(path).status_code == 405


# --- the balance


def test_the_balance_is_told_by_currency(api, account, organizer, fund):
    fund()
    fund(2000, fee=100, card="4242424242424242")
    body = api(organizer).get(BALANCE).json()
    assert body["available"] == [{"amount": 4550, "currency": "usd"}]
    assert body["pending"] == [{"amount": 1900, "currency": "usd"}]
    assert set(body) == {"available", "pending", "as_of"}
    assert "acct_" not in str(body)


def test_without_an_account_there_is_no_balance(api, organization, organizer):
    for path in (BALANCE, SCHEDULE):
        assert error_of(api(organizer).get(path)) == (409, "ORGANIZER_NOT_CONNECTED", None)
    assert api(organizer).get(PAYOUTS).json()["results"] == []


@pytest.mark.parametrize("effect", ["error_500", "error_429", "drop_connection", "timeout"])
def test_a_stripe_that_does_not_answer_is_said_so(api, account, organizer, sandbox, quick, settings, effect):
    settings.STRIPE_TIMEOUT_SECONDS = 0.3
    for path, at_stripe in ((BALANCE, "/v1/balance"), (SCHEDULE, "/v1/accounts")):
        fail(sandbox, at_stripe, effect, times=2, method="GET")
        assert error_of(api(organizer).get(path)) == (502, "STRIPE_UNAVAILABLE", None)
        sandbox.control("DELETE", "/_sandbox/faults", {})
        assert api(organizer).get(path).status_code == 200


def test_our_own_payouts_are_shown_without_stripe(api, account, organizer, sandbox):
    store(account, "po_1")
    fail(sandbox, "/v1", "error_500", times=9)
    assert len(api(organizer).get(PAYOUTS).json()["results"]) == 1


# --- the schedule


@pytest.mark.parametrize(
    "schedule",
    [
        {"interval": "daily"},
        {"interval": "weekly", "weekly_anchor": "wednesday"},
        {"interval": "monthly", "monthly_anchor": 31},
        {"interval": "manual", "weekly_anchor": None, "monthly_anchor": None},
    ],
)
def test_a_schedule_is_set_and_read(api, account, organizer, schedule):
    client = api(organizer)
    expected = {"weekly_anchor": None, "monthly_anchor": None, **schedule}
    assert send(client, "put", SCHEDULE, schedule).json() == expected
    assert client.get(SCHEDULE).json() == {**expected, "held": None}


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "interval"),
        ({"interval": "hourly"}, "interval"),
        ({"interval": None}, "interval"),
        ({"interval": ["daily"]}, "interval"),
        ({"interval": "weekly"}, "weekly_anchor"),
        ({"interval": "weekly", "weekly_anchor": "saturday"}, "weekly_anchor"),
        ({"interval": "weekly", "weekly_anchor": "Friday"}, "weekly_anchor"),
        ({"interval": "weekly", "weekly_anchor": "monday", "monthly_anchor": 1}, "monthly_anchor"),
        ({"interval": "monthly"}, "monthly_anchor"),
        ({"interval": "monthly", "monthly_anchor": 0}, "monthly_anchor"),
        ({"interval": "monthly", "monthly_anchor": 32}, "monthly_anchor"),
        ({"interval": "monthly", "monthly_anchor": "first"}, "monthly_anchor"),
        ({"interval": "daily", "weekly_anchor": "monday"}, "weekly_anchor"),
        ({"interval": "manual", "monthly_anchor": 5}, "monthly_anchor"),
    ],
    ids=str,
)
def test_a_wrong_schedule_is_refused_with_its_field(api, account, organizer, body, attr):
    status, _code, named = error_of(send(api(organizer), "put", SCHEDULE, body))
    assert (status, named) == (400, attr)
    assert gateway.retrieve_account(account.stripe_account_id).payout_schedule.interval == "daily"
    assert not AuditEntry.objects.filter(action__startswith="payout_schedule").exists()


# --- payouts


def test_payouts_are_listed_newest_first_by_cursor(api, account, organizer):
    now = timezone.now()
    for number in (3, 1, 5, 2, 4):
        store(account, f"po_{number}", created_at=now - timedelta(days=number))
    client, seen, url = api(organizer), [], f"{PAYOUTS}?page_size=2"
    while url:
        page = client.get(url).json()
        assert len(page["results"]) <= 2
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == ["po_1", "po_2", "po_3", "po_4", "po_5"]


def test_the_number_of_queries_does_not_grow_with_the_list(api, account, organizer):
    client = api(organizer)
    costs = []
    client.get(PAYOUTS)  # the session's first request costs more
    for number in range(21):
        store(account, f"po_{number}")
        if number in (1, 20):
            with CaptureQueriesContext(connection) as queries:
                assert len(client.get(f"{PAYOUTS}?page_size=30").json()["results"]) == number + 1
            costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_listed_payout_has_the_fields_of_the_contract(api, account, organizer, fund, pay_out):
    fund()
    sync_payout(account, pay_out("failed", failure_code="account_closed"))
    (row,) = api(organizer).get(PAYOUTS).json()["results"]
    assert set(row) == {
        "id",
        "amount",
        "currency",
        "status",
        "arrival_date",
        "failure_code",
        "failure_message",
        "created_at",
    }
    assert (row["amount"], row["currency"], row["status"]) == (4550, "usd", "failed")
    assert row["failure_code"] == "account_closed"
    assert row["failure_message"] == str(WORDS["account_closed"])


def test_a_payout_that_arrived_has_no_failure(api, account, organizer):
    store(account, "po_1")
    (row,) = api(organizer).get(PAYOUTS).json()["results"]
    assert (row["failure_code"], row["failure_message"]) == (None, None)


@pytest.mark.parametrize("status", PayoutStatus.values)
def test_payouts_can_be_filtered_by_status(api, account, organizer, status):
    for each in PayoutStatus.values:
        store(account, f"po_{each}", status=each)
    rows = api(organizer).get(f"{PAYOUTS}?status={status}").json()["results"]
    assert [row["id"] for row in rows] == [f"po_{status}"]


@pytest.mark.parametrize("query", ["status=gone", "status=PAID", "status=paid%00"])
def test_a_status_that_is_none_is_refused(api, account, organizer, query):
    status, _code, attr = error_of(api(organizer).get(f"{PAYOUTS}?{query}"))
    assert (status, attr) == (400, "status")


@pytest.mark.parametrize("payout_id", ["po_unknown", "po_%00", "1", "%F0%9F%8E%AB"])
def test_a_payout_that_is_not_there_is_404(api, account, organizer, payout_id):
    assert api(organizer).get(f"{PAYOUTS}/{payout_id}").status_code == 404


def test_a_payout_is_shown_with_its_lines(api, account, organizer, fund, pay_out):
    fund()
    fund(2000, fee=0)
    payout_id = sync_payout(account, pay_out()).stripe_payout_id
    body = api(organizer).get(f"{PAYOUTS}/{payout_id}").json()
    assert body["automatic"] is True
    assert [(line["type"], line["amount"], line["fee"], line["net"]) for line in body["lines"]] == [
        ("payment", 5000, 450, 4550),
        ("payment", 2000, 0, 2000),
    ]
    assert {line["allocated"] for line in body["lines"]} == {False}
    assert sum(line["net"] for line in body["lines"]) == body["amount"]
    assert "acct_" not in str(body)


def test_the_number_of_queries_does_not_grow_with_the_lines(api, account, organizer):
    payout, now, client = store(account, "po_1"), timezone.now(), api(organizer)
    client.get(PAYOUTS)
    costs = []
    for number in range(20):
        PayoutLine.objects.create(
            payout=payout,
            balance_transaction_id=f"txn_{number}",
            type="payment",
            amount=50,
            fee_amount=0,
            net_amount=50,
            currency="usd",
            occurred_at=now,
        )
        if number in (1, 19):
            with CaptureQueriesContext(connection) as queries:
                assert len(client.get(f"{PAYOUTS}/po_1").json()["lines"]) == number + 1
            costs.append(len(queries))
    assert costs[0] == costs[1]


# --- a payout by hand


def test_a_payout_by_hand_is_made_and_listed(api, manual, organizer, fund):
    fund()
    client = api(organizer)
    answer = send(client, "post", PAYOUTS, {"amount": 1000, "currency": "usd"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["amount"], body["status"]) == (1000, "pending")
    assert client.get(PAYOUTS).json()["results"] == [body]
    assert send(client, "post", PAYOUTS, {"currency": "usd"}).json()["amount"] == 3550


def test_what_the_balance_does_not_cover_is_refused(api, manual, organizer, fund):
    fund()
    client = api(organizer)
    assert error_of(send(client, "post", PAYOUTS, {"amount": 4551, "currency": "usd"})) == (
        409,
        "BALANCE_INSUFFICIENT",
        None,
    )
    assert error_of(send(client, "post", PAYOUTS, {"currency": "eur"})) == (
        409,
        "BALANCE_INSUFFICIENT",
        None,
    )
    assert payouts_at_stripe(manual) == []


def test_under_another_schedule_no_payout_is_made_by_hand(api, account, organizer, fund):
    fund()
    answer = send(api(organizer), "post", PAYOUTS, {"currency": "usd"})
    assert error_of(answer) == (409, "PAYOUT_SCHEDULE_NOT_MANUAL", None)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "currency"),
        ({"currency": "USD!"}, "currency"),
        ({"currency": "xxx"}, "currency"),
        ({"currency": None}, "currency"),
        ({"currency": "usd", "amount": 0}, "amount"),
        ({"currency": "usd", "amount": -5}, "amount"),
        ({"currency": "usd", "amount": "ten"}, "amount"),
        ({"currency": "usd", "amount": 10.5}, "amount"),
        ({"currency": "usd", "amount": 10**12}, "amount"),
        ({"currency": "usd", "amount": None}, "amount"),
        ({"currency": "kwd", "amount": 1005}, "amount"),
    ],
    ids=str,
)
def test_a_wrong_payout_is_refused_with_its_field(api, manual, organizer, body, attr):
    status, _code, named = error_of(send(api(organizer), "post", PAYOUTS, body))
    assert (status, named) == (400, attr)
    assert not PayoutRequest.objects.exists()


def test_a_key_makes_one_payout_whatever_happens_to_the_answer(
    api, manual, organizer, fund, sandbox, settings
):
    fund()
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    client, body = api(organizer), {"amount": 1000, "currency": "usd"}
    fail(sandbox, "/v1/payouts", "timeout_after_success")
    lost = send(client, "post", PAYOUTS, body, idempotency_key="once")
    assert error_of(lost) == (502, "STRIPE_UNAVAILABLE", None)
    found = send(client, "post", PAYOUTS, body, idempotency_key="once")
    again = send(client, "post", PAYOUTS, body, idempotency_key="once")
    assert (found.status_code, again.status_code) == (201, 201)
    assert found.json() == again.json()
    assert len(payouts_at_stripe(manual)) == 1
    other = send(client, "post", PAYOUTS, {**body, "amount": 2000}, idempotency_key="once")
    assert error_of(other) == (409, "IDEMPOTENCY_KEY_REUSED", None)


def test_a_refusal_is_kept_under_its_key(api, manual, organizer, fund):
    client, body = api(organizer), {"amount": 1000, "currency": "usd"}
    refused = send(client, "post", PAYOUTS, body, idempotency_key="once")
    fund()
    again = send(client, "post", PAYOUTS, body, idempotency_key="once")
    assert refused.status_code == again.status_code == 409
    assert send(client, "post", PAYOUTS, body, idempotency_key="twice").status_code == 201


# --- words


def test_every_failure_has_words_and_an_unknown_one_a_plain_sentence():
    from djstripe.enums import PayoutFailureCode

    assert {*FAILURES, *(code for code, _words in PayoutFailureCode.choices)} <= set(WORDS)
    assert all(failure_in_words(code).endswith(".") for code in WORDS)
    assert failure_in_words("something_new") == failure_in_words("") == str(UNKNOWN)


def test_the_sandboxs_failures_have_words(account, fund, pay_out, sandbox):
    fund()
    assert (
        control(sandbox, "payouts", account=account.stripe_account_id, outcome="failed")["failure_code"]
        in WORDS
    )
