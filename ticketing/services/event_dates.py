"""When an event is. A draft may leave that open: a date then stands in, which only its organization sees, as open."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone as clock

from accounts.models import Organization
from ticketing.models import Event

USUAL_LENGTH = timedelta(hours=3)
STANDS_IN_AFTER = timedelta(days=30)
STANDS_IN_ZONE = "UTC"


def leave_date_open(event: Event) -> None:
    """Give an event without a start one that stands in: in a month, at seven in the evening. Nothing is saved."""
    event.timezone = event.timezone or last_timezone(event.organization) or STANDS_IN_ZONE
    now = clock.now().astimezone(ZoneInfo(event.timezone))
    event.starts_at = now.replace(hour=19, minute=0, second=0, microsecond=0) + STANDS_IN_AFTER
    event.ends_at, event.doors_at = event.starts_at + USUAL_LENGTH, None
    event.is_date_open = True


def last_timezone(organization: Organization | None) -> str:
    """Where the organization's newest event is: the next one is most likely there too. Empty before the first one."""
    dated = Event.objects.filter(organization=organization, is_date_open=False).order_by("-id")
    return (dated.values_list("timezone", flat=True).first() if organization else None) or ""
