"""Ranges of the platform's days: today, this month so far, the range before one, and the parts of a range."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

DAY = timedelta(days=1)


class Step(TextChoices):
    """How long the parts of a report are; weeks begin on Monday."""

    DAILY = "daily", _("By day")
    WEEKLY = "weekly", _("By week")
    MONTHLY = "monthly", _("By month")


# A longer report is no longer one that anybody reads.
MOST_DAYS = {Step.DAILY: 400, Step.WEEKLY: 1830, Step.MONTHLY: 7320}


@dataclass(frozen=True)
class Range:
    """Days of the platform from `since` to `until`, both of them part of it."""

    since: date
    until: date

    def __str__(self) -> str:
        """In words, as short as may be: 1–24 Nov 2026."""
        until = date_format(self.until, "j M Y")
        if self.since == self.until:
            return until
        if (self.since.year, self.since.month) == (self.until.year, self.until.month):
            return f"{self.since.day}–{until}"
        form = "j M" if self.since.year == self.until.year else "j M Y"
        return f"{date_format(self.since, form)} – {until}"

    @property
    def short(self) -> str:
        """The same without its year."""
        until = date_format(self.until, "j M")
        if self.since == self.until:
            return until
        is_month = (self.since.year, self.since.month) == (self.until.year, self.until.month)
        return f"{self.since.day}–{until}" if is_month else f"{date_format(self.since, 'j M')} – {until}"

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def is_whole_months(self) -> bool:
        return self.since.day == 1 and (self.until + DAY).day == 1

    @property
    def is_year_so_far(self) -> bool:
        return self.since == date(self.until.year, 1, 1) and self.until.month > 1

    def parts(self, step: str) -> list["Range"]:
        """The range cut at each day, Monday or first of a month; the first and the last part may be short."""
        parts, begin = [], self.since
        while begin <= self.until:
            following = _next_start(begin, step)
            parts.append(Range(begin, min(following - DAY, self.until)))
            begin = following
        return parts


def start_of(day: date, step: str) -> date:
    """The first day of the week or month that a day is in, or the day itself."""
    if step == Step.WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == Step.MONTHLY else day


def today() -> date:
    """The day that it is for the platform, in PLATFORM_TIME_ZONE."""
    return timezone.now().astimezone(ZoneInfo(settings.PLATFORM_TIME_ZONE)).date()


def this_month(day: date) -> Range:
    """The month of a day up to that day."""
    return Range(day.replace(day=1), day)


def range_before(chosen: Range) -> Range:
    """What a range is compared with: the same days of the year or month before, or as many days right before it.

    A year or a month so far goes with the same days of the one before (which may have fewer), whole months with as
    many months.
    """
    if chosen.is_year_so_far:
        return Range(_year_earlier(chosen.since), _year_earlier(chosen.until))
    if chosen.is_whole_months:
        months = (chosen.until.year - chosen.since.year) * 12 + chosen.until.month - chosen.since.month + 1
        return Range(_months_earlier(chosen.since, months), chosen.since - DAY)
    if chosen.since == chosen.until.replace(day=1):
        begin, last = _months_earlier(chosen.since, 1), chosen.since - DAY
        return Range(begin, min(begin + (chosen.until - chosen.since), last))
    return Range(chosen.since - timedelta(days=chosen.days), chosen.since - DAY)


def presets(day: date) -> list[tuple[str, Range]]:
    """The ranges that are asked for most, with their names, as seen on `day`."""
    month = day.replace(day=1)
    last_month = Range(_months_earlier(month, 1), month - DAY)
    return [
        (str(_("This month")), this_month(day)),
        (str(_("Last month")), last_month),
        (str(_("Last 30 days")), Range(day - timedelta(days=29), day)),
        (str(_("This year")), Range(day.replace(month=1, day=1), day)),
        (str(_("Last year")), Range(date(day.year - 1, 1, 1), date(day.year - 1, 12, 31))),
    ]


def _next_start(day: date, step: str) -> date:
    if step == Step.DAILY:
        return day + DAY
    if step == Step.WEEKLY:
        return start_of(day, step) + timedelta(days=7)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _year_earlier(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _months_earlier(first: date, months: int) -> date:
    """The first of the month so many months before that of `first`."""
    count = first.year * 12 + first.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
