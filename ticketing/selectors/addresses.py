"""Events by their web address: the one that they have, or one that they had."""

from django.db.models import QuerySet

from ticketing.models import Event, FormerAddress


def find_by_address(events: QuerySet[Event], slug: str) -> Event | None:
    """The event of these with this address; a second look, for one that had it, only where there is none."""
    return events.filter(slug=slug).first() or events.filter(former_addresses__slug=slug).first()


def is_address_of(event: Event, slug: str) -> bool:
    """Whether the event has this address, or had it."""
    return slug == event.slug or FormerAddress.objects.filter(event=event, slug=slug).exists()
