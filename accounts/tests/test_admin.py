"""Accounts in the Django admin: who gets in, what staff change is logged, and rights are superusers' to give."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import AuditEntry, Organization, User
from accounts.services.tokens import create_token, find_token
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.second_factor import add_second_factor

NO_MEMBERSHIPS = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}


@pytest.fixture
def clerk(db: None) -> User:
    """Staff who may change users and organizations, without being a superuser."""
    clerk = UserFactory(email="clerk@example.com", is_staff=True)
    names = ["view_user", "change_user", "view_organization"]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
    return clerk


def test_what_staff_change_of_a_user_is_logged(desk: Client, staff: User, organizer: User) -> None:
    form = {"email": organizer.email, "name": organizer.name, "is_active": "on", "is_platform_admin": "on"}
    response = desk.post(f"/staff/accounts/user/{organizer.pk}/change/", form | NO_MEMBERSHIPS)
    assert response.status_code == 302, response.content.decode()[:3000]
    organizer.refresh_from_db()
    assert organizer.is_platform_admin
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_kind, entry.actor) == ("user.changed", "staff", staff)
    assert (entry.before, entry.after) == ({"is_platform_admin": "False"}, {"is_platform_admin": "True"})


def test_a_user_made_by_staff_can_sign_in_and_no_password_is_logged(desk: Client) -> None:
    form = {
        "email": "New@Example.com",
        "name": "New Person",
        "usable_password": "true",
        "password1": "a long enough phrase",
        "password2": "a long enough phrase",
    }
    response = desk.post("/staff/accounts/user/add/", form)
    assert response.status_code == 302, response.context["errors"]
    user = User.objects.get(email="new@example.com")
    assert user.check_password("a long enough phrase")
    entry = AuditEntry.objects.get()
    assert entry.action == "user.created"
    assert "phrase" not in str(entry.after)


@pytest.mark.parametrize("path", ["", "accounts/auditentry/", "find/?q=x", "login/", "no/such/page/"])
def test_visitors_sign_in_and_for_everybody_else_it_isnt_there(
    client: Client, organizer: User, staff: User, path: str
) -> None:
    visited = client.get(f"/staff/{path}", follow=True).redirect_chain
    assert visited[-1][0].startswith("/account/login/?next=/staff/")
    for user in (organizer, UserFactory(is_platform_admin=True)):
        client.force_login(user)
        assert client.get(f"/staff/{path}").status_code == 404
    User.objects.filter(pk=staff.pk).update(is_active=False)
    client.force_login(staff)
    assert client.get(f"/staff/{path}").status_code in (302, 404)


def test_staff_see_what_their_permissions_say(client: Client, clerk: User) -> None:
    client.force_login(clerk)
    page = client.get("/staff/").content.decode()
    assert "/staff/accounts/user/" in page
    assert "/staff/ticketing/order/" not in page
    assert client.get("/staff/ticketing/order/").status_code == 403
    assert client.get("/staff/accounts/organization/").context["action_form"] is None


def test_rights_are_given_by_superusers_alone(
    client: Client, clerk: User, staff: User, organizer: User
) -> None:
    client.force_login(clerk)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    form = {"email": clerk.email, "name": "Clerk", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(f"/staff/accounts/user/{clerk.pk}/change/", form | NO_MEMBERSHIPS).status_code == 302
    clerk.refresh_from_db()
    assert (clerk.name, clerk.is_superuser) == ("Clerk", False)
    others = (staff, UserFactory(is_platform_admin=True), UserFactory(is_staff=True))
    for path in ("change/", "password/"):
        for one in others:  # whose password would be a way to what they may do
            answer = client.post(f"/staff/accounts/user/{one.pk}/{path}", form | NO_MEMBERSHIPS)
            assert answer.status_code == 403
    assert client.get("/staff/auth/group/add/").status_code == 403


def test_a_password_that_staff_set_is_logged_without_its_words(
    desk: Client, staff: User, organizer: User
) -> None:
    form = {
        "usable_password": "true",
        "password1": "a long enough phrase",
        "password2": "a long enough phrase",
    }
    assert desk.post(f"/staff/accounts/user/{organizer.pk}/password/", form).status_code == 302
    organizer.refresh_from_db()
    assert organizer.check_password("a long enough phrase")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.after) == ("user.password_set", staff, {})


def test_power_over_people_asks_for_a_recent_sign_in(client: Client, staff: User, organizer: User) -> None:
    client.force_login(staff)
    for path in ("change/", "password/"):
        answer = client.post(f"/staff/accounts/user/{organizer.pk}/{path}", {})
        assert answer["Location"].startswith("/account/reauthenticate/")


@pytest.mark.parametrize("key", ["abc", "\x00", "9" * 30, "0"])
def test_what_is_no_row_is_not_acted_on(desk: Client, organization: Organization, key: str) -> None:
    chosen = {"action": "flag", "_selected_action": [key], "nonce": "1", "reason": "Odd"}
    assert desk.post("/staff/accounts/organization/", chosen).status_code == 302
    page = f"/staff/accounts/organization/{organization.pk}/change/"
    assert desk.get(f"{page}?memberships-page=²").status_code == 200


def test_a_page_with_an_odd_number_is_worked_on_all_the_same(
    desk: Client, organization: Organization
) -> None:
    chosen = {"action": "flag", "_selected_action": organization.pk, "nonce": "\x00", "reason": "Chargebacks"}
    assert desk.post("/staff/accounts/organization/", chosen).status_code == 302
    organization.refresh_from_db()
    assert organization.is_flagged


def test_staff_flag_and_unflag_with_a_reason(act, organization: Organization, staff: User) -> None:
    assert "Nothing of these organizations is sold" in act("flag", organization, reason="")
    organization.refresh_from_db()
    assert not organization.is_flagged
    assert "nothing is sold any more" in act("flag", organization, reason="Chargebacks")
    organization.refresh_from_db()
    assert (organization.is_flagged, organization.flag_reason) == (True, "Chargebacks")
    act("unflag", organization, reason="Explained")
    entries = AuditEntry.objects.order_by("id").values_list("action", "actor", "actor_kind", "reason")
    assert list(entries) == [
        ("organization.flagged", staff.pk, "staff", "Chargebacks"),
        ("organization.unflagged", staff.pk, "staff", "Explained"),
    ]


def test_staff_end_a_token_and_take_second_factors_away(
    act, organizer: User, staff: User, mailoutbox
) -> None:
    token, key = create_token(organizer, name="Till")
    add_second_factor(organizer)
    assert "worth nothing any more" in act("revoke", token, reason="Leaked")
    assert find_token(key) is None
    assert "1 taken away" in act("take_second_factors", organizer, reason="Seen by video")
    assert not Authenticator.objects.filter(user=organizer).exists()
    last = AuditEntry.objects.order_by("-id").first()
    assert (last.action, last.actor, last.reason) == ("user.second_factors_removed", staff, "Seen by video")
    assert "there was none" in act("take_second_factors", organizer)
