"""Idempotency keys: the first answer is given again, races have one winner, a dead process frees its key."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from accounts.idempotency import IdempotentMixin
from accounts.models import IdempotentRequest, User
from accounts.services.idempotency import Claim, KeptAnswer, claim_key, hash_request, keep_answer
from accounts.tasks import forget_idempotent_requests
from maly.errors import MalyError
from maly.throttling import Throttled

factory = APIRequestFactory()


class Refused(MalyError):
    code = "TICKET_SOLD_OUT"
    status = 409


class Unavailable(MalyError):
    code = "STRIPE_UNAVAILABLE"
    status = 502


class Purchase(IdempotentMixin, APIView):
    """A view that counts how often it really ran."""

    permission_classes = [AllowAny]
    runs: list[Any] = []
    outcome: Exception | None = None

    def post(self, request: Request) -> Response:
        self.runs.append(request.data)
        if self.outcome is not None:
            raise self.outcome
        return Response({"order": f"M-{len(self.runs)}", "keys": self.idempotency}, 201)


@pytest.fixture(autouse=True)
def _fresh_view() -> None:
    Purchase.runs, Purchase.outcome = [], None


def buy(
    body: Any, *, key: str | None = "k1", user: User | None = None, path: str = "/api/payments/buy"
) -> tuple[int, Any, Response]:
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    request = factory.post(path, body, format="json", **headers)
    force_authenticate(request, user=user or AnonymousUser())
    response = Purchase.as_view()(request)
    response.render()
    return response.status_code, json.loads(response.content or b"null"), response


def test_the_first_answer_is_given_again_and_nothing_runs_twice(person: User) -> None:
    status, body, response = buy({"a": 1, "b": 2}, user=person)
    again, body_again, response_again = buy({"b": 2, "a": 1}, user=person)
    assert (status, again) == (201, 201)
    assert body == body_again
    assert "Idempotent-Replayed" not in response
    assert response_again["Idempotent-Replayed"] == "true"
    assert len(Purchase.runs) == 1


def test_without_a_key_every_request_runs(person: User) -> None:
    for _ in range(2):
        buy({}, key=None, user=person)
    assert len(Purchase.runs) == 2
    assert not IdempotentRequest.objects.exists()


@pytest.mark.parametrize(
    ("body", "path"), [({"a": 2}, "/api/payments/buy"), ({"a": 1}, "/api/payments/other")]
)
def test_the_same_key_with_another_request_is_refused(person: User, body: Any, path: str) -> None:
    buy({"a": 1}, user=person)
    status, answer, _ = buy(body, user=person, path=path)
    assert (status, answer["errors"][0]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert len(Purchase.runs) == 1


def test_keys_belong_to_their_caller(person: User, stranger: User) -> None:
    buy({"email": "a@example.com"}, user=person)
    buy({"email": "a@example.com"}, user=stranger)
    buy({"email": "a@example.com"})
    buy({"email": "b@example.com"})
    assert len(Purchase.runs) == 4
    buy({"email": "b@example.com"})
    assert len(Purchase.runs) == 4


def test_a_guest_is_known_by_a_hash_of_the_email(db: None) -> None:
    _status, body, _ = buy({"email": " Ada@Example.com "})
    row = IdempotentRequest.objects.get()
    assert row.caller.startswith("guest:")
    assert "example.com" not in row.caller
    assert body["keys"] == [row.caller, "k1"]


@pytest.mark.parametrize("body", [[], "text", None, {"email": 5}, {"email": None}])
def test_a_body_of_any_shape_is_no_server_error(db: None, body: Any) -> None:
    assert buy(body)[0] == 201
    assert buy(body)[2]["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "a\x00b"])
def test_a_malformed_key_is_a_400(person: User, key: str) -> None:
    assert buy({}, key=key, user=person)[0] == 400
    assert not Purchase.runs


def test_a_refusal_is_kept(person: User) -> None:
    Purchase.outcome = Refused()
    assert buy({}, user=person)[0] == 409
    Purchase.outcome = None
    status, body, _ = buy({}, user=person)
    assert (status, body["errors"][0]["code"]) == (409, "TICKET_SOLD_OUT")
    assert len(Purchase.runs) == 1


@pytest.mark.parametrize(("outcome", "status"), [(Unavailable(), 502), (Throttled(3), 429)])
def test_5xx_and_429_are_not_kept_and_the_same_request_may_be_tried_again(
    person: User, outcome: Exception, status: int
) -> None:
    Purchase.outcome = outcome
    assert buy({"a": 1}, user=person)[0] == status
    Purchase.outcome = None
    assert buy({"a": 2}, user=person)[0] == 409
    assert buy({"a": 1}, user=person)[0] == 201


def test_a_bug_frees_the_key(person: User) -> None:
    Purchase.outcome = ZeroDivisionError()
    assert buy({}, user=person)[0] == 500
    Purchase.outcome = None
    assert buy({}, user=person)[0] == 201


def test_a_key_whose_first_request_runs_is_in_use_until_its_lease_ends(db: None) -> None:
    assert isinstance(claim_key("user:1", key="k", request_hash="h"), Claim)
    with pytest.raises(IdempotencyKeyInUse):
        claim_key("user:1", key="k", request_hash="h")
    with pytest.raises(IdempotencyKeyReused):
        claim_key("user:1", key="k", request_hash="other")
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert isinstance(claim_key("user:1", key="k", request_hash="h"), Claim)


def test_a_request_that_outlived_its_lease_no_longer_writes(db: None) -> None:
    late = claim_key("user:1", key="k", request_hash="h")
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        current = claim_key("user:1", key="k", request_hash="h")
        assert isinstance(late, Claim)
        assert isinstance(current, Claim)
        keep_answer(late, status=500, body=None)
        keep_answer(late, status=201, body={"order": "late"})
        keep_answer(current, status=201, body={"order": "current"})
        assert claim_key("user:1", key="k", request_hash="h") == KeptAnswer(201, {"order": "current"})


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_with_one_key_at_once_one_is_let_through(
    at_once: Callable[..., list[object]],
) -> None:
    answers = at_once(*[lambda: claim_key("user:1", key="k", request_hash="h")] * 8)
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert sum(isinstance(answer, IdempotencyKeyInUse) for answer in answers) == 7


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_after_a_dead_process_one_is_let_through(
    at_once: Callable[..., list[object]],
) -> None:
    claim_key("user:1", key="k", request_hash="h")
    IdempotentRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    answers = at_once(*[lambda: claim_key("user:1", key="k", request_hash="h")] * 8)
    assert sum(isinstance(answer, Claim) for answer in answers) == 1


def test_the_sweep_forgets_what_is_older_than_a_day_and_may_run_twice(db: None) -> None:
    claim_key("user:1", key="old", request_hash="h")
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    claim_key("user:1", key="new", request_hash="h")
    assert [forget_idempotent_requests(), forget_idempotent_requests()] == [1, 0]
    assert IdempotentRequest.objects.get().key == "new"


def test_the_hash_ignores_the_order_of_keys_and_nothing_else() -> None:
    assert hash_request("POST", "/a", {"x": 1, "y": 2}) == hash_request("POST", "/a", {"y": 2, "x": 1})
    hashes = {hash_request("POST", "/a", body) for body in ({"x": 1}, {"x": "1"}, [1], None, {"x": 1.0}, {})}
    assert len(hashes) == 6
