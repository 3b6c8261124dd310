"""The team page and its forms, by every role."""

from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Invitation, Membership, Organization, Role, User
from accounts.services.invitations import invite_member
from accounts.tests.conftest import WhoIs
from accounts.tests.factories import MembershipFactory

SignIn = Callable[[User | None], Client]
TEAM, INVITE = "/dashboard/team/", "/dashboard/team/invite/"
ROLE, REMOVE, REVOKE = (
    "/dashboard/team/role/",
    "/dashboard/team/remove/",
    "/dashboard/team/invitations/revoke/",
)


@pytest.fixture
def member(organization: Organization, organizer: User) -> Membership:
    return MembershipFactory(organization=organization, role=Role.MANAGER, user__name="Bo Lind")


def test_the_page_lists_members_roles_and_open_invitations(
    organization: Organization, organizer: User, member: Membership, signed_in: SignIn
) -> None:
    invite_member(organization, email="new@example.com", role="SCANNER", actor=organizer)
    page = signed_in(organizer).get(TEAM).content.decode()
    for text in ("Bo Lind", organizer.email, "new@example.com", "What each role may do", "Invite somebody"):
        assert text in page


def test_the_page_costs_the_same_for_any_team(
    organization: Organization,
    organizer: User,
    signed_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    MembershipFactory.create_batch(10, organization=organization, role=Role.SCANNER)
    client = signed_in(organizer)
    client.get(TEAM)
    with django_assert_max_num_queries(6):
        client.get(TEAM)


@pytest.mark.parametrize(
    ("what", "may_invite"), [("OWNER", True), ("ADMIN", True), ("MANAGER", False), ("SCANNER", False)]
)
def test_every_member_sees_the_team_and_only_some_may_invite(
    who: WhoIs, signed_in: SignIn, what: str, may_invite: bool
) -> None:
    client = signed_in(who(what))
    page = client.get(TEAM)
    assert page.status_code == 200
    assert (INVITE in page.content.decode()) is may_invite
    assert client.get(INVITE).status_code == (200 if may_invite else 403)


def test_a_visitor_is_asked_to_sign_in(client: Client, db: None) -> None:
    for path in (TEAM, INVITE):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/account/login/?next={path}")
    for path in (ROLE, REMOVE, REVOKE):
        assert client.post(path).status_code == 302


def test_somebody_in_no_organization_is_led_to_make_one(person: User, signed_in: SignIn) -> None:
    client = signed_in(person)
    assert client.get(TEAM)["Location"] == "/dashboard/organizations/new/"
    assert client.get(INVITE).status_code == 404


@pytest.mark.parametrize("path", [ROLE, REMOVE, REVOKE])
def test_changes_are_post_only(organizer: User, signed_in: SignIn, path: str) -> None:
    assert signed_in(organizer).get(path).status_code == 405


def test_inviting_sends_the_mail_and_says_so(
    organizer: User, signed_in: SignIn, outbox: list[EmailMessage]
) -> None:
    response = signed_in(organizer).post(INVITE, {"email": "new@example.com", "role": "SCANNER"}, follow=True)
    assert "We sent an invitation to new@example.com." in response.content.decode()
    assert [mail.to for mail in outbox] == [["new@example.com"]]


@pytest.mark.parametrize(
    ("email", "role", "words"),
    [
        ("no address", "SCANNER", "Enter a valid email address."),
        ("", "SCANNER", "This field is required."),
        ("new@example.com", "KING", "KING is not one of the available choices."),
        ("organizer@example.com", "SCANNER", "This person is already a member."),
    ],
)
def test_a_bad_invitation_keeps_what_was_typed_and_sends_nothing(
    organizer: User, signed_in: SignIn, outbox: list[EmailMessage], email: str, role: str, words: str
) -> None:
    page = signed_in(organizer).post(INVITE, {"email": email, "role": role}).content.decode()
    assert words in page
    assert "There is a problem" in page
    assert f'value="{email}"' in page or not email
    assert not outbox
    assert not Invitation.objects.exists()


def test_an_admin_is_not_offered_the_owner_role(who: WhoIs, signed_in: SignIn) -> None:
    client = signed_in(who("ADMIN"))
    assert 'value="OWNER"' not in client.get(INVITE).content.decode()
    client.post(INVITE, {"email": "new@example.com", "role": "OWNER"})
    assert not Invitation.objects.exists()


def test_changing_a_role_shows_on_the_page(organizer: User, member: Membership, signed_in: SignIn) -> None:
    page = (
        signed_in(organizer).post(ROLE, {"member": member.pk, "role": "ADMIN"}, follow=True).content.decode()
    )
    assert "The role is changed." in page
    member.refresh_from_db()
    assert member.role == Role.ADMIN


@pytest.mark.parametrize(
    ("what", "status"), [("MANAGER", 403), ("SCANNER", 403), ("stranger", 302), ("visitor", 302)]
)
def test_nobody_else_changes_or_removes_a_member(
    member: Membership, who: WhoIs, signed_in: SignIn, what: str, status: int
) -> None:
    client = signed_in(who(what))
    answer = client.post(ROLE, {"member": member.pk, "role": "SCANNER"})
    # A stranger acts in an organization of their own, where there is no such member.
    assert answer.status_code == (404 if what == "stranger" else status)
    assert client.post(REMOVE, {"member": member.pk}).status_code == status
    member.refresh_from_db()
    assert member.role == Role.MANAGER


def test_the_last_owner_is_told_why_they_cannot_leave(
    organizer: User, organization: Organization, signed_in: SignIn
) -> None:
    own = Membership.objects.get(user=organizer)
    page = signed_in(organizer).post(REMOVE, {"member": own.pk}, follow=True).content.decode()
    assert "Make somebody else an owner first." in page
    assert Membership.objects.filter(pk=own.pk).exists()


def test_leaving_leads_to_where_there_is_still_something_to_do(who: WhoIs, signed_in: SignIn) -> None:
    scanner = who("SCANNER")
    assert scanner
    own = Membership.objects.get(user=scanner)
    response = signed_in(scanner).post(REMOVE, {"member": own.pk}, follow=True)
    assert response.redirect_chain[-1][0] == "/dashboard/organizations/new/"


def test_withdrawing_an_invitation(organizer: User, organization: Organization, signed_in: SignIn) -> None:
    invitation = invite_member(organization, email="new@example.com", role="SCANNER", actor=organizer)
    page = signed_in(organizer).post(REVOKE, {"invitation": invitation.pk}, follow=True).content.decode()
    assert "The invitation is withdrawn." in page
    assert "new@example.com" not in page


@pytest.mark.parametrize("member_id", ["", "x", "-1", "1" * 30, "²", "\x00"])
@pytest.mark.parametrize("path", [ROLE, REMOVE])
def test_a_bad_id_is_no_server_error(organizer: User, signed_in: SignIn, path: str, member_id: str) -> None:
    assert signed_in(organizer).post(path, {"member": member_id, "role": "ADMIN"}).status_code in (400, 404)


def test_an_owner_without_a_second_factor_is_led_to_set_one_up(
    organizer: User, member: Membership, signed_in: SignIn, settings: Settings
) -> None:
    settings.MFA_REQUIRED = True
    client = signed_in(organizer)
    assert client.get(TEAM).status_code == 200
    for answer in (client.get(INVITE), client.post(ROLE, {"member": member.pk, "role": "ADMIN"})):
        assert (answer.status_code, answer["Location"]) == (302, "/account/2fa/")
    assert "Owners and staff need two-factor authentication" in client.get("/account/2fa/").content.decode()
    member.refresh_from_db()
    assert member.role == Role.MANAGER
