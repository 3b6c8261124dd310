"""The same event once more: a draft with the same words, cover and ticket types, a week or more later."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from accounts.models import User
from ticketing.models import Event, TicketType
from ticketing.services.accents import accent_of_copy
from ticketing.services.events import FIELDS, create_event

LONGEST_TITLE = 120
TYPE_FIELDS = (
    "name",
    "description",
    "price_amount",
    "capacity",
    "min_per_order",
    "max_per_order",
    "is_hidden",
    "position",
)
WEEK = timedelta(days=7)


def duplicate_event(event: Event, *, actor: User, draft_key: str = "") -> Event:
    """Make a draft like `event`, on the same weekday and at the same hour, in the first week that is still to come.

    Ticket types keep their prices (minor units) and capacities; sale windows move along. Nothing sold is copied, and
    a date that is still open stays open. A `draft_key` that has made a copy answers with that copy. Raises as
    create_event does.
    """
    later = _weeks_later(event)
    fields = {name: getattr(event, name) for name in FIELDS}
    fields["accent"] = accent_of_copy(event)
    fields["title"] = _copy_title(event.title)
    for name in ("starts_at", "ends_at"):
        fields[name] = None if event.is_date_open else _moved(fields[name], later, event.timezone)
    fields["doors_at"] = _moved(event.doors_at, later, event.timezone) if event.doors_at else None
    with transaction.atomic():
        copy = create_event(event.organization, actor=actor, draft_key=draft_key, **fields)
        if copy.ticket_types.exists():  # of an earlier click
            return copy
        copy.cover = event.cover
        copy.save(update_fields=["cover"])
        TicketType.objects.bulk_create(
            _copy_type(each, copy, later) for each in event.ticket_types.order_by("position", "id")
        )
    return copy


def _copy_type(ticket_type: TicketType, copy: Event, later: timedelta) -> TicketType:
    window = {
        name: _moved(moment, later, copy.timezone)
        for name in ("sales_start", "sales_end")
        if (moment := getattr(ticket_type, name))
    }
    return TicketType(event=copy, **{name: getattr(ticket_type, name) for name in TYPE_FIELDS}, **window)


def _copy_title(title: str) -> str:
    words = _("%(title)s (copy)")
    room = LONGEST_TITLE - len(words % {"title": ""})
    return words % {"title": title[:room].rstrip()}


def _weeks_later(event: Event) -> timedelta:
    """One week, or as many as it takes for the copy to lie ahead."""
    past = max(clock.now() - event.starts_at, timedelta())
    return (past // WEEK + 1) * WEEK


def _moved(moment: datetime, later: timedelta, zone_name: str) -> datetime:
    """By the clock on the wall, so that half past seven stays half past seven when the clocks change."""
    zone = ZoneInfo(zone_name)
    return (moment.astimezone(zone).replace(tzinfo=None) + later).replace(tzinfo=zone)
