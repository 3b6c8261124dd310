"""The team page and its forms, by every role."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Invitation, Membership, Organization, Role, User
from accounts.services.invitations import invite_member
from accounts.services.organizations import personal_organization
from accounts.tests.conftest import WhoIs
from accounts.tests.factories import MembershipFactory
from accounts.tests.test_invitations import token_in

SignIn = Callable[[User | None], Client]
TEAM, INVITE = "/dashboard/team/", "/dashboard/team/invite/"
ROLE, REMOVE, REVOKE, RESEND, OWNER = (
    "/dashboard/team/role/",
    "/dashboard/team/remove/",
    "/dashboard/team/invitations/revoke/",
    "/dashboard/team/invitations/resend/",
    "/dashboard/team/owner/",
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
    for path in (ROLE, REMOVE, REVOKE, RESEND, OWNER):
        assert client.post(path).status_code == 302


def test_somebody_in_no_organization_is_led_to_make_one(person: User, signed_in: SignIn) -> None:
    client = signed_in(person)
    assert client.get(TEAM)["Location"] == "/dashboard/organizations/new/"
    assert client.get(INVITE).status_code == 404


@pytest.mark.parametrize("path", [ROLE, REMOVE, REVOKE, RESEND])
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


def test_a_form_is_about_the_organization_of_its_page_whatever_another_tab_has_chosen(
    organization: Organization, organizer: User, signed_in: SignIn
) -> None:
    client = signed_in(organizer)
    other = MembershipFactory(user=organizer, role=Role.OWNER).organization
    client.post("/dashboard/organizations/choose/", {"organization": organization.slug})
    field = f'name="works_in" value="{organization.slug}"'
    settings_pages = ("/dashboard/settings/profile/", "/dashboard/settings/payments/")
    for path in (INVITE, "/dashboard/events/new/", *settings_pages):
        assert field in client.get(path).content.decode()
    client.post("/dashboard/organizations/choose/", {"organization": other.slug})
    sent = {"email": "new@example.com", "role": "ADMIN", "works_in": organization.slug}
    assert organization.name in client.post(INVITE, sent, follow=True).content.decode()
    assert Invitation.objects.get().organization == organization
    Membership.objects.filter(user=organizer, organization=organization).delete()
    assert client.post(INVITE, sent | {"email": "late@example.com"}).status_code == 403
    assert Invitation.objects.count() == 1


def test_an_admin_is_not_offered_the_owner_role(who: WhoIs, signed_in: SignIn) -> None:
    client = signed_in(who("ADMIN"))
    assert 'value="OWNER"' not in client.get(INVITE).content.decode()
    client.post(INVITE, {"email": "new@example.com", "role": "OWNER"})
    assert not Invitation.objects.exists()


def test_changing_a_role_shows_on_the_page(organizer: User, member: Membership, signed_in: SignIn) -> None:
    page = (
        signed_in(organizer).post(ROLE, {"member": member.pk, "role": "ADMIN"}, follow=True).content.decode()
    )
    assert "The role is changed. They can now also: Refund orders, answer disputes; Cancel events;" in page
    member.refresh_from_db()
    assert member.role == Role.ADMIN
    page = (
        signed_in(organizer)
        .post(ROLE, {"member": member.pk, "role": "SCANNER"}, follow=True)
        .content.decode()
    )
    assert "They can no longer: Create, edit, publish and pause events and tickets;" in page


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


def test_an_invitation_is_sent_again_with_a_new_link_also_when_it_has_expired(
    organizer: User, organization: Organization, signed_in: SignIn, outbox: list[EmailMessage]
) -> None:
    first = invite_member(organization, email="new@example.com", role="SCANNER", actor=organizer)
    Invitation.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    client = signed_in(organizer)
    assert "Expired" in client.get(TEAM).content.decode()
    page = client.post(RESEND, {"invitation": first.pk}, follow=True).content.decode()
    assert "The invitation is sent again. Only its new link works." in page
    assert "Expired" not in page
    links = [token_in(mail) for mail in outbox]
    assert len(set(links)) == 2
    assert Client().get(f"/invitations/{links[0]}/").status_code == 404
    assert Client().get(f"/invitations/{links[1]}/").status_code == 200
    assert client.post(RESEND, {"invitation": first.pk}).status_code == 404  # it was replaced
    assert len(outbox) == 2


def test_nobody_sends_invitations_without_end(
    organizer: User, signed_in: SignIn, outbox: list[EmailMessage], settings: Settings
) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "invite": "1/hour"}
    client = signed_in(organizer)
    for number in range(2):
        page = client.post(INVITE, {"email": f"new{number}@example.com", "role": "SCANNER"})
    assert "Too many requests." in page.content.decode()
    resent = client.post(RESEND, {"invitation": Invitation.objects.get().pk}, follow=True)
    assert "Too many requests." in resent.content.decode()
    assert [mail.to for mail in outbox] == [["new0@example.com"]]


def test_an_owners_invitation_is_for_owners_to_send_and_withdraw(
    organizer: User, organization: Organization, who: WhoIs, signed_in: SignIn
) -> None:
    invitation = invite_member(organization, email="new@example.com", role="OWNER", actor=organizer)
    admin = signed_in(who("ADMIN"))
    page = admin.get(TEAM).content.decode()
    assert "new@example.com" in page
    assert "Send again" not in page
    for path in (RESEND, REVOKE):
        assert admin.post(path, {"invitation": invitation.pk}).status_code == 403
    assert "Send again" in signed_in(organizer).get(TEAM).content.decode()


def test_who_only_scans_sees_names_and_no_addresses(
    member: Membership, organization: Organization, who: WhoIs, signed_in: SignIn
) -> None:
    MembershipFactory(organization=organization, user__name="", user__email="nameless@example.com")
    page = signed_in(who("SCANNER")).get(TEAM).content.decode()
    assert "Bo Lind" in page
    assert "nameless" in page
    assert member.user.email not in page
    assert "nameless@example.com" not in page


def test_an_owner_hands_over_and_becomes_an_admin(
    organizer: User, organization: Organization, member: Membership, signed_in: SignIn
) -> None:
    client = signed_in(organizer)
    assert OWNER in client.get(TEAM).content.decode()
    form = {"member": member.pk, "confirm": " Harbour-Arts "}
    for bad in ({"confirm": "harbour"}, {"member": ""}, {"member": "999"}):
        assert "There is a problem" in client.post(OWNER, {**form, **bad}).content.decode()
    page = client.post(OWNER, form, follow=True).content.decode()
    assert "Bo Lind owns it now. You are an admin." in page
    roles = dict(Membership.objects.filter(organization=organization).values_list("user__name", "role"))
    assert roles == {"Bo Lind": Role.OWNER, organizer.name: Role.ADMIN}
    assert client.get(OWNER).status_code == 403
    assert OWNER not in page


def test_a_single_host_cannot_hand_over(person: User, signed_in: SignIn) -> None:
    organization = personal_organization(person)
    other = MembershipFactory(organization=organization, role=Role.ADMIN)
    client = signed_in(person)
    assert OWNER not in client.get(TEAM).content.decode()
    page = client.post(OWNER, {"member": other.pk, "confirm": organization.slug}).content.decode()
    assert "A personal organization always belongs to its host." in page
    other.refresh_from_db()
    assert other.role == Role.ADMIN


def test_a_role_that_there_is_none_of_is_no_server_error(
    organizer: User, member: Membership, signed_in: SignIn
) -> None:
    page = signed_in(organizer).post(ROLE, {"member": member.pk, "role": "KING"}, follow=True)
    assert "Choose one of the roles." in page.content.decode()
    member.refresh_from_db()
    assert member.role == Role.MANAGER


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
