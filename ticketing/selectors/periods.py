"""From when to when, in words."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from maly.templatetags.maly import event_hour, event_time, zone_name
from ticketing.models import Event


def period_in_words(event: Event) -> str:
    """From when to when, in the event's own zone; the day is said once where there is one."""
    if event.is_date_open:
        return _("Date not chosen yet")
    zone = ZoneInfo(event.timezone)
    starts_at, ends_at = event.starts_at.astimezone(zone), event.ends_at.astimezone(zone)
    if starts_at.date() != ends_at.date():
        return _("%(start)s to %(end)s") % {
            "start": event_time(starts_at, event.timezone),
            "end": event_time(ends_at, event.timezone),
        }
    day_and_hour = event_time(starts_at, event.timezone).removesuffix(zone_name(starts_at, event.timezone))
    return _("%(start)s to %(end)s %(zone)s") % {
        "start": day_and_hour.strip(),
        "end": event_hour(ends_at, event.timezone),
        "zone": zone_name(ends_at, event.timezone),
    }
