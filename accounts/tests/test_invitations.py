"""Invitations: sent, seen, accepted, withdrawn, expired."""

import re
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.utils import timezone

from accounts.errors import (
    AlreadyMember,
    InvitationExpired,
    InvitationForAnother,
    InvitationNotFound,
    InvitationUsed,
    MailNotSent,
)
from accounts.models import AuditEntry, Invitation, Membership, Organization, Role, User
from accounts.services.invitations import accept_invitation, find_invitation, invite_member, revoke_invitation
from accounts.tests.conftest import WhoIs
from accounts.tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from maly.errors import Forbidden, Invalid, NotFound


@pytest.fixture
def invite(organization: Organization, organizer: User, outbox: list[EmailMessage]) -> Callable[..., str]:
    """Invite an address; returns the token of the link in the mail."""

    def send(email: str = "ada@example.com", role: str = "MANAGER") -> str:
        invite_member(organization, email=email, role=role, actor=organizer)
        return token_in(outbox[-1])

    return send


def token_in(mail: EmailMessage) -> str:
    found = re.search(r"http://testserver/invitations/(\w+)/", str(mail.body))
    assert found
    return found[1]


def test_the_invited_person_joins_with_the_role_they_were_given(
    invite: Callable[..., str], organization: Organization, person: User
) -> None:
    membership = accept_invitation(invite(role="SCANNER"), user=person)
    assert (membership.organization, membership.role) == (organization, Role.SCANNER)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "invitation.sent",
        "member.joined",
    ]


def test_the_mail_says_who_where_and_what_in_text_and_html(
    invite: Callable[..., str], outbox: list[EmailMessage], organizer: User
) -> None:
    token = invite("Ada@Example.com")
    mail = outbox[0]
    html = str(mail.alternatives[0].content)  # type: ignore[attr-defined]
    assert mail.to == ["ada@example.com"]
    assert mail.subject == "Join Harbour Arts"
    assert mail.extra_headers["X-Maly-Kind"] == "invitation"
    for part in (str(mail.body), html):
        assert token in part
        assert "Manager" in part
        assert organizer.name in part


def test_a_hostile_name_stays_text_in_every_part(
    invite: Callable[..., str], organization: Organization, outbox: list[EmailMessage]
) -> None:
    organization.name = "Tom & <b>Bo</b>\nBcc: eve@example.com"
    organization.save()
    invite()
    mail = outbox[-1]
    html = str(mail.alternatives[0].content)  # type: ignore[attr-defined]
    assert mail.subject == "Join Tom & <b>Bo</b> Bcc: eve@example.com"
    assert "Tom & <b>Bo</b>" in mail.body
    assert "Tom &amp; &lt;b&gt;Bo" in html
    assert "<b>Bo" not in html


def test_the_token_is_kept_only_as_a_hash(invite: Callable[..., str]) -> None:
    token = invite()
    row = Invitation.objects.values().get()
    assert token not in str(row)


def test_accepting_twice_gives_the_same_membership(invite: Callable[..., str], person: User) -> None:
    token = invite()
    assert accept_invitation(token, user=person) == accept_invitation(token, user=person)
    assert Membership.objects.filter(user=person).count() == 1


def test_an_invitation_is_no_way_back_in(
    invite: Callable[..., str], person: User, organization: Organization
) -> None:
    token = invite()
    accept_invitation(token, user=person).delete()
    with pytest.raises(InvitationUsed):
        accept_invitation(token, user=person)


def test_only_the_invited_address_may_accept_and_only_once_it_is_confirmed(
    invite: Callable[..., str], stranger: User
) -> None:
    token = invite()
    pretender = UserFactory(email="ada@example.com", verified=False)
    for user in (stranger, pretender):
        with pytest.raises(InvitationForAnother):
            accept_invitation(token, user=user)
    assert not Membership.objects.filter(user=pretender).exists()


def test_a_link_works_for_seven_days(invite: Callable[..., str], person: User) -> None:
    token = invite()
    sent = timezone.now()
    with time_machine.travel(sent + timedelta(days=7, seconds=-60), tick=False):
        find_invitation(token)
    with (
        time_machine.travel(sent + timedelta(days=7, seconds=60), tick=False),
        pytest.raises(InvitationExpired),
    ):
        accept_invitation(token, user=person)


@pytest.mark.parametrize("token", ["", "no-such-token", "x" * 500, "\x00"])
def test_a_wrong_link_is_not_found(db: None, token: str) -> None:
    with pytest.raises(InvitationNotFound):
        find_invitation(token)


def test_withdrawing_ends_the_link_and_may_be_done_twice(
    invite: Callable[..., str], organization: Organization, organizer: User, person: User
) -> None:
    token = invite()
    for _ in range(2):
        revoke_invitation(organization, invitation_id=Invitation.objects.get().pk, actor=organizer)
    with pytest.raises(InvitationNotFound):
        accept_invitation(token, user=person)
    assert AuditEntry.objects.filter(action="invitation.revoked").count() == 1


def test_an_invitation_of_another_organization_cannot_be_withdrawn(
    invite: Callable[..., str], stranger: User
) -> None:
    invite()
    own = stranger.memberships.get().organization
    revoke_invitation(own, invitation_id=Invitation.objects.get().pk, actor=stranger)
    assert Invitation.objects.get().revoked_at is None


def test_inviting_again_replaces_the_link_and_the_role(invite: Callable[..., str], person: User) -> None:
    first, second = invite(role="SCANNER"), invite(role="ADMIN")
    with pytest.raises(InvitationNotFound):
        find_invitation(first)
    assert accept_invitation(second, user=person).role == Role.ADMIN


def test_a_member_is_not_invited(invite: Callable[..., str], manager: User) -> None:
    with pytest.raises(AlreadyMember):
        invite(manager.email.upper())
    assert not Invitation.objects.exists()


def test_somebody_who_joined_meanwhile_keeps_their_role(
    invite: Callable[..., str], organization: Organization, person: User
) -> None:
    token = invite(role="SCANNER")
    MembershipFactory(organization=organization, user=person, role=Role.ADMIN)
    assert accept_invitation(token, user=person).role == Role.ADMIN


@pytest.mark.parametrize(
    ("actor", "role", "refusal"),
    [
        ("ADMIN", "ADMIN", None),
        ("ADMIN", "OWNER", Forbidden),
        ("MANAGER", "SCANNER", Forbidden),
        ("SCANNER", "SCANNER", Forbidden),
        ("stranger", "SCANNER", NotFound),
        ("OWNER", "KING", Invalid),
    ],
)
def test_who_may_invite_as_what(
    organization: Organization,
    who: WhoIs,
    outbox: list[EmailMessage],
    actor: str,
    role: str,
    refusal: type[Exception] | None,
) -> None:
    user = who(actor)
    assert user
    if refusal is None:
        assert invite_member(organization, email="new@example.com", role=role, actor=user).role == role
        return
    with pytest.raises(refusal):
        invite_member(organization, email="new@example.com", role=role, actor=user)
    assert not Invitation.objects.exists()
    assert not outbox


def test_a_mail_server_that_refuses_is_reported_and_the_invitation_stands(
    organization: Organization, organizer: User, settings: object
) -> None:
    settings.EMAIL_BACKEND = "accounts.tests.test_invitations.RefusingBackend"  # type: ignore[attr-defined]
    with pytest.raises(MailNotSent):
        invite_member(organization, email="ada@example.com", role="SCANNER", actor=organizer)
    assert Invitation.objects.count() == 1


class RefusingBackend:
    """A mail server that takes nothing."""

    def __init__(self, **_options: object) -> None:
        pass

    def send_messages(self, _messages: object) -> int:
        raise SMTPException


@pytest.mark.django_db(transaction=True)
def test_one_link_opened_twice_at_once_joins_once(
    at_once: Callable[..., list[object]], outbox: list[EmailMessage]
) -> None:
    organization = OrganizationFactory()
    owner = MembershipFactory(organization=organization, role=Role.OWNER).user
    person = UserFactory(email="ada@example.com")
    invite_member(organization, email=person.email, role="MANAGER", actor=owner)
    token = token_in(outbox[-1])
    first, second = at_once(*[lambda: accept_invitation(token, user=person)] * 2)
    assert isinstance(first, Membership)
    assert first == second
