"""What an organizer's page saves: all the fields of an event, its address and its cover at once, or nothing."""

import re
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Organization, User
from accounts.services import audit
from maly.errors import Invalid
from ticketing.errors import AddressFixed, EventChanged
from ticketing.models import Event
from ticketing.services.cover_images import MIDDLE, prepare_cover
from ticketing.services.events import RESERVED_SLUGS, create_event, update_event
from ticketing.services.versions import version_of_event

ADDRESS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_ADDRESS = 80


def make_event(
    organization: Organization,
    *,
    actor: User,
    draft_key: str = "",
    cover: File | None = None,
    focus: str = MIDDLE,
    **fields: Any,
) -> Event:
    """A draft of these fields with its cover; sent twice with the same `draft_key`, it is made once.

    Raises as create_event does, and Invalid for what is no image.
    """
    picture = prepare_cover(cover, focus=focus) if cover else None
    with transaction.atomic():
        event = create_event(organization, actor=actor, draft_key=draft_key, **fields)
        if picture and not event.cover:
            event.cover = picture  # type: ignore[assignment]
            event.save(update_fields=["cover"])
    return event


def edit_event(
    event: Event,
    *,
    actor: User,
    version: str,
    slug: str,
    cover: File | None = None,
    focus: str = MIDDLE,
    no_cover: bool = False,
    **fields: Any,
) -> Event:
    """Save what the page says, provided that the event still is what the page showed (`version`).

    Raises EventChanged, AddressFixed, and what update_event raises. Of two who save at once, the second is told.
    """
    picture = prepare_cover(cover, focus=focus) if cover else None
    slug = slug.strip().lower()
    with transaction.atomic():
        # A new slug is a new key. Taken as such from the start: a lock that grows could meet a sale halfway.
        locked = Event.objects.select_for_update(no_key=slug == event.slug).get(pk=event.pk)
        if version_of_event(locked) != version:
            raise EventChanged
        event = update_event(locked, actor=actor, **fields)
        _change_slug(event, slug, actor)
        if picture or no_cover:
            event.cover = picture or ""  # type: ignore[assignment]
            event.save(update_fields=["cover"])
    return event


def is_address_fixed(event: Event) -> bool:
    """Whether buyers have the link already; what was sold and refunded counts too."""
    return event.tickets.exists()


def _change_slug(event: Event, slug: str, actor: User) -> None:
    if slug == event.slug:
        return
    if is_address_fixed(event):
        raise AddressFixed(attr="slug")
    if not ADDRESS.fullmatch(slug) or len(slug) > LONGEST_ADDRESS or slug in RESERVED_SLUGS:
        raise Invalid(
            _("Use lower-case letters, digits and single hyphens, such as night-market."), attr="slug"
        )
    before, event.slug = event.slug, slug
    try:
        with transaction.atomic():
            event.save(update_fields=["slug"])
    except IntegrityError:
        event.slug = before
        raise Invalid(_("Another event has this web address. Choose another."), attr="slug") from None
    audit.record(
        "event.address_changed",
        organization=event.organization,
        subject=f"event:{slug}",
        actor=actor,
        before={"slug": before},
        after={"slug": slug},
    )
