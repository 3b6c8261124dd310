"""Roles and memberships: who may change whom, and that an organization always keeps an owner."""

import threading
from collections.abc import Callable

import pytest

from accounts.errors import LastOwner
from accounts.models import AuditEntry, Membership, Organization, Role, User
from accounts.services.members import change_role, hand_over, remove_member
from accounts.services.organizations import personal_organization
from accounts.tests.conftest import WhoIs
from accounts.tests.factories import MembershipFactory, OrganizationFactory
from maly.errors import Forbidden, Invalid, NotFound


@pytest.fixture
def member(organization: Organization, organizer: User) -> Membership:
    return MembershipFactory(organization=organization, role=Role.MANAGER)


def test_an_owner_changes_a_role_and_the_log_says_so(
    organization: Organization, organizer: User, member: Membership
) -> None:
    change_role(organization, member_id=member.pk, role="OWNER", actor=organizer)
    member.refresh_from_db()
    assert member.role == Role.OWNER
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.organization) == ("member.role_changed", organizer, organization)
    assert (entry.before, entry.after) == ({"role": "MANAGER"}, {"role": "OWNER"})


def test_changing_to_the_same_role_twice_changes_nothing(
    organization: Organization, organizer: User, member: Membership
) -> None:
    for _ in range(2):
        change_role(organization, member_id=member.pk, role="SCANNER", actor=organizer)
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("actor", "role", "refusal"),
    [
        ("ADMIN", "SCANNER", None),
        ("ADMIN", "ADMIN", None),
        ("ADMIN", "OWNER", Forbidden),
        ("MANAGER", "SCANNER", Forbidden),
        ("SCANNER", "ADMIN", Forbidden),
        ("stranger", "SCANNER", NotFound),
    ],
)
def test_who_may_give_which_role(
    organization: Organization,
    member: Membership,
    who: WhoIs,
    actor: str,
    role: str,
    refusal: type[Exception] | None,
) -> None:
    user = who(actor)
    assert user
    if refusal is None:
        assert change_role(organization, member_id=member.pk, role=role, actor=user).role == role
        return
    with pytest.raises(refusal):
        change_role(organization, member_id=member.pk, role=role, actor=user)
    member.refresh_from_db()
    assert member.role == Role.MANAGER


@pytest.mark.parametrize(
    ("actor", "refusal"), [("MANAGER", Forbidden), ("SCANNER", Forbidden), ("stranger", NotFound)]
)
def test_who_may_not_remove_others(
    organization: Organization, member: Membership, who: WhoIs, actor: str, refusal: type[Exception]
) -> None:
    user = who(actor)
    assert user
    with pytest.raises(refusal):
        remove_member(organization, member_id=member.pk, actor=user)
    assert Membership.objects.filter(pk=member.pk).exists()


def test_an_admin_touches_no_owner(organization: Organization, organizer: User, who: WhoIs) -> None:
    admin, owner = who("ADMIN"), Membership.objects.get(user=organizer)
    assert admin
    with pytest.raises(Forbidden):
        change_role(organization, member_id=owner.pk, role="MANAGER", actor=admin)
    with pytest.raises(Forbidden):
        remove_member(organization, member_id=owner.pk, actor=admin)


def test_an_unknown_role_is_refused(organization: Organization, organizer: User, member: Membership) -> None:
    with pytest.raises(Invalid):
        change_role(organization, member_id=member.pk, role="KING", actor=organizer)


def test_another_organizations_member_is_not_there(organization: Organization, organizer: User) -> None:
    foreign = MembershipFactory(role=Role.MANAGER)
    with pytest.raises(NotFound):
        change_role(organization, member_id=foreign.pk, role="SCANNER", actor=organizer)
    remove_member(organization, member_id=foreign.pk, actor=organizer)
    assert Membership.objects.filter(pk=foreign.pk).exists()


def test_the_last_owner_stays_an_owner(
    organization: Organization, organizer: User, member: Membership
) -> None:
    owner = Membership.objects.get(user=organizer)
    with pytest.raises(LastOwner):
        change_role(organization, member_id=owner.pk, role="ADMIN", actor=organizer)
    with pytest.raises(LastOwner):
        remove_member(organization, member_id=owner.pk, actor=organizer)
    change_role(organization, member_id=member.pk, role="OWNER", actor=organizer)
    remove_member(organization, member_id=owner.pk, actor=organizer)
    assert not Membership.objects.filter(pk=owner.pk).exists()


def test_a_host_never_leaves_the_personal_organization(person: User) -> None:
    organization = personal_organization(person)
    MembershipFactory(organization=organization, role=Role.OWNER)
    with pytest.raises(LastOwner):
        remove_member(organization, member_id=Membership.objects.get(user=person).pk, actor=person)


@pytest.mark.parametrize("role", ["ADMIN", "MANAGER", "SCANNER"])
def test_anybody_may_leave_and_leaving_twice_is_no_error(
    organization: Organization, organizer: User, who: WhoIs, role: str
) -> None:
    user = who(role)
    assert user
    membership = Membership.objects.get(user=user)
    for _ in range(2):
        remove_member(organization, member_id=membership.pk, actor=user)
    assert not Membership.objects.filter(user=user).exists()
    assert AuditEntry.objects.filter(action="member.removed").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["demote", "remove"])
def test_two_owners_who_drop_each_other_at_once_leave_one(
    at_once: Callable[..., list[object]], how: str
) -> None:
    organization = OrganizationFactory()
    one, two = [MembershipFactory(organization=organization, role=Role.OWNER) for _ in range(2)]

    def drop(target: Membership, actor: User) -> Callable[[], object]:
        if how == "demote":
            return lambda: change_role(organization, member_id=target.pk, role="MANAGER", actor=actor)
        return lambda: remove_member(organization, member_id=target.pk, actor=actor)

    answers = at_once(drop(two, one.user), drop(one, two.user))
    assert sum(isinstance(answer, Exception) for answer in answers) == 1
    assert Membership.objects.filter(organization=organization, role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_step_down_at_once_leave_one(at_once: Callable[..., list[object]]) -> None:
    organization = OrganizationFactory()
    owners = [MembershipFactory(organization=organization, role=Role.OWNER) for _ in range(2)]
    answers = at_once(
        *[lambda m=m: remove_member(organization, member_id=m.pk, actor=m.user) for m in owners]
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["LastOwner", "NoneType"]
    assert Membership.objects.filter(organization=organization, role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_leave(at_once: Callable[..., list[object]]) -> None:
    """The control: look first, delete after, and nobody is left."""
    organization = OrganizationFactory()
    owners = [MembershipFactory(organization=organization, role=Role.OWNER) for _ in range(2)]
    both_looked = threading.Barrier(2)

    def leave_unlocked(member: Membership) -> bool:
        may_leave = Membership.objects.filter(organization=organization).exclude(pk=member.pk).exists()
        both_looked.wait()
        if may_leave:
            member.delete()
        return may_leave

    assert at_once(*[lambda m=m: leave_unlocked(m) for m in owners]) == [True, True]
    assert not Membership.objects.filter(organization=organization).exists()


def test_handing_over_twice_is_once_and_only_an_owner_may(
    organization: Organization, organizer: User, who: WhoIs
) -> None:
    admin, heir = who("ADMIN"), MembershipFactory(organization=organization, role=Role.MANAGER)
    assert admin
    with pytest.raises(Forbidden):
        hand_over(organization, member_id=heir.pk, confirm="harbour-arts", actor=admin)
    own = Membership.objects.get(user=organizer)
    with pytest.raises(Invalid):
        hand_over(organization, member_id=own.pk, confirm="harbour-arts", actor=organizer)
    for _time in range(2):
        hand_over(organization, member_id=heir.pk, confirm="harbour-arts", actor=organizer)
    roles = {one.user_id: one.role for one in Membership.objects.filter(organization=organization)}
    assert roles == {organizer.pk: Role.ADMIN, heir.user_id: Role.OWNER, admin.pk: Role.ADMIN}
    assert AuditEntry.objects.filter(action="member.role_changed").count() == 2
