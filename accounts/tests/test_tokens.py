"""API tokens: made, used, revoked; and asked for by email and password."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.models import ApiToken, AuditEntry, User
from accounts.services.tokens import create_token, find_token, revoke_token
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.second_factor import add_second_factor
from maly.errors import NotFound

TOKEN_URL = "/api/auth/token"


def ask(client: Client, **body: object) -> tuple[int, dict[str, object]]:
    response = client.post(TOKEN_URL, body, content_type="application/json")
    return response.status_code, response.json()


def code_of(body: dict[str, object]) -> str:
    return body["errors"][0]["code"]  # type: ignore[index, no-any-return]


def test_a_key_is_shown_once_and_kept_as_a_hash(person: User) -> None:
    token, key = create_token(person, name=" Till ")
    assert token.name == "Till"
    assert key.startswith(token.prefix)
    assert len(key) == 40
    assert key not in str(ApiToken.objects.values().get())
    assert find_token(key) == token
    assert AuditEntry.objects.get().action == "token.created"


def test_a_revoked_token_opens_nothing_and_may_be_revoked_twice(person: User) -> None:
    token, key = create_token(person, name="Till")
    for _ in range(2):
        revoke_token(person, token_id=token.pk)
    assert find_token(key) is None
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_nobody_revokes_somebody_elses_token(person: User, stranger: User) -> None:
    token, key = create_token(person, name="Till")
    with pytest.raises(NotFound):
        revoke_token(stranger, token_id=token.pk)
    assert find_token(key)


def test_a_token_dies_with_its_owners_account(person: User) -> None:
    _token, key = create_token(person, name="Till")
    person.is_active = False
    person.save()
    assert find_token(key) is None


def test_use_is_noted_at_most_once_a_minute(
    person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token, key = create_token(person, name="Till")
    with django_assert_num_queries(2):
        find_token(key)
    with django_assert_num_queries(1):
        find_token(key)
    with time_machine.travel(timezone.now() + timedelta(seconds=61)), django_assert_num_queries(2):
        find_token(key)
    token.refresh_from_db()
    assert token.last_used_at


class Probe(APIView):
    """Any call for somebody signed in."""

    def get(self, request: Request) -> Response:
        return Response({"email": request.user.email})


def probe(authorization: str) -> Response:
    response = Probe.as_view()(APIRequestFactory().get("/", HTTP_AUTHORIZATION=authorization))
    assert isinstance(response, Response)
    return response


def test_a_token_signs_its_owner_in(person: User) -> None:
    _token, key = create_token(person, name="Till")
    for scheme in ("Token", "token"):
        assert probe(f"{scheme} {key}").data == {"email": person.email}


@pytest.mark.parametrize(
    "authorization",
    ["", "Token", "Token ", "Token nonsense", "Token \xe9", "Token two words", "Token " + "x" * 5000],
)
def test_a_wrong_or_missing_token_is_a_401_with_its_challenge(db: None, authorization: str) -> None:
    response = probe(authorization)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"


def test_email_and_password_give_a_token_that_works(person: User, client: Client) -> None:
    status, body = ask(client, email="ADA@example.com", password=PASSWORD)
    assert status == 200
    found = find_token(str(body["token"]))
    assert found
    assert found.user == person


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("ada@example.com", " ")],
)
def test_a_wrong_email_or_password_gives_one_answer(
    person: User, client: Client, email: str, password: str
) -> None:
    status, body = ask(client, email=email, password=password)
    assert (status, code_of(body)) == (401, "INVALID_CREDENTIALS")
    assert not ApiToken.objects.exists()


def test_an_inactive_account_gets_no_token(person: User, client: Client) -> None:
    person.is_active = False
    person.save()
    assert ask(client, email=person.email, password=PASSWORD)[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ada@example.com"},
        {"email": "no address", "password": "x"},
        {"email": [], "password": {}},
    ],
)
def test_a_malformed_request_names_the_field(db: None, client: Client, body: dict[str, object]) -> None:
    status, answer = ask(client, **body)
    assert status == 400
    assert answer["type"] == "validation_error"


@pytest.mark.parametrize(
    "raw", ["", "[]", "null", '"text"', "{", "\x00", '{"email": "a@b.co", "password": "\\u0000"}']
)
def test_a_body_that_is_no_object_is_a_400_or_401_never_a_500(db: None, client: Client, raw: str) -> None:
    response = client.post(TOKEN_URL, raw, content_type="application/json")
    assert response.status_code in (400, 401)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_405(db: None, client: Client, method: str) -> None:
    assert getattr(client, method)(TOKEN_URL).status_code == 405


def test_an_account_with_a_second_factor_gets_no_token_by_password(person: User, client: Client) -> None:
    add_second_factor(person)
    status, body = ask(client, email=person.email, password=PASSWORD)
    assert (status, code_of(body)) == (403, "MFA_REQUIRED")
    status, body = ask(client, email=person.email, password="wrong")
    assert (status, code_of(body)) == (401, "INVALID_CREDENTIALS")


def test_an_unconfirmed_address_gets_no_token(db: None, client: Client) -> None:
    UserFactory(email="ada@example.com", verified=False)
    status, body = ask(client, email="ada@example.com", password=PASSWORD)
    assert (status, code_of(body)) == (403, "EMAIL_NOT_VERIFIED")


def test_guessing_is_throttled_by_address_and_says_when_to_come_back(
    person: User, client: Client, settings: Settings
) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "token": "3/minute"}
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        statuses = [ask(client, email=f"p{n}@example.com", password="wrong")[0] for n in range(4)]
        response = client.post(TOKEN_URL, {}, content_type="application/json")
    assert statuses == [401, 401, 401, 429]
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60


def test_guessing_one_account_from_many_addresses_is_throttled(person: User, settings: Settings) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "token": "3/minute"}
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        statuses = [
            ask(Client(REMOTE_ADDR=f"10.0.0.{n}"), email=person.email, password="wrong")[0] for n in range(4)
        ]
    assert statuses == [401, 401, 401, 429]
