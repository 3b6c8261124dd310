"""Signing up, in and out, by every way there is; and what goes wrong on each."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.second_factor import add_second_factor

LOGIN, SIGNUP, CODE = "/account/login/", "/account/signup/", "/account/login/code/"
PHRASE = "a long enough phrase"


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def totp_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"http://testserver(/\S+)", str(mail.body))
    assert found
    return found[1]


def sign_up(client: Client, email: str = "Ada@Example.com", **fields: str) -> str:
    form = {"email": email, "name": "Ada Obi", "password1": PHRASE, **fields}
    return client.post(SIGNUP, form)["Location"]


def test_signing_up_asks_to_confirm_the_address_and_then_signs_in(
    db: None, client: Client, outbox: list[EmailMessage]
) -> None:
    assert sign_up(client) == "/account/confirm-email/"
    user = User.objects.get()
    assert (user.email, user.name) == ("ada@example.com", "Ada Obi")
    assert not is_signed_in(client)
    mail = outbox[0]
    assert (mail.to, mail.subject) == (["ada@example.com"], "Confirm your email address")
    client.post(link_in(mail))
    assert is_signed_in(client)


def test_an_unconfirmed_address_cannot_sign_in(db: None, client: Client, outbox: list[EmailMessage]) -> None:
    sign_up(client)
    other = Client()
    response = other.post(LOGIN, {"login": "ada@example.com", "password": PHRASE})
    assert response["Location"] == "/account/confirm-email/"
    assert not is_signed_in(other)


def test_signing_up_with_a_known_address_looks_the_same_and_only_tells_its_owner(
    person: User, client: Client, outbox: list[EmailMessage]
) -> None:
    assert sign_up(client, person.email) == "/account/confirm-email/"
    assert User.objects.count() == 1
    assert outbox[0].subject == "You have an account already"
    assert not is_signed_in(client)


@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_with_one_address_at_once_make_one_account(
    at_once: Callable[..., list[object]], outbox: list[EmailMessage]
) -> None:
    answers = at_once(*[lambda: sign_up(Client())] * 4)
    assert answers == ["/account/confirm-email/"] * 4
    assert User.objects.count() == 1
    assert {mail.subject for mail in outbox} == {"Confirm your email address", "You have an account already"}


@pytest.mark.parametrize("password", ["short", "", "password1234", "x" * 5])
def test_a_weak_password_is_refused_and_the_rest_is_kept(db: None, client: Client, password: str) -> None:
    response = client.post(SIGNUP, {"email": "ada@example.com", "name": "Ada Obi", "password1": password})
    page = response.content.decode()
    assert "There is a problem" in page
    assert 'value="Ada Obi"' in page
    assert not User.objects.exists()


def test_signing_in_by_password_and_out(person: User, client: Client) -> None:
    response = client.post(
        LOGIN, {"login": "ADA@example.com", "password": PASSWORD, "next": "/dashboard/team/"}
    )
    assert response["Location"] == "/dashboard/team/"
    assert is_signed_in(client)
    assert client.get("/account/logout/").status_code == 200
    assert is_signed_in(client)
    client.post("/account/logout/")
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("login", "password"),
    [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("", ""), ("\x00", "x")],
)
def test_a_wrong_password_or_address_gives_one_answer_and_keeps_the_address(
    person: User, client: Client, login: str, password: str
) -> None:
    response = client.post(LOGIN, {"login": login, "password": password})
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert not is_signed_in(client)


def test_signing_in_never_leads_to_another_site(person: User, client: Client) -> None:
    response = client.post(
        LOGIN, {"login": person.email, "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert response["Location"] == "/dashboard/"


def test_a_code_by_mail_signs_in_from_the_sign_in_forms_own_field(
    person: User, client: Client, outbox: list[EmailMessage]
) -> None:
    form = {"login": person.email, "password": "", "next": "/dashboard/team/"}
    confirm = client.post(CODE, form)["Location"]
    code = re.search(r"^\w{3,}(-\w+)?$", str(outbox[0].body), re.MULTILINE)
    assert code
    assert code[0] in outbox[0].subject
    page = client.post(confirm, {"code": "wrong"}).content.decode()
    assert "There is a problem" in page
    assert 'name="next" value="/dashboard/team/"' in page
    response = client.post(confirm, {"code": code[0]})
    assert is_signed_in(client)
    assert response["Location"] == "/dashboard/team/"


def test_a_code_for_an_unknown_address_looks_the_same_and_sends_nothing(
    db: None, client: Client, outbox: list[EmailMessage]
) -> None:
    assert client.post(CODE, {"email": "nobody@example.com"})["Location"] == "/account/login/code/confirm/"
    assert not outbox


@pytest.mark.parametrize("email", ["ada@example.com", "new@example.com"])
def test_a_mail_server_that_is_down_is_said_to_whoever_signs_up_and_betrays_no_account(
    person: User, client: Client, settings: Settings, email: str
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answers = [
        client.post(SIGNUP, {"email": email, "password1": "a few words that are long"}),
        client.post(CODE, {"email": email}),
        client.post("/account/password/reset/", {"email": email}),
    ]
    assert [answer.status_code for answer in answers] == [503, 302, 302]
    assert b"Try again in a few minutes." in answers[0].content


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(
    person: User, client: Client, outbox: list[EmailMessage]
) -> None:
    assert client.post("/account/password/reset/", {"email": person.email}).status_code == 302
    link = link_in(outbox[0])
    form = client.get(link)["Location"]
    client.post(form, {"password1": PHRASE, "password2": PHRASE})
    assert "This link doesn’t work" in Client().get(link).content.decode()
    assert not Client().login(email=person.email, password=PASSWORD)
    client.post(LOGIN, {"login": person.email, "password": PHRASE})
    assert is_signed_in(client)
    assert [mail.subject for mail in outbox[1:]] == ["Your password was reset"]


def test_a_reset_for_an_unknown_address_sends_nothing(
    db: None, client: Client, outbox: list[EmailMessage]
) -> None:
    response = client.post("/account/password/reset/", {"email": "nobody@example.com"})
    assert response["Location"] == "/account/password/reset/done/"
    assert not outbox


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_and_then_asked_for(client: Client, outbox: list[EmailMessage]) -> None:
    person = UserFactory(email="ada@example.com")
    client.post(LOGIN, {"login": person.email, "password": PASSWORD})
    assert client.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="(\w+)"', page)
    assert secret
    assert "data:image/svg+xml" in page
    answer = client.post("/account/2fa/totp/activate/", {"code": totp_now(secret[1])})
    assert answer["Location"] == "/account/2fa/recovery-codes/"
    assert "Your authenticator app is on" in [mail.subject for mail in outbox]
    other = Client()
    assert (
        other.post(LOGIN, {"login": person.email, "password": PASSWORD})["Location"]
        == "/account/2fa/authenticate/"
    )
    assert not is_signed_in(other)


def test_password_and_app_code_sign_in(person: User, client: Client) -> None:
    secret = add_second_factor(person)
    client.post(LOGIN, {"login": person.email, "password": PASSWORD})
    assert "There is a problem" in client.post("/account/2fa/authenticate/", {"code": "000"}).content.decode()
    assert not is_signed_in(client)
    client.post("/account/2fa/authenticate/", {"code": totp_now(secret)})
    assert is_signed_in(client)


def test_a_code_by_mail_alone_does_not_pass_a_second_factor(
    person: User, client: Client, outbox: list[EmailMessage]
) -> None:
    add_second_factor(person)
    client.post(CODE, {"email": person.email})
    code = outbox[0].subject.split()[0]
    response = client.post("/account/login/code/confirm/", {"code": code})
    assert response["Location"] == "/account/2fa/authenticate/"
    assert not is_signed_in(client)


def test_staff_sign_in_like_everybody_and_meet_their_second_factor(staff: User, client: Client) -> None:
    assert client.get("/staff/login/")["Location"].startswith(LOGIN)
    add_second_factor(staff)
    client.post("/staff/login/", {"username": staff.email, "password": PASSWORD})
    assert not is_signed_in(client)


@pytest.mark.parametrize("path", ["/staff/", "/staff/accounts/user/"])
def test_staff_without_a_second_factor_are_led_to_set_one_up(
    staff: User, client: Client, settings: Settings, path: str
) -> None:
    client.force_login(staff)
    assert client.get(path).status_code == 200
    settings.MFA_REQUIRED = True
    assert client.get(path)["Location"] == "/account/2fa/"
    add_second_factor(staff)
    assert client.get(path).status_code == 200


def test_other_sessions_can_be_ended(person: User, client: Client) -> None:
    elsewhere = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    for browser in (client, elsewhere):
        browser.post(LOGIN, {"login": person.email, "password": PASSWORD})
    assert "Firefox on Linux" in client.get("/account/sessions/").content.decode()
    client.post("/account/sessions/")
    assert elsewhere.get("/account/email/").status_code == 302
    assert client.get("/account/email/").status_code == 200


def test_an_inactive_account_stays_outside(db: None, client: Client) -> None:
    UserFactory(email="ada@example.com", is_active=False)
    client.post(LOGIN, {"login": "ada@example.com", "password": PASSWORD})
    assert not is_signed_in(client)


def test_guessing_a_password_is_throttled(person: User, client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "3/5m/key"}
    for _ in range(3):
        client.post(LOGIN, {"login": person.email, "password": "wrong"})
    page = client.post(LOGIN, {"login": person.email, "password": PASSWORD}).content.decode()
    assert "Too many failed login attempts." in page
    assert not is_signed_in(client)


def test_too_many_requests_get_our_own_page(person: User, client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    statuses = [client.post(LOGIN, {"login": person.email, "password": "x"}).status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert "That was too fast" in client.post(LOGIN, {}).content.decode()


def test_every_mail_has_text_and_html_and_names_the_platform(
    person: User, client: Client, outbox: list[EmailMessage]
) -> None:
    client.post(CODE, {"email": person.email})
    sign_up(Client(), "new@example.com")
    client.post("/account/password/reset/", {"email": person.email})
    assert [mail.extra_headers["X-Maly-Kind"] for mail in outbox] == [
        "login_code",
        "email_confirmation_signup",
        "password_reset_key",
    ]
    for mail in outbox:
        html = mail.alternatives[0].content  # type: ignore[attr-defined]
        assert "Maly" in mail.body
        assert '<h1 id="subject"' in html
        assert "example.com!" not in mail.body
