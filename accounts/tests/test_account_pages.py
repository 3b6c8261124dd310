"""Every page of django-allauth that can be reached: in our look, with nothing inline that the CSP would stop."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD
from accounts.tests.second_factor import add_second_factor

ENTRANCE = [
    "/account/login/",
    "/account/login/code/",
    "/account/signup/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/account/password/reset/key/done/",
    "/account/password/reset/key/1-set-password/",
    "/account/confirm-email/",
    "/account/confirm-email/nonsense/",
    "/account/inactive/",
]
OWN = [
    "/account/email/",
    "/account/password/change/",
    "/account/logout/",
    "/account/reauthenticate/",
    "/account/2fa/",
    "/account/2fa/totp/activate/",
    "/account/2fa/webauthn/",
    "/account/2fa/webauthn/add/",
    "/account/sessions/",
    "/account/tokens/",
]
WITH_SECOND_FACTOR = [
    "/account/2fa/",
    "/account/2fa/totp/deactivate/",
    "/account/2fa/reauthenticate/",
    "/account/2fa/recovery-codes/",
    "/account/2fa/recovery-codes/generate/",
]


def assert_is_ours(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.headers)
    page = response.content.decode()
    assert 'class="topbar"' in page
    assert len(re.findall(r"<h1\b", page)) == 1
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert title
    assert re.match(r"\s*\S.*· Maly\s*$", title[1], re.DOTALL)
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        assert "src=" in attributes or "application/json" in attributes, body
    return page


def sign_in(client: Client, user: User) -> Client:
    """By password, and once more as the pages about second factors ask."""
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.mark.parametrize("path", ENTRANCE)
def test_a_visitors_pages(db: None, client: Client, path: str) -> None:
    assert_is_ours(client, path)


@pytest.mark.parametrize("path", OWN)
def test_the_pages_of_ones_own_account(person: User, client: Client, path: str) -> None:
    assert_is_ours(sign_in(client, person), path)


@pytest.mark.parametrize("path", OWN)
def test_the_pages_of_ones_own_account_ask_a_visitor_to_sign_in(db: None, client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"] == "/" or response["Location"].startswith("/account/login/")


@pytest.mark.parametrize("path", WITH_SECOND_FACTOR)
def test_the_pages_of_an_account_with_a_second_factor(person: User, client: Client, path: str) -> None:
    sign_in(client, person)
    add_second_factor(person)
    if path.endswith("recovery-codes/"):
        client.post("/account/2fa/recovery-codes/generate/")
    assert_is_ours(client, path)


def test_keys_are_listed_renamed_and_removed(person: User, client: Client) -> None:
    sign_in(client, person)
    key = Authenticator.objects.create(
        user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "Blue key", "credential": {}}
    )
    assert "Blue key" in assert_is_ours(client, "/account/2fa/webauthn/")
    base = f"/account/2fa/webauthn/keys/{key.pk}/"
    assert_is_ours(client, f"{base}edit/")
    client.post(f"{base}edit/", {"name": "Green key"})
    assert "Green key" in client.get("/account/2fa/webauthn/").content.decode()
    assert_is_ours(client, f"{base}remove/")
    client.post(f"{base}remove/")
    assert not Authenticator.objects.filter(pk=key.pk).exists()


def test_the_page_that_asks_for_the_second_factor(person: User, client: Client) -> None:
    add_second_factor(person)
    sign_in(client, person)
    assert_is_ours(client, "/account/2fa/authenticate/")


def test_the_page_that_asks_for_a_code(person: User, client: Client) -> None:
    client.post("/account/login/code/", {"email": person.email})
    assert_is_ours(client, "/account/login/code/confirm/")


def test_a_passkey_sign_in_gets_its_challenge_and_refuses_nonsense(db: None, client: Client) -> None:
    answer = client.get("/account/2fa/webauthn/login/", headers={"accept": "application/json"})
    assert answer.json()["request_options"]["publicKey"]["challenge"]
    for credential in ("", "{}", "[]", "nonsense"):
        refused = client.post("/account/2fa/webauthn/login/", {"credential": credential})
        assert refused["Location"] == "/account/login/"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/account/signup/", {"email": "nonsense"}),
        ("/account/login/", {"login": "nonsense"}),
        ("/account/login/code/", {"email": "nonsense"}),
        ("/account/password/reset/", {"email": "nonsense"}),
    ],
)
def test_a_bad_form_says_so_in_title_summary_and_field(
    db: None, client: Client, path: str, form: dict[str, str]
) -> None:
    page = client.post(path, form).content.decode()
    assert re.search(r"<title>\s*Error: ", page)
    assert "There is a problem" in page
    assert 'class="field-error"' in page
    assert 'value="nonsense"' in page


def test_forms_carry_no_placeholders(
    person: User, client: Client, signed_in: Callable[[User], Client]
) -> None:
    for path in ("/account/login/", "/account/signup/", "/account/password/reset/"):
        assert "placeholder" not in client.get(path).content.decode()
    assert "placeholder" not in signed_in(person).get("/account/password/change/").content.decode()
