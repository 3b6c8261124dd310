"""Members and their roles. Whoever changes them holds the organization's lock, so that it always keeps an owner."""

from django.db import transaction

from accounts import access
from accounts.errors import LastOwner
from accounts.models import Membership, Organization, Role, User
from accounts.services import audit
from maly.errors import Invalid, NotFound


def change_role(organization: Organization, *, member_id: int, role: str, actor: User) -> Membership:
    """Give a member another role. Only an owner makes owners or changes one.

    Raises NotFound for somebody who isn't a member, Forbidden for an actor without the right, Invalid for an unknown
    role, LastOwner when nobody would be left who owns it.
    """
    if role not in Role.values:
        raise Invalid("Choose one of the roles.", attr="role")
    with transaction.atomic():
        lock_organization(organization)
        member = _find_member(organization, member_id)
        if member.role == role:
            return member
        check_may_grant(organization, actor=actor, roles=[member.role, role])
        if role != Role.OWNER:
            _check_owner_stays(organization, member)
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        _record("member.role_changed", member, actor, before={"role": before}, after={"role": role})
    return member


def remove_member(organization: Organization, *, member_id: int, actor: User) -> None:
    """End a membership: somebody else's, or one's own, which any member may.

    Doing it twice is no error. Raises Forbidden for an actor without the right, LastOwner for the last owner.
    """
    with transaction.atomic():
        lock_organization(organization)
        try:
            member = _find_member(organization, member_id)
        except NotFound:
            return
        if member.user_id != actor.pk:
            check_may_grant(organization, actor=actor, roles=[member.role])
        _check_owner_stays(organization, member)
        _record("member.removed", member, actor, before={"role": member.role}, after={})
        member.delete()


def lock_organization(organization: Organization) -> None:
    """Hold the organization's row until the transaction ends. Membership has no other lock."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


def check_may_grant(organization: Organization, *, actor: User, roles: list[str]) -> None:
    """Raises Forbidden unless the actor may give and take these roles: admins all but OWNER, owners every one."""
    needed = Role.OWNER if Role.OWNER in roles else Role.ADMIN
    access.require_role(actor, organization, needed)


def _find_member(organization: Organization, member_id: int) -> Membership:
    member = Membership.objects.select_related("user").filter(organization=organization, pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def _check_owner_stays(organization: Organization, member: Membership) -> None:
    if member.user_id == organization.host_id:
        raise LastOwner("A personal organization always belongs to its host.")
    others = Membership.objects.filter(organization=organization, role=Role.OWNER).exclude(pk=member.pk)
    if member.role == Role.OWNER and not others.exists():
        raise LastOwner


def _record(
    action: str, member: Membership, actor: User, *, before: dict[str, str], after: dict[str, str]
) -> None:
    subject = f"user:{member.user_id}"
    audit.record(
        action, organization=member.organization, subject=subject, actor=actor, before=before, after=after
    )
