"""Organizations: a team's, and the personal one of a single host."""

from itertools import count

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.errors import SlugTaken
from accounts.models import Membership, Organization, Role, User
from accounts.services import audit
from maly.errors import Invalid

LONGEST_NAME = 120
SLUG_ROOM = 50  # of the field's 60: what is left takes a suffix


def create_organization(user: User, *, name: str, slug: str = "") -> Organization:
    """Create a team organization that `user` owns; without a `slug` the name makes one, suffixed if taken.

    Raises Invalid for a name of nothing but spaces and for a malformed slug, SlugTaken for a slug asked for and taken.
    """
    name = name.strip()
    if not name:
        raise Invalid(_("Enter a name for the organization."), attr="name")
    if slug and slug != slugify(slug):
        raise Invalid(_("Use lower-case letters, digits and hyphens only."), attr="slug")
    return _create(user, Organization(name=name, kind=Organization.Kind.TEAM), slug)


def personal_organization(user: User, *, name: str = "") -> Organization:
    """The organization of `user` alone, made on first use: under `name`, else their own or their email's local part."""
    organization = Organization.objects.filter(host=user).first()
    if organization is not None:
        return organization
    name = (name.strip() or user.name or user.get_short_name())[:LONGEST_NAME]
    fresh = Organization(name=name, kind=Organization.Kind.PERSONAL, host=user)
    try:
        return _create(user, fresh, "")
    except IntegrityError:
        # Two requests met: the other one's is the one that stands.
        return Organization.objects.get(host=user)


def _create(user: User, organization: Organization, slug: str) -> Organization:
    with transaction.atomic():
        if slug:
            if not _insert(organization, slug):
                raise SlugTaken(attr="slug")
        else:
            _insert_under_free_slug(organization)
        Membership.objects.create(user=user, organization=organization, role=Role.OWNER)
        audit.record(
            "organization.created",
            organization=organization,
            subject=f"organization:{organization.slug}",
            actor=user,
            after={"name": organization.name, "kind": organization.kind},
        )
    return organization


def _insert_under_free_slug(organization: Organization) -> None:
    stem = slugify(organization.name)[:SLUG_ROOM].strip("-") or "organizer"
    for number in count(1):
        if _insert(organization, stem if number == 1 else f"{stem}-{number}"):
            return


def _insert(organization: Organization, slug: str) -> bool:
    """Whether the slug was free. Looking first keeps the log clean; the constraint decides between two at once."""
    if Organization.objects.filter(slug=slug).exists():
        return False
    organization.slug = slug
    try:
        with transaction.atomic():
            organization.save(force_insert=True)
    except IntegrityError:
        if Organization.objects.filter(slug=slug).exists():
            organization.pk = None
            return False
        raise
    return True
