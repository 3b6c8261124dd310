"""The page of API tokens."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services.tokens import create_token, find_token

SignIn = Callable[[User | None], Client]
TOKENS, REVOKE = "/account/tokens/", "/account/tokens/revoke/"


def test_the_key_is_shown_on_one_page_only(person: User, signed_in: SignIn) -> None:
    client = signed_in(person)
    response = client.post(TOKENS, {"name": "Till"})
    key = re.search(r'id="key" value="(\w{40})"', response.content.decode())
    assert key
    assert find_token(key[1])
    assert "no-store" in response["Cache-Control"]
    again = client.get(TOKENS).content.decode()
    assert "Till" in again
    assert key[1] not in again


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_bad_name_makes_no_token(person: User, signed_in: SignIn, name: str) -> None:
    page = signed_in(person).post(TOKENS, {"name": name}).content.decode()
    assert "There is a problem" in page
    assert not ApiToken.objects.exists()


def test_revoking_takes_it_off_the_page_and_out_of_use(person: User, signed_in: SignIn) -> None:
    token, key = create_token(person, name="Till")
    page = signed_in(person).post(REVOKE, {"token": token.pk}, follow=True).content.decode()
    assert "“Till” no longer works." in page
    assert find_token(key) is None


def test_nobody_sees_or_revokes_somebody_elses(person: User, stranger: User, signed_in: SignIn) -> None:
    token, key = create_token(person, name="Adas till")
    client = signed_in(stranger)
    assert "Adas till" not in client.get(TOKENS).content.decode()
    assert client.post(REVOKE, {"token": token.pk}).status_code == 404
    assert find_token(key)


def test_a_visitor_signs_in_first(client: Client, db: None) -> None:
    assert client.get(TOKENS)["Location"] == f"/account/login/?next={TOKENS}"
    assert client.post(REVOKE, {"token": 1}).status_code == 302


@pytest.mark.parametrize("token_id", ["", "x", "-1", "9" * 30])
def test_a_bad_id_is_a_400(person: User, signed_in: SignIn, token_id: str) -> None:
    assert signed_in(person).post(REVOKE, {"token": token_id}).status_code == 400
