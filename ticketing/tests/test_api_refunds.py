"""POST /api/orders/{code}/refunds: who may, what it takes, what it answers."""

import json

import pytest

from accounts.models import Role
from accounts.tests.factories import MembershipFactory
from ticketing.models import Refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(general, sell, buyer):
    return sell((general, 2), user=buyer, email=buyer.email)


@pytest.fixture
def ask(api, order):
    def post(user, body=None, **headers):
        text = json.dumps({"reason": "Asked for"} if body is None else body)
        return api(user).post(
            f"/api/orders/{order.code}/refunds", text, content_type="application/json", headers=headers
        )

    return post


def test_an_owner_refunds_all_that_is_left(ask, order, organizer):
    answer = ask(organizer, {"reason": "Asked for", "note": "Rang twice"})
    assert answer.status_code == 201
    refund = Refund.objects.get()
    assert answer.json() == {
        "refund": refund.code,
        "status": "succeeded",
        "amount": 10000,
        "from_organizer_amount": 9130,
        "from_platform_amount": 870,
    }
    assert (refund.actor, refund.reason, refund.origin) == (organizer, "Asked for", "organizer")
    assert refund.note == "Rang twice"


def test_who_may_refund(ask, organization, manager, scanner, stranger, buyer, staff):
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    people = [(None, 401), (stranger, 404), (buyer, 404), (staff, 404), (scanner, 403), (manager, 403)]
    for user, status in people:
        assert ask(user).status_code == status, user
    assert not Refund.objects.exists()
    assert ask(admin).status_code == 201


def test_a_missing_order_looks_like_a_foreign_one(api, ask, stranger, order):
    for code in ("M-ZZZZZZZ", "nothing", "M-%00"):
        answer = api(stranger).post(
            f"/api/orders/{code}/refunds", json.dumps({"reason": "x"}), content_type="application/json"
        )
        assert (answer.status_code, answer.content) == (404, ask(stranger).content)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": "a\u0000b"},
        {"reason": "x", "amount": 0},
        {"reason": "x", "amount": -1},
        {"reason": "x", "amount": 2**80},
        {"reason": "x", "amount": "much"},
        {"reason": "x", "amount": 1.5},
        {"reason": "x", "amount": True},
        {"reason": "x", "tickets": []},
        {"reason": "x", "tickets": "all"},
        {"reason": "x", "tickets": [None]},
        {"reason": "x", "tickets": ["A" * 11]},
        {"reason": "x", "tickets": ["A"] * 501},
        {"reason": "x", "tickets": ["AAAAAAAAAA"], "amount": 1},
        {"reason": "x", "refund_application_fee": "maybe"},
        {"reason": "x", "restock": None},
    ],
)
def test_bad_input_is_refused_and_changes_nothing(body, ask, organizer, order):
    answer = ask(organizer, body)
    assert answer.status_code == 400, answer.content
    assert not Refund.objects.exists()
    order.refresh_from_db()
    assert order.refunded_amount == 0


def test_refusals_come_with_a_code_and_words(ask, organizer, order):
    answer = ask(organizer, {"reason": "x", "amount": 10001})
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "REFUND_TOO_LARGE"
    assert "At most $100.00" in answer.json()["errors"][0]["detail"]
    answer = ask(organizer, {"reason": "x", "tickets": ["AAAAAAAAAA"]})
    assert answer.json()["errors"][0]["code"] == "TICKET_ALREADY_REFUNDED"


def test_the_same_key_is_one_refund(ask, organizer, order):
    body = {"reason": "x", "amount": 100}
    answers = [ask(organizer, body, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert Refund.objects.count() == 1


def test_an_answer_that_isnt_known_yet_is_pending(ask, organizer, sandbox):
    fault = {"method": "POST", "path": "/v1/refunds", "effect": "error_500", "times": 5}
    sandbox.control("POST", "/_sandbox/faults", fault)
    answer = ask(organizer)
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")


def test_members_see_the_refunds_of_an_order_and_buyers_only_the_sum(ask, api, organizer, buyer, order):
    ticket = order.tickets.first()
    ask(organizer, {"reason": "Ill", "tickets": [ticket.code], "restock": False})
    seen = api(organizer).get(f"/api/orders/{order.code}").json()
    (refund,) = seen["refunds"]
    assert (refund["amount"], refund["reason"], refund["tickets"]) == (5000, "Ill", [ticket.code])
    assert (refund["from_organizer_amount"], refund["from_platform_amount"]) == (4565, 435)
    assert "refund" in {step["kind"] for step in seen["trail"]}
    assert (seen["status"], seen["refunded_amount"]) == ("partly_refunded", 5000)
    theirs = api(buyer).get(f"/api/orders/{order.code}").json()
    assert "refunds" not in theirs
    assert theirs["refunded_amount"] == 5000
    assert {one["code"]: one["status"] for one in theirs["tickets"]}[ticket.code] == "cancelled"
