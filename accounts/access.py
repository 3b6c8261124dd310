"""Who may do what. Every page and call asks here; an object of somebody else's organization doesn't exist."""

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.errors import MfaRequired
from accounts.models import Membership, Organization, Role, User
from accounts.services.mfa import has_second_factor
from maly.errors import Forbidden, NotFound

Person = User | AnonymousUser

# Least first: a role may do all that the roles before it may.
RANKS = {Role.SCANNER: 0, Role.MANAGER: 1, Role.ADMIN: 2, Role.OWNER: 3}
CURRENT_ORGANIZATION = "organization"
WORKS_IN = "works_in"


def allows(held: str, needed: str) -> bool:
    """Whether somebody who holds one role may do what asks for another."""
    return RANKS[Role(held)] >= RANKS[Role(needed)]


def roles_from(role: str) -> list[str]:
    """The role and every one above it, for queries."""
    return [held for held in Role.values if allows(held, role)]


def find_organization(user: Person, slug: str, *, role: Role = Role.SCANNER) -> Organization:
    """The organization, for a member who holds `role` or more.

    Raises NotFound for everyone outside it and for a slug that isn't there, Forbidden for a member with a lesser role,
    MfaRequired for an owner who has yet to set up a second factor.
    """
    return find_membership(user, slug, role=role).organization


def find_membership(user: Person, slug: str, *, role: Role = Role.SCANNER) -> Membership:
    """As find_organization, with the caller's own membership; one query."""
    if not user.is_authenticated or "\x00" in slug:  # which PostgreSQL can't even look for
        raise NotFound
    membership = (
        Membership.objects.select_related("organization").filter(user=user, organization__slug=slug).first()
    )
    return _checked(user, membership, role)


def require_role(user: Person, organization: Organization, role: Role) -> Membership:
    """The caller's membership in an organization already at hand; raises as find_organization does."""
    if not user.is_authenticated:
        raise NotFound
    membership = Membership.objects.filter(user=user, organization=organization).first()
    if membership is not None:
        membership.organization = organization
    return _checked(user, membership, role)


def has_role(user: Person, organization_id: int, role: Role) -> bool:
    """Whether a page should offer something; what it offers asks again. One query, none for a visitor."""
    if not user.is_authenticated:
        return False
    return Membership.objects.filter(
        user=user, organization_id=organization_id, role__in=roles_from(role)
    ).exists()


def require_platform_admin(user: Person) -> None:
    """Raises NotFound unless the caller runs the marketplace, MfaRequired before they have a second factor."""
    if not (user.is_authenticated and user.is_active and user.is_platform_admin):
        raise NotFound
    require_second_factor(user)


def require_second_factor(user: Person) -> None:
    """Raises MfaRequired when the settings ask owners and staff for a second factor and this person has none."""
    if settings.MFA_REQUIRED and not has_second_factor(user):
        raise MfaRequired


def require_recent_sign_in(request: HttpRequest) -> None:
    """For what moves money or gives power over it: the password or second factor again, unless it was given lately.

    Raises allauth's ReauthenticationRequired, after which the same form is worked on by itself.
    """
    if not is_reauthentication_required(request, app="accounts"):
        return
    if request.method == "POST":  # the form is kept by its path alone; with a query it wouldn't be recognised
        request.META["QUERY_STRING"] = ""
    raise ReauthenticationRequired


def find_current_membership(request: HttpRequest, *, role: Role = Role.SCANNER) -> Membership:
    """The membership in the organization that the caller works in: the one chosen last, else the highest.

    Organizer pages carry no slug, so the choice is kept in the session. A form says which organization its page was of
    (WORKS_IN), whatever another tab has chosen since. Raises NotFound for somebody who is in no organization, Forbidden
    for one who isn't in that one, Forbidden and MfaRequired as find_organization does.
    """
    if meant := request.POST.get(WORKS_IN):
        found = [one.organization for one in memberships_of(request) if one.organization.slug == meant]
        if not found:
            raise Forbidden
        return enter_organization(request, found[0], role)
    chosen = request.session.get(CURRENT_ORGANIZATION)
    memberships = sorted(
        memberships_of(request), key=lambda one: (one.organization.slug != chosen, -RANKS[Role(one.role)])
    )
    return _checked(request.user, memberships[0] if memberships else None, role)


def enter_organization(request: HttpRequest, organization: Organization, role: Role) -> Membership:
    """As require_role, for a page about something of this organization: from then on the caller works there."""
    found = [one for one in memberships_of(request) if one.organization_id == organization.pk]
    membership = _checked(request.user, found[0] if found else None, role)
    membership.organization = organization
    if request.session.get(CURRENT_ORGANIZATION) != organization.slug:
        request.session[CURRENT_ORGANIZATION] = organization.slug
    return membership


def memberships_of(request: HttpRequest) -> list[Membership]:
    """Every membership of the caller, oldest first: one query, however often a request asks."""
    if not hasattr(request, "memberships"):
        found = Membership.objects.select_related("organization").filter(user_id=request.user.pk)
        request.memberships = list(found.order_by("created_at", "id"))  # type: ignore[attr-defined]
    memberships: list[Membership] = request.memberships  # type: ignore[attr-defined]
    return memberships


def choose_organization(request: HttpRequest, slug: str) -> Membership:
    """Work in this organization from now on; raises NotFound for one that the caller isn't in."""
    membership = find_membership(request.user, slug)
    request.session[CURRENT_ORGANIZATION] = membership.organization.slug
    return membership


def _checked(user: Person, membership: Membership | None, role: Role) -> Membership:
    if membership is None:
        raise NotFound
    if not allows(membership.role, role):
        raise Forbidden
    # Money and settings start at ADMIN; an owner reaches all of it, so an owner's account is worth stealing.
    if membership.role == Role.OWNER and allows(role, Role.ADMIN):
        require_second_factor(user)
    return membership
