"""Who may do what: every role, a stranger, a visitor."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import access
from accounts.errors import MfaRequired
from accounts.models import Organization, Role, User
from accounts.tests.conftest import WhoIs
from accounts.tests.factories import MembershipFactory
from accounts.tests.second_factor import add_second_factor
from maly.errors import Forbidden, NotFound

ORDER = [Role.SCANNER, Role.MANAGER, Role.ADMIN, Role.OWNER]


@pytest.mark.parametrize("needed", ORDER)
@pytest.mark.parametrize("held", ORDER)
def test_a_role_may_do_what_the_roles_below_it_may(
    organization: Organization, who: WhoIs, held: Role, needed: Role
) -> None:
    user = who(held)
    assert user
    if ORDER.index(held) >= ORDER.index(needed):
        assert access.find_organization(user, "harbour-arts", role=needed) == organization
        assert access.require_role(user, organization, needed).role == held
    else:
        with pytest.raises(Forbidden):
            access.find_organization(user, "harbour-arts", role=needed)
        with pytest.raises(Forbidden):
            access.require_role(user, organization, needed)
    assert access.has_role(user, organization.pk, needed) is (ORDER.index(held) >= ORDER.index(needed))


@pytest.mark.parametrize("what", ["stranger", "visitor"])
def test_nobody_outside_can_tell_an_organization_from_none(
    organization: Organization, who: WhoIs, what: str
) -> None:
    user = who(what) or AnonymousUser()
    for slug in ("harbour-arts", "no-such-place"):
        with pytest.raises(NotFound):
            access.find_organization(user, slug)
    with pytest.raises(NotFound):
        access.require_role(user, organization, Role.SCANNER)
    assert not access.has_role(user, organization.pk, Role.SCANNER)


def test_looking_costs_one_query_and_none_for_a_visitor(
    organizer: User, organization: Organization, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        access.find_organization(organizer, "harbour-arts", role=Role.ADMIN)
    with django_assert_num_queries(1):
        access.has_role(organizer, organization.pk, Role.ADMIN)
    with django_assert_num_queries(0):
        access.has_role(AnonymousUser(), organization.pk, Role.SCANNER)


def test_only_platform_admins_run_the_marketplace(staff: User, organizer: User) -> None:
    access.require_platform_admin(staff)
    superuser = User.objects.create_user("root@example.com", is_superuser=True, is_staff=True)
    for outsider in (organizer, superuser, AnonymousUser()):
        with pytest.raises(NotFound):
            access.require_platform_admin(outsider)


def test_an_owner_needs_a_second_factor_for_what_admins_may_do(
    organizer: User, manager: User, organization: Organization, settings: Settings
) -> None:
    settings.MFA_REQUIRED = True
    access.require_role(organizer, organization, Role.MANAGER)
    access.require_role(manager, organization, Role.MANAGER)
    with pytest.raises(MfaRequired):
        access.require_role(organizer, organization, Role.ADMIN)
    add_second_factor(organizer)
    access.require_role(organizer, organization, Role.ADMIN)


def test_platform_admins_need_a_second_factor(staff: User, settings: Settings) -> None:
    settings.MFA_REQUIRED = True
    with pytest.raises(MfaRequired):
        access.require_platform_admin(staff)
    add_second_factor(staff)
    access.require_platform_admin(staff)


def test_somebody_works_in_their_highest_organization_until_they_choose(
    organizer: User, organization: Organization, rf: RequestFactory
) -> None:
    other = MembershipFactory(user=organizer, role=Role.SCANNER, organization__slug="night-market")
    request = rf.get("/")
    request.user, request.session = organizer, {}  # type: ignore[assignment]
    assert access.find_current_membership(request).organization == organization
    access.choose_organization(request, "night-market")
    assert access.find_current_membership(request) == other
    with pytest.raises(Forbidden):
        access.find_current_membership(request, role=Role.MANAGER)


def test_nobody_can_choose_an_organization_that_they_are_not_in(
    stranger: User, organization: Organization, rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.user, request.session = stranger, {}  # type: ignore[assignment]
    with pytest.raises(NotFound):
        access.choose_organization(request, organization.slug)
    assert request.session == {}
