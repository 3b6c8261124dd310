"""What visitors look for: words, a place, days and nothing to pay; all of it in the address.

A day is the event's own: an event is on today when it is today where it takes place. So the answer is the same for
every visitor, and right for whoever is there.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, Exists, FloatField, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.utils import timezone

from ticketing.models import Event, TicketType

LONGEST = 100
MOST_WORDS = 6
CHIPS = ("today", "weekend", "week")
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
# From Thai on, Unicode has the scripts that put no spaces between words; their words are looked for as they stand.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uac00-\ud7ff]")
# Two letters of a word may be swapped ("brsitol") and it still counts as meant.
ALIKE = "0.33"

HERE = "timezone(ticketing_event.timezone, %s)::date"
# The first and the last day of each chip, where the event is; a weekend is Saturday and Sunday.
DAYS = {
    "today": (HERE, HERE),
    "weekend": (
        f"({HERE} + 6 - extract(isodow FROM {HERE})::int)",
        f"({HERE} + 7 - extract(isodow FROM {HERE})::int)",
    ),
    "week": (HERE, f"({HERE} + 6)"),
}
# Begins on one of the days, or began before and isn't over by their first morning: a night that ends at two belongs to
# the evening on which it began.
IS_ON = """
timezone(ticketing_event.timezone, ticketing_event.starts_at) < {last} + 1
AND (timezone(ticketing_event.timezone, ticketing_event.starts_at) >= {first}
    OR timezone(ticketing_event.timezone, ticketing_event.ends_at) > {first} + interval '6 hours')
"""
# An uncorrelated subquery is read before the index is, so that the index knows how much alike is enough.
SPELLED = f"""
(SELECT CASE WHEN set_config('pg_trgm.word_similarity_threshold', '{ALIKE}', true) <> '' THEN event_spelling(%s) END)
"""
LIKE_TEXT = f"{SPELLED} <%% ticketing_eventlisting.text"
LIKE_PLACE = f"{LIKE_TEXT} AND word_similarity(event_spelling(%s), ticketing_eventlisting.place) >= {ALIKE}"


@dataclass(frozen=True, kw_only=True)
class EventFilters:
    """What the list is narrowed down to; empty parts narrow nothing."""

    what: str = ""
    where: str = ""
    when: str = ""
    is_free: bool = False

    @property
    def is_active(self) -> bool:
        return self != EventFilters()

    @property
    def has_words(self) -> bool:
        return bool(self.what or self.where)

    @property
    def place(self) -> str:
        """The words that an address must have: of "Bristol, UK" the town, since few addresses name their country."""
        return self.where.strip(" ,").partition(",")[0]

    @property
    def day(self) -> date | None:
        """The one day that is asked for, if it is one."""
        return date.fromisoformat(self.when) if self.when and self.when not in CHIPS else None

    def query(self, **more: str) -> str:
        """The filters as the address has them, with more parameters behind them."""
        values = {"q": self.what, "where": self.where, "when": self.when, "free": "1" if self.is_free else ""}
        return urlencode({name: value for name, value in {**values, **more}.items() if value})


def read_event_filters(given: QueryDict) -> EventFilters:
    """The filters of an address; what isn't one is left out, so that an old link still shows something."""
    # A date that is typed stands behind the chip that was chosen before it.
    times = [each for each in given.getlist("when") if is_time(each)]
    return EventFilters(
        what=_words(given.get("q", "")),
        where=_words(given.get("where", "")),
        when=times[-1] if times else "",
        is_free=given.get("free") == "1",
    )


def is_time(value: str) -> bool:
    """Whether this is a chip's name or a day that the calendar has."""
    if value in CHIPS:
        return True
    try:
        return len(value) == len("2026-12-12") and EARLIEST <= date.fromisoformat(value) <= LATEST
    except ValueError:
        return False


def listed_events() -> QuerySet[Event]:
    """Published events that aren't over, soonest first."""
    shown = [Event.Status.PUBLISHED, Event.Status.PAUSED]
    return Event.objects.filter(status__in=shown, ends_at__gt=timezone.now()).order_by("starts_at", "id")


def find_events(filters: EventFilters) -> QuerySet[Event]:
    """The listed events that have every word, in any of its endings, on those days."""
    events = _at_that_time(filters)
    if filters.what:
        events = _with_words(events, filters.what, "text", "ABC")
    if filters.place:
        events = _with_words(events, filters.place, "place", "C")
    return events


def find_near(filters: EventFilters) -> QuerySet[Event]:
    """The listed events whose words are spelled much like those of the search, the likest first."""
    events = _at_that_time(filters).filter(listing__isnull=False)
    for word in filters.what.split()[:MOST_WORDS]:
        events = events.filter(_condition(LIKE_TEXT, word))
    for word in filters.place.split()[:MOST_WORDS]:
        events = events.filter(_condition(LIKE_PLACE, word, word))
    likeness = RawSQL(
        "word_similarity(event_spelling(%s), ticketing_eventlisting.text)",
        (f"{filters.what} {filters.place}",),
        output_field=FloatField(),
    )
    return events.annotate(likeness=likeness).order_by("-likeness", "starts_at", "id")


def _at_that_time(filters: EventFilters) -> QuerySet[Event]:
    events = listed_events()
    if filters.is_free:
        free = TicketType.objects.filter(
            event=OuterRef("pk"), price_amount=0, is_hidden=False, stopped_at__isnull=True
        )
        events = events.filter(Exists(free))
    if not filters.when:
        return events
    moment = timezone.now()
    if day := filters.day:
        first, last, asked = "%s::date", "%s::date", day
        reach = datetime(day.year, day.month, day.day, tzinfo=UTC)
    else:
        (first, last), asked, reach = DAYS[filters.when], moment, moment + timedelta(days=7)
    sql = IS_ON.format(first=first, last=last)
    # No zone is a day from UTC: what lies beyond, the index on the start leaves out at once.
    return events.filter(_condition(sql, *[asked] * sql.count("%s")), starts_at__lt=reach + timedelta(days=2))


def _with_words(events: QuerySet[Event], words: str, column: str, among: str) -> QuerySet[Event]:
    """The join comes from the ORM, the condition by name: a tsvector is no business of its own."""
    condition, given = "ticketing_eventlisting.words @@ event_question(%s, %s)", [words, among]
    if UNSPACED.search(words):
        condition += f" OR ticketing_eventlisting.{column} LIKE '%%' || event_spelling(%s) || '%%'"
        given.append(words)
    return events.filter(_condition(f"({condition})", *given), listing__isnull=False)


def _condition(sql: str, *given: Any) -> RawSQL:
    """A condition of this module's own; whatever visitors typed is `given`."""
    return RawSQL(sql, given, output_field=BooleanField())  # noqa: S611


def _words(given: str) -> str:
    """What was typed, on one line, within reason."""
    return " ".join(given.replace("\x00", "").split())[:LONGEST].strip()
