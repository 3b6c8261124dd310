"""Members and their roles. Whoever changes them holds the organization's lock, so that it always keeps an owner."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import access
from accounts.errors import LastOwner, OwnershipFixed
from accounts.models import Membership, Organization, Role, User
from accounts.services import audit
from maly.errors import Invalid, NotFound


def change_role(organization: Organization, *, member_id: int, role: str, actor: User) -> Membership:
    """Give a member another role. Only an owner makes owners or changes one.

    Raises NotFound for somebody who isn't a member, Forbidden for an actor without the right, Invalid for an unknown
    role, LastOwner when nobody would be left who owns it.
    """
    if role not in Role.values:
        raise Invalid(_("Choose one of the roles."), attr="role")
    with transaction.atomic():
        lock_organization(organization)
        member = _find_member(organization, member_id)
        if member.role == role:
            return member
        check_may_grant(organization, actor=actor, roles=[member.role, role])
        if role != Role.OWNER:
            _check_owner_stays(organization, member)
        _set_role(member, role, actor)
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


def hand_over(organization: Organization, *, member_id: int, confirm: str, actor: User) -> Membership:
    """Make another member an owner and the actor an admin, both or neither; `confirm` is the web address, typed.

    Doing it twice is no error. Raises Forbidden for an actor who doesn't own it, OwnershipFixed for a personal
    organization, NotFound for somebody who isn't a member, Invalid for oneself and for another address.
    """
    if confirm.strip().lower() != organization.slug:
        raise Invalid(_("Type %(slug)s to go on.") % {"slug": organization.slug}, attr="confirm")
    if organization.host_id is not None:
        raise OwnershipFixed
    with transaction.atomic():
        lock_organization(organization)
        member = _find_member(organization, member_id)
        if member.user_id == actor.pk:
            raise Invalid(_("Choose somebody else."), attr="member")
        own = access.require_role(actor, organization, Role.ADMIN)
        if own.role == Role.ADMIN and member.role == Role.OWNER:
            return member  # done before
        access.require_role(actor, organization, Role.OWNER)
        _set_role(member, Role.OWNER, actor)
        _set_role(own, Role.ADMIN, actor)
    return member


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


def _set_role(member: Membership, role: str, actor: User) -> None:
    if member.role == role:
        return
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    _record("member.role_changed", member, actor, before={"role": before}, after={"role": role})


def _check_owner_stays(organization: Organization, member: Membership) -> None:
    if member.user_id == organization.host_id:
        raise LastOwner(_("A personal organization always belongs to its host."))
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
