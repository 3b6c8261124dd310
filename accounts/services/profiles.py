"""What an organization says of itself: its name, its words, its logo, and the address of its public page."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import ProfileChanged, SlugTaken
from accounts.models import Organization, User
from accounts.services import audit
from maly.errors import Invalid
from maly.images import redraw
from maly.versions import version_of

FIELDS = ("name", "tagline", "description", "based_in", "website", "contact_email")
LOGO_SIZE = (320, 320)
LONGEST_DESCRIPTION = 20_000
LONGEST_ADDRESS = 60
ADDRESS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Enough of a long text to know it again: the audit log keeps what changed, not every draft.
AUDITED_LENGTH = 200


def edit_profile(
    organization: Organization,
    *,
    actor: User,
    version: str,
    slug: str,
    logo: File | None = None,
    no_logo: bool = False,
    **fields: str,
) -> Organization:
    """Save what the page says (FIELDS), provided that the profile still is what the page showed (`version`).

    Whether buyers have the address already (`slug`) is the caller's to know: events aren't known here. Raises
    ProfileChanged, SlugTaken, and Invalid naming the field. The same again changes nothing.
    """
    picture = redraw(logo, size=LOGO_SIZE, attr="logo", is_whole=True) if logo else None
    with transaction.atomic():
        # A new slug is a new key: only then must those wait who are about to point to the row.
        locked = Organization.objects.select_for_update(no_key=slug == organization.slug)
        organization = locked.get(pk=organization.pk)
        before = _said(organization)
        given = {name: fields[name].strip() for name in FIELDS}
        if version_of_profile(organization) != version:
            if not (logo or no_logo) and {**before, **given, "slug": slug} == before:
                return organization  # sent twice
            raise ProfileChanged
        for name, value in given.items():
            setattr(organization, name, value)
        if picture or no_logo:
            organization.logo = picture or ""  # type: ignore[assignment]
        _check(organization)
        _save(organization, slug)
        _record(organization, actor, before)
    return organization


def version_of_profile(organization: Organization) -> str:
    """Follows every field of the profile's page."""
    return version_of(organization, (*FIELDS, "slug", "logo"))


def _check(organization: Organization) -> None:
    others = {field.name for field in Organization._meta.fields} - set(FIELDS)
    try:
        organization.clean_fields(exclude=others)
    except ValidationError as error:
        attr, words = next(iter(error.message_dict.items()))
        raise Invalid(words[0], attr=attr) from None
    if organization.website and not organization.website.startswith(("https://", "http://")):
        raise Invalid(_("Enter a web address that begins with https://"), attr="website")
    if len(organization.description) > LONGEST_DESCRIPTION:
        raise Invalid(_("This text is too long. Shorten it."), attr="description")


def _save(organization: Organization, slug: str) -> None:
    if slug == organization.slug:
        organization.save(update_fields=[*FIELDS, "logo"])
        return
    if not ADDRESS.fullmatch(slug) or len(slug) > LONGEST_ADDRESS:
        raise Invalid(
            _("Use lower-case letters, digits and single hyphens, such as harbour-arts."), attr="slug"
        )
    organization.slug = slug
    try:
        with transaction.atomic():
            organization.save(update_fields=[*FIELDS, "logo", "slug"])
    except IntegrityError:
        raise SlugTaken(attr="slug") from None


def _record(organization: Organization, actor: User, before: dict[str, Any]) -> None:
    after = _said(organization)
    changed = [name for name, said in after.items() if said != before[name]]
    if not changed:
        return
    audit.record(
        "organization.profile_changed",
        organization=organization,
        subject=f"organization:{organization.slug}",
        actor=actor,
        before={name: before[name][:AUDITED_LENGTH] for name in changed},
        after={name: after[name][:AUDITED_LENGTH] for name in changed},
    )


def _said(organization: Organization) -> dict[str, str]:
    return {name: str(getattr(organization, name)) for name in (*FIELDS, "slug", "logo")}
