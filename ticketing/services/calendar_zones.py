"""A time zone's rules as a calendar file carries them (RFC 5545, 3.6.5), read from the system's own zones.

icalendar can write them too, but puts the beginning of summer time an hour late.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

# No zone puts its clocks forward and back again within a week.
STEP = timedelta(days=7)
MARGIN = timedelta(days=366)


def describe_zone(zone: ZoneInfo, *, start: datetime, end: datetime) -> Timezone:
    """What the zone's clocks show from a year before `start` to a year after `end`."""
    described = Timezone()
    described.add("TZID", zone.key)
    begin = (start - MARGIN).astimezone(UTC).replace(microsecond=0)
    moments = [begin, *_changes(zone, begin, (end + MARGIN).astimezone(UTC))]
    for moment in moments:
        described.add_component(_observance(zone, moment))
    return described


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The seconds at which the zone's clocks are put forward or back."""
    moment = begin
    while moment < end:
        if _shown(zone, moment) != _shown(zone, moment + STEP):
            yield _first_changed(zone, moment, moment + STEP)
        moment += STEP


def _first_changed(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    shown = _shown(zone, before)
    while (gap := int((after - before).total_seconds())) > 1:
        middle = before + timedelta(seconds=gap // 2)
        before, after = (middle, after) if _shown(zone, middle) == shown else (before, middle)
    return after


def _shown(zone: ZoneInfo, moment: datetime) -> tuple[timedelta | None, str | None]:
    local = moment.astimezone(zone)
    return local.utcoffset(), local.tzname()


def _observance(zone: ZoneInfo, moment: datetime) -> TimezoneStandard | TimezoneDaylight:
    """From this moment on; it begins at what the clock showed that was still on the rule before."""
    offset_before = (moment - timedelta(seconds=1)).astimezone(zone).utcoffset() or timedelta()
    local = moment.astimezone(zone)
    observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
    observance.add("DTSTART", (moment + offset_before).replace(tzinfo=None))
    observance.add("TZOFFSETFROM", offset_before)
    observance.add("TZOFFSETTO", local.utcoffset() or timedelta())
    observance.add("TZNAME", local.tzname() or zone.key)
    return observance
