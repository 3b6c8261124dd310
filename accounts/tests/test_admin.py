"""Accounts in the Django admin: what staff may change is logged, the rest only looked at."""

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Organization, User
from accounts.services.audit import record


@pytest.fixture
def admin(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


@pytest.mark.parametrize("model", ["user", "organization", "membership", "auditentry"])
def test_lists_and_rows_open(admin: Client, organization: Organization, organizer: User, model: str) -> None:
    record("order.paid", organization=organization, actor=organizer)
    rows = {"user": organizer, "organization": organization, "membership": Membership.objects.get()}
    row = rows.get(model) or AuditEntry.objects.get()
    assert admin.get(f"/staff/accounts/{model}/").status_code == 200
    assert admin.get(f"/staff/accounts/{model}/?q=harbour").status_code == 200
    assert admin.get(f"/staff/accounts/{model}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    ("model", "add", "delete"),
    [("user", 200, 403), ("organization", 403, 403), ("membership", 403, 403), ("auditentry", 403, 403)],
)
def test_what_may_be_added_or_deleted(
    admin: Client, organization: Organization, organizer: User, model: str, add: int, delete: int
) -> None:
    record("order.paid")
    rows = {"user": organizer, "organization": organization, "membership": Membership.objects.get()}
    row = rows.get(model) or AuditEntry.objects.get()
    assert admin.get(f"/staff/accounts/{model}/add/").status_code == add
    assert admin.post(f"/staff/accounts/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == delete
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", ["membership", "auditentry"])
def test_read_only_rows_refuse_a_post(admin: Client, organizer: User, model: str) -> None:
    record("order.paid")
    row = Membership.objects.get() if model == "membership" else AuditEntry.objects.get()
    assert admin.post(f"/staff/accounts/{model}/{row.pk}/change/", {"role": "SCANNER"}).status_code == 403


def test_what_staff_change_of_a_user_is_logged(admin: Client, staff: User, organizer: User) -> None:
    form = {
        "email": organizer.email,
        "name": organizer.name,
        "is_active": "on",
        "is_platform_admin": "on",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    response = admin.post(f"/staff/accounts/user/{organizer.pk}/change/", form)
    assert response.status_code == 302, response.content.decode()[:3000]
    organizer.refresh_from_db()
    assert organizer.is_platform_admin
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_kind, entry.actor) == ("user.changed", "staff", staff)
    assert (entry.before, entry.after) == ({"is_platform_admin": "False"}, {"is_platform_admin": "True"})


def test_a_user_made_by_staff_can_sign_in_and_no_password_is_logged(admin: Client) -> None:
    form = {
        "email": "New@Example.com",
        "name": "New Person",
        "usable_password": "true",
        "password1": "a long enough phrase",
        "password2": "a long enough phrase",
    }
    response = admin.post("/staff/accounts/user/add/", form)
    assert response.status_code == 302, response.context["errors"]
    user = User.objects.get(email="new@example.com")
    assert user.check_password("a long enough phrase")
    entry = AuditEntry.objects.get()
    assert entry.action == "user.created"
    assert "phrase" not in str(entry.after)


@pytest.mark.parametrize("path", ["/staff/", "/staff/accounts/auditentry/"])
def test_nobody_but_staff_gets_in(client: Client, organizer: User, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(organizer)
    assert client.get(path).status_code in (302, 403)
