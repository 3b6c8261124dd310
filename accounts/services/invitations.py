"""Invitations to an organization: a link by email, good for seven days and for the invited address only."""

import hashlib
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.emails import send_invitation
from accounts.errors import (
    AlreadyMember,
    InvitationExpired,
    InvitationForAnother,
    InvitationNotFound,
    InvitationUsed,
    TeamFull,
)
from accounts.models import Invitation, Membership, Organization, Role, User, make_secret
from accounts.premium import PREMIUM_TEAM_MEMBERS, most_members
from accounts.services import audit
from accounts.services.members import check_may_grant, lock_organization
from accounts.services.users import has_verified_email
from maly.errors import Invalid

VALID_FOR = timedelta(days=7)


def invite_member(organization: Organization, *, email: str, role: str, actor: User) -> Invitation:
    """Invite an address; inviting it again replaces the open invitation, whose link then stops working.

    Raises Forbidden for an actor who may not give the role, AlreadyMember, TeamFull, and MailNotSent when the
    invitation is saved but the mail server refused it.
    """
    email = email.strip().lower()
    if role not in Role.values:
        raise Invalid(_("Choose one of the roles."), attr="role")
    token = make_secret()
    with transaction.atomic():
        lock_organization(organization)
        check_may_grant(organization, actor=actor, roles=[role])
        if Membership.objects.filter(organization=organization, user__email=email).exists():
            raise AlreadyMember(attr="email")
        _revoke_open(organization, email)
        _check_room(organization, waiting=_waiting(organization).count())
        invitation = Invitation.objects.create(
            organization=organization,
            email=email,
            role=role,
            token_hash=hash_token(token),
            invited_by=actor,
            expires_at=timezone.now() + VALID_FOR,
        )
        _record("invitation.sent", invitation, actor, after={"role": role})
    # Once committed: a mail can't be taken back, and the mail server may be slow.
    send_invitation(invitation, token=token)
    return invitation


def resend_invitation(organization: Organization, *, invitation_id: int, actor: User) -> Invitation:
    """Send an invitation that nobody has answered anew, with a new link and a new week; the old link stops working.

    Raises NotFound for one that is gone, used or withdrawn, and as invite_member does.
    """
    found = open_invitations(organization).filter(pk=invitation_id).first()
    if found is None:
        raise InvitationNotFound(_("This invitation was answered or withdrawn meanwhile."))
    return invite_member(organization, email=found.email, role=found.role, actor=actor)


def open_invitations(organization: Organization) -> QuerySet[Invitation]:
    """Those that nobody has answered, expired ones too."""
    return Invitation.objects.filter(
        organization=organization, accepted_at__isnull=True, revoked_at__isnull=True
    )


def revoke_invitation(organization: Organization, *, invitation_id: int, actor: User) -> None:
    """Withdraw an invitation; its link stops working. One that is gone, used or withdrawn already stays as it is."""
    with transaction.atomic():
        invitation = open_invitations(organization).select_for_update().filter(pk=invitation_id).first()
        if invitation is None:
            return
        check_may_grant(organization, actor=actor, roles=[invitation.role])
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        _record("invitation.revoked", invitation, actor, before={"role": invitation.role})


def find_invitation(token: str) -> Invitation:
    """The invitation that a link stands for; raises InvitationNotFound, InvitationExpired for one past its week."""
    found = (
        Invitation.objects.select_related("organization", "invited_by")
        .filter(token_hash=hash_token(token))
        .first()
    )
    if found is None or found.revoked_at is not None:
        raise InvitationNotFound
    if found.accepted_at is None and found.expires_at <= timezone.now():
        raise InvitationExpired
    return found


def accept_invitation(token: str, *, user: User) -> Membership:
    """Join the organization; accepting again returns the membership. A member keeps the role that they have.

    Raises as find_invitation does, InvitationForAnother unless the invited address is the user's own and confirmed,
    InvitationUsed when the membership that it gave has ended, TeamFull.
    """
    found = find_invitation(token)
    if found.email != user.email or not has_verified_email(user):
        raise InvitationForAnother
    with transaction.atomic():
        lock_organization(found.organization)
        invitation = Invitation.objects.select_for_update().get(pk=found.pk)
        if invitation.revoked_at is not None:
            raise InvitationNotFound
        member = Membership.objects.filter(organization=found.organization, user=user).first()
        if invitation.accepted_at is None:
            member = _join(invitation, found.organization, user, member)
        if member is None:
            raise InvitationUsed
    return member


def hash_token(token: str) -> str:
    """The hash under which a link's token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _join(
    invitation: Invitation, organization: Organization, user: User, member: Membership | None
) -> Membership:
    if member is None:
        _check_room(organization, waiting=0)
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    if member is None:
        member = Membership.objects.create(user=user, organization=organization, role=invitation.role)
        _record("member.joined", invitation, user, after={"role": member.role})
    return member


def _waiting(organization: Organization) -> QuerySet[Invitation]:
    """Those that somebody can still accept."""
    return open_invitations(organization).filter(expires_at__gt=timezone.now())


def _check_room(organization: Organization, *, waiting: int) -> None:
    """Raise TeamFull where another person is too many, the organization locked; Premium has room for more."""
    most = most_members(organization)
    if organization.memberships.count() + waiting < most:
        return
    words = _("This team has room for %(most)s people, open invitations included.") % {"most": most}
    if most < PREMIUM_TEAM_MEMBERS:
        more = _("With Premium an owner may have %(more)s.") % {"more": PREMIUM_TEAM_MEMBERS}
        words = f"{words} {more}"
    raise TeamFull(words, attr="email")


def _revoke_open(organization: Organization, email: str) -> None:
    open_invitations(organization).filter(email=email).update(revoked_at=timezone.now())


def _record(
    action: str,
    invitation: Invitation,
    actor: User,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        action,
        organization=invitation.organization,
        subject=f"invitation:{invitation.pk}",
        actor=actor,
        before=before,
        after=after,
    )
