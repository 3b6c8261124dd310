"""The rows of the insight page. Amounts are minor units of its currency; small numbers are shown as what they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils import dates
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ticketing.models import Event

# Below this a share in percent would say more than is known.
FEWEST_FOR_PERCENT = 20
HOURS: tuple[Promise, ...] = (
    _("Midnight to 3 am"),
    _("3 to 6 am"),
    _("6 to 9 am"),
    _("9 am to noon"),
    _("Noon to 3 pm"),
    _("3 to 6 pm"),
    _("6 to 9 pm"),
    _("9 pm to midnight"),
)


@dataclass(frozen=True)
class WeekRow:
    """A week that begins on a Monday."""

    begins: date
    orders: int
    tickets: int
    paid_amount: int
    refunded_amount: int


@dataclass(frozen=True)
class EventSales:
    """What was sold of one event in the period."""

    event: Event
    orders: int
    tickets: int
    paid_amount: int
    refunded_amount: int


@dataclass(frozen=True)
class TimeRow:
    """A weekday, or three hours of the day, and the tickets sold then; `width` in hundredths of the best."""

    name: str | Promise
    tickets: int
    width: int


@dataclass(frozen=True)
class Part:
    """So many of so many."""

    count: int
    of: int

    @property
    def percent(self) -> int | None:
        """In whole percent, rounded down; None where there are too few to speak of a share."""
        return 100 * self.count // self.of if self.of >= FEWEST_FOR_PERCENT else None


def day_rows(sold: dict[int, tuple[int, int, int, int]]) -> list[TimeRow]:
    """Monday to Sunday, empty days too; `sold` by ISO weekday."""
    tickets = [sold.get(day, (0, 0, 0, 0))[1] for day in range(1, 8)]
    names = [dates.WEEKDAYS[day] for day in range(7)]
    return [TimeRow(name, *pair) for name, pair in zip(names, _with_widths(tickets), strict=True)]


def hour_rows(sold: dict[int, tuple[int, int, int, int]]) -> list[TimeRow]:
    """The day in eight parts, empty ones too; `sold` by part."""
    tickets = [sold.get(part, (0, 0, 0, 0))[1] for part in range(len(HOURS))]
    return [TimeRow(name, *pair) for name, pair in zip(HOURS, _with_widths(tickets), strict=True)]


def _with_widths(tickets: Iterable[int]) -> list[tuple[int, int]]:
    counts = list(tickets)
    most = max(counts) or 1
    return [(count, max(2, 100 * count // most) if count else 0) for count in counts]
