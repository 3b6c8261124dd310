"""Tickets sold over time: by the day or the week, each bar also a row of the table beneath."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from ticketing.models import Event, Ticket

# More days than this are shown by the week.
MOST_BARS = 42
# One day of sales is a bar among empty days, not a wall.
LEAST_BARS = 14
CHART_HEIGHT = 100


@dataclass(frozen=True)
class Bar:
    """A day, or a week that begins on `day`, with its place in the chart; amounts in minor units."""

    day: date
    tickets: int
    paid_amount: int
    place: int
    most: int

    @property
    def height(self) -> int:
        """In hundredths of the tallest; a sale is never invisible."""
        return max(2, CHART_HEIGHT * self.tickets // self.most) if self.tickets else 0

    @property
    def top(self) -> int:
        return CHART_HEIGHT - self.height

    @property
    def left(self) -> int:
        return self.place * 10 + 1


@dataclass(frozen=True)
class SalesChart:
    """Tickets sold by day, or by week where there are many days; every bar is also a row of the table."""

    bars: list[Bar]
    is_weekly: bool

    @property
    def width(self) -> int:
        return len(self.bars) * 10

    @property
    def rows(self) -> list[Bar]:
        return [bar for bar in self.bars if bar.tickets]

    @property
    def best(self) -> Bar:
        return max(self.bars, key=lambda bar: bar.tickets)

    @property
    def tickets(self) -> int:
        return sum(bar.tickets for bar in self.bars)

    @property
    def paid_amount(self) -> int:
        return sum(bar.paid_amount for bar in self.bars)


def sales_chart(event: Event) -> SalesChart | None:
    """Tickets by the day on which they were sold, in the event's own zone; None before the first sale."""
    zone = ZoneInfo(event.timezone)
    sold = (
        Ticket.objects.filter(event=event)
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=zone))
        .values_list("day")
        .annotate(Count("id"), Sum("paid_amount"))
    )
    days = {day: (tickets, paid) for day, tickets, paid in sold}
    if not days:
        return None
    first = min(days)
    today = timezone.now().astimezone(zone).date()
    last = max(max(days), min(today, event.ends_at.astimezone(zone).date()))
    first = min(first, last - timedelta(days=LEAST_BARS - 1))
    is_weekly = (last - first).days >= MOST_BARS
    return SalesChart(_bars(days, first, last, step=7 if is_weekly else 1), is_weekly)


def _bars(days: dict[date, tuple[int, int]], first: date, last: date, *, step: int) -> list[Bar]:
    """One bar for each step from first to last, empty ones too; weeks begin on Monday."""
    begin = first - timedelta(days=first.weekday()) if step > 1 else first
    count = (last - begin).days // step + 1
    sums = [(0, 0)] * count
    for day, (tickets, paid) in days.items():
        place = (day - begin).days // step
        sums[place] = (sums[place][0] + tickets, sums[place][1] + paid)
    most = max(tickets for tickets, _paid in sums)
    return [
        Bar(begin + timedelta(days=place * step), tickets, paid, place, most)
        for place, (tickets, paid) in enumerate(sums)
    ]
