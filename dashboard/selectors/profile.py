"""The profile's page: the form's content, the public address, and whether buyers may have that already."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.access import allows
from accounts.models import Membership, Organization, Role
from accounts.services.profiles import FIELDS, version_of_profile
from ticketing.markdown import render_markdown
from ticketing.models import Event
from ticketing.selectors.events import initials, rendered


@dataclass(frozen=True)
class ProfilePage:
    """The profile as one member sees it; `preview` is a description as typed, None unless asked for."""

    organization: Organization
    may_edit: bool
    is_address_fixed: bool
    preview: str | None

    @cached_property
    def path(self) -> str:
        return reverse("ticketing:organizer", args=[self.organization.slug])

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}{self.path}"

    @property
    def initials(self) -> str:
        return initials(self.organization.name)

    @property
    def description_html(self) -> SafeString:
        return rendered(self.organization.description)

    @cached_property
    def preview_html(self) -> SafeString | None:
        return None if self.preview is None else render_markdown(self.preview)


def profile_page(membership: Membership, *, preview: str | None = None) -> ProfilePage:
    """What a member sees of the organization's profile; one query."""
    return ProfilePage(
        organization=membership.organization,
        may_edit=allows(membership.role, Role.ADMIN),
        is_address_fixed=has_published(membership.organization),
        preview=preview,
    )


def has_published(organization: Organization) -> bool:
    """Whether an event of it was ever on sale, so that buyers may have the organization's address."""
    return Event.objects.filter(organization=organization).exclude(status=Event.Status.DRAFT).exists()


def initial_of(organization: Organization) -> dict[str, Any]:
    """What stands in the form."""
    said = {name: getattr(organization, name) for name in FIELDS}
    return {**said, "slug": organization.slug, "version": version_of_profile(organization)}
