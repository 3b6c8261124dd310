"""What an organizer's page saves: all the fields of an event, its address and its cover at once, or nothing."""

from typing import Any

from django.core.files.base import File
from django.db import transaction

from accounts.models import Organization, User
from ticketing.errors import EventChanged
from ticketing.models import Event
from ticketing.services.addresses import change_address
from ticketing.services.cover_images import MIDDLE, prepare_cover
from ticketing.services.events import create_event, update_event
from ticketing.services.versions import version_of_event


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
        change_address(event, slug=slug, actor=actor)
        if picture or no_cover:
            event.cover = picture or ""  # type: ignore[assignment]
            event.save(update_fields=["cover"])
    return event
