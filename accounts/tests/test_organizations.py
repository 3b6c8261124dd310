"""Making organizations: a team's and a single host's."""

from collections.abc import Callable

import pytest

from accounts.errors import SlugTaken
from accounts.models import AuditEntry, Membership, Organization, Role, User
from accounts.services.organizations import create_organization, personal_organization
from accounts.tests.factories import UserFactory
from maly.errors import Invalid


def test_whoever_makes_an_organization_owns_it(person: User) -> None:
    organization = create_organization(person, name="Harbour Arts")
    assert (organization.slug, organization.kind, organization.host) == ("harbour-arts", "team", None)
    assert Membership.objects.get(organization=organization).role == Role.OWNER
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.organization) == ("organization.created", person, organization)


def test_a_name_that_is_taken_gets_a_suffix(person: User) -> None:
    slugs = [create_organization(person, name="Harbour Arts").slug for _ in range(3)]
    assert slugs == ["harbour-arts", "harbour-arts-2", "harbour-arts-3"]


def test_an_address_asked_for_is_given_or_refused_never_changed(
    person: User, organization: Organization
) -> None:
    assert create_organization(person, name="Harbour Arts", slug="harbour").slug == "harbour"
    with pytest.raises(SlugTaken) as refused:
        create_organization(person, name="Harbour Arts", slug=organization.slug)
    assert refused.value.attr == "slug"
    assert Organization.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "slug", "attr"), [("  ", "", "name"), ("Arts", "No Spaces", "slug"), ("Arts", "UPPER", "slug")]
)
def test_what_cannot_be_a_name_or_address_makes_nothing(
    person: User, name: str, slug: str, attr: str
) -> None:
    with pytest.raises(Invalid) as refused:
        create_organization(person, name=name, slug=slug)
    assert refused.value.attr == attr
    assert not Organization.objects.exists()


@pytest.mark.parametrize(("name", "slug"), [("日本", "organizer"), ("x" * 120, "x" * 50), ("-- A --", "a")])
def test_every_name_makes_an_address(person: User, name: str, slug: str) -> None:
    assert create_organization(person, name=name).slug == slug


@pytest.mark.parametrize(("name", "slug"), [("Ada Obi", "ada-obi"), ("", "newhost")])
def test_a_host_gets_a_personal_organization_on_first_use_and_the_same_ever_after(
    db: None, name: str, slug: str
) -> None:
    host = UserFactory(email="newhost@example.com", name=name)
    organization = personal_organization(host)
    assert (organization.slug, organization.kind, organization.host) == (slug, "personal", host)
    assert Membership.objects.get(user=host).role == Role.OWNER
    assert personal_organization(host) == organization
    assert Organization.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_first_uses_at_once_make_one_personal_organization(at_once: Callable[..., list[object]]) -> None:
    host = UserFactory(email="host@example.com", name="")
    first, second = at_once(*[lambda: personal_organization(User.objects.get(pk=host.pk))] * 2)
    assert isinstance(first, Organization)
    assert first == second
    assert Membership.objects.filter(user=host).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_organizations_of_one_name_at_once_get_two_addresses(
    at_once: Callable[..., list[object]],
) -> None:
    people = [UserFactory(), UserFactory()]
    made = at_once(*[lambda user=user: create_organization(user, name="Arts").slug for user in people])
    assert sorted(map(str, made)) == ["arts", "arts-2"]
