"""What the pages of accounts show, read in one go."""

from dataclasses import dataclass

from django.utils import timezone

from accounts.access import RANKS, allows
from accounts.models import ApiToken, Invitation, Membership, Organization, Role, User
from accounts.permissions import permission_table
from accounts.services.invitations import open_invitations


@dataclass(frozen=True)
class MemberRow:
    """One member as the team page shows them to one viewer."""

    membership: Membership
    is_you: bool
    can_change: bool
    can_leave: bool


@dataclass(frozen=True)
class InvitationRow:
    """An invitation that nobody has answered; an owner's is for owners to send and withdraw."""

    invitation: Invitation
    is_expired: bool
    can_change: bool


@dataclass(frozen=True)
class Team:
    """An organization's people, seen by one of them."""

    rows: list[MemberRow]
    invitations: list[InvitationRow]
    permissions: list[tuple[str, list[bool]]]
    can_invite: bool
    can_hand_over: bool
    shows_addresses: bool


def team(organization: Organization, *, viewer: Membership) -> Team:
    """Members, owners first, and the invitations that nobody has answered; two queries.

    Those who only scan tickets see no addresses, and nobody below ADMIN sees who is invited.
    """
    members = list(Membership.objects.select_related("user").filter(organization=organization))
    members.sort(key=lambda one: (-RANKS[Role(one.role)], one.user.name.lower(), one.user.email))
    owners = sum(one.role == Role.OWNER for one in members)
    can_invite = allows(viewer.role, Role.ADMIN)
    invitations = open_invitations(organization).order_by("created_at", "id") if can_invite else []
    return Team(
        rows=[_row(one, viewer, owners, organization.host_id) for one in members],
        invitations=[_invitation_row(one, viewer) for one in invitations],
        permissions=permission_table(),
        can_invite=can_invite,
        can_hand_over=viewer.role == Role.OWNER and organization.host_id is None and len(members) > 1,
        shows_addresses=allows(viewer.role, Role.MANAGER),
    )


def _invitation_row(invitation: Invitation, viewer: Membership) -> InvitationRow:
    return InvitationRow(
        invitation=invitation,
        is_expired=invitation.expires_at <= timezone.now(),
        can_change=allows(viewer.role, Role.OWNER if invitation.role == Role.OWNER else Role.ADMIN),
    )


def _row(member: Membership, viewer: Membership, owners: int, host_id: int | None) -> MemberRow:
    is_last = member.role == Role.OWNER and (owners == 1 or member.user_id == host_id)
    needed = Role.OWNER if member.role == Role.OWNER else Role.ADMIN
    is_you = member.user_id == viewer.user_id
    return MemberRow(
        membership=member,
        is_you=is_you,
        can_change=not is_last and allows(viewer.role, needed),
        can_leave=is_you and not is_last,
    )


def others_in(organization: Organization, *, user: User) -> list[Membership]:
    """Everybody else in the organization, by name: who could own it."""
    others = Membership.objects.select_related("user").filter(organization=organization).exclude(user=user)
    return list(others.order_by("user__name", "user__email"))


def role_of(organization: Organization, member_id: int) -> str:
    """A member's role; empty for somebody who isn't one."""
    found = Membership.objects.filter(organization=organization, pk=member_id)
    return found.values_list("role", flat=True).first() or ""


def tokens_of(user: User) -> list[ApiToken]:
    """The person's living API tokens, newest first."""
    return list(ApiToken.objects.filter(user=user, revoked_at__isnull=True).order_by("-id"))
