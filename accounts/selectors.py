"""What the pages of accounts show, read in one go."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import RANKS, allows
from accounts.models import ApiToken, Invitation, Membership, Organization, Role, User

# What each role may do, by the least role that may.
PERMISSIONS = (
    (_("Check people in at the door"), Role.SCANNER),
    (_("Create and edit events and tickets, see orders and attendees"), Role.MANAGER),
    (_("Cancel events"), Role.ADMIN),
    (_("Connect Stripe, choose who pays the fees"), Role.ADMIN),
    (_("Invite, change and remove members"), Role.ADMIN),
    (_("Disconnect Stripe"), Role.OWNER),
    (_("Make somebody an owner"), Role.OWNER),
)


@dataclass(frozen=True)
class MemberRow:
    """One member as the team page shows them to one viewer."""

    membership: Membership
    is_you: bool
    can_change: bool
    can_leave: bool


@dataclass(frozen=True)
class Team:
    """An organization's people, seen by one of them."""

    rows: list[MemberRow]
    invitations: list[Invitation]
    permissions: list[tuple[str, list[bool]]]
    can_invite: bool


def team(organization: Organization, *, viewer: Membership) -> Team:
    """Members, owners first, and the invitations that nobody has answered; two queries."""
    members = list(Membership.objects.select_related("user").filter(organization=organization))
    members.sort(key=lambda one: (-RANKS[Role(one.role)], one.user.name.lower(), one.user.email))
    owners = sum(one.role == Role.OWNER for one in members)
    can_invite = allows(viewer.role, Role.ADMIN)
    still_open = Invitation.objects.filter(
        organization=organization,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=timezone.now(),
    )
    return Team(
        rows=[_row(one, viewer, owners, organization.host_id) for one in members],
        invitations=list(still_open.order_by("created_at", "id")) if can_invite else [],
        permissions=[
            (str(words), [allows(role, least) for role in Role.values]) for words, least in PERMISSIONS
        ],
        can_invite=can_invite,
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


def memberships_of(user: User) -> list[Membership]:
    """Every organization that the person may work in, by name: what the switcher offers. One query."""
    return list(
        Membership.objects.select_related("organization")
        .filter(user=user)
        .order_by("organization__name", "id")
    )


def tokens_of(user: User) -> list[ApiToken]:
    """The person's living API tokens, newest first."""
    return list(ApiToken.objects.filter(user=user, revoked_at__isnull=True).order_by("-id"))
