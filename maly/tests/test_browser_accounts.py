"""Accounts in a real browser: passkeys under our Content Security Policy, no script at all, second factors."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from allauth.mfa.models import Authenticator

from accounts.models import Organization, Role, User
from accounts.services.tokens import create_token
from accounts.tests.factories import PASSWORD, MembershipFactory
from accounts.tests.second_factor import add_second_factor
from maly.tests.test_pages_accessible import assert_fine, look_over

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

OpenPage = Callable[..., "Page"]


def sign_in(page: "Page", user: User) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def show_that_it_is_you(page: "Page") -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def plug_in_a_passkey(page: "Page") -> None:
    """A virtual device that has the person's finger on it all the time."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_and_then_signs_in_alone(organizer: User, open_page: OpenPage) -> None:
    page = open_page()
    plug_in_a_passkey(page)
    sign_in(page, organizer)
    page.goto("/account/2fa/webauthn/add/")
    show_that_it_is_you(page)
    page.get_by_label("Name").fill("My laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add the key").click()
    page.get_by_role("heading", name="Recovery Codes").wait_for()
    assert Authenticator.objects.filter(user=organizer, type="webauthn").count() == 1
    page.goto("/account/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.goto("/account/login/?next=/account/2fa/webauthn/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("My laptop").wait_for()


def test_a_passkey_that_fails_says_so_on_the_page(organizer: User, open_page: OpenPage) -> None:
    page = open_page()
    plug_in_a_passkey(page)  # an empty one
    page.goto("/account/login/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The passkey didn’t work. Try again, or use another way.").wait_for()


def test_without_script_a_password_signs_in_and_no_dead_button_shows(
    organizer: User, open_page: OpenPage
) -> None:
    page = open_page(width=360, javascript=False)
    page.goto("/account/login/?next=/dashboard/team/")
    assert not page.get_by_role("button", name="Use a passkey").is_visible()
    page.get_by_label("Email").fill(organizer.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert page.get_by_role("heading", name="Team", exact=True).is_visible()
    page.goto("/account/tokens/")
    page.get_by_label("What is it for?").fill("Till")
    page.get_by_role("button", name="Make a token").click()
    assert re.fullmatch(r"\w{40}", page.get_by_label("The token").input_value())


def test_without_script_the_team_is_managed(
    organizer: User, organization: Organization, open_page: OpenPage
) -> None:
    member = MembershipFactory(organization=organization, role=Role.MANAGER, user__name="Bo Lind")
    page = open_page(width=360, javascript=False)
    sign_in(page, organizer)
    page.goto("/dashboard/team/")
    page.get_by_text("Change Bo Lind").click()
    page.get_by_label("Role", exact=True).select_option("SCANNER")
    page.get_by_role("button", name="Change role").click()
    assert page.get_by_text("The role is changed.").is_visible()
    member.refresh_from_db()
    assert member.role == Role.SCANNER


def test_the_pages_behind_a_second_look_are_for_everybody(organizer: User, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, organizer)
    page.goto("/account/2fa/totp/activate/")
    show_that_it_is_you(page)
    create_token(organizer, name="Till")
    own = ["/account/2fa/totp/activate/", "/account/2fa/webauthn/add/", "/account/tokens/"]
    problems = look_over(page, own)
    add_second_factor(organizer)
    guarded = ["/account/2fa/", "/account/2fa/totp/deactivate/", "/account/2fa/reauthenticate/"]
    problems += look_over(page, guarded)
    page.context.clear_cookies()
    sign_in(page, organizer)
    page.wait_for_url("**/account/2fa/authenticate/")
    assert_fine(problems + look_over(page, ["/account/2fa/authenticate/"]))
