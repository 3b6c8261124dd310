"""The organizer's list of events: tabs with counts, a search, one page, and what each event has brought in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from ticketing.models import Event, TicketType
from ticketing.selectors.events import with_seller
from ticketing.selectors.rows import account_of
from ticketing.services.sales import ticket_status

PAGE_SIZE = 20
# Label and what is in it, in the order of the page.
TABS = (
    ("upcoming", _("Upcoming")),
    ("draft", _("Draft")),
    ("past", _("Past")),
    ("cancelled", _("Cancelled")),
)
# What an event's state is called, and the colour behind the word.
STATES: dict[str, tuple[Promise, str]] = {
    "draft": (_("Draft"), ""),
    "on_sale": (_("On sale"), "success"),
    "paused": (_("Sales paused"), "warning"),
    "coming_soon": (_("Waiting for Stripe"), "warning"),
    "not_started": (_("Sales not started"), "info"),
    "sold_out": (_("Sold out"), "info"),
    "sales_ended": (_("Sales ended"), ""),
    "no_tickets": (_("No tickets"), "warning"),
    "ended": (_("Ended"), ""),
    "cancelled": (_("Cancelled"), "danger"),
}
# One type on sale is an event on sale; below that, what is nearest to it.
NEAREST = ("on_sale", "paused", "coming_soon", "not_started", "sold_out")
# What the organizer's accounts say of the orders of an event: earned less given back, disputes included.
NET = """
SELECT sold.event_id, -sum(entry.amount)::bigint
FROM ticketing_order sold
JOIN ledger_ledgertransaction posted ON posted.subject = 'order:' || sold.code
JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
JOIN ledger_ledgeraccount account ON account.id = entry.account_id
WHERE sold.event_id = ANY(%(events)s)
  AND account.code IN ('organizer:' || sold.organization_id, 'receivable:organizer:' || sold.organization_id)
GROUP BY sold.event_id
"""


@dataclass(frozen=True)
class EventRow:
    """One event of the list; `net_amount` is the organizer's, in minor units of the event's currency."""

    event: Event
    types: list[TicketType]
    net_amount: int
    state: str

    @property
    def word(self) -> Promise:
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.state][1]

    @cached_property
    def capacity(self) -> int:
        return room_of(self.event, self.types)

    @property
    def is_free(self) -> bool:
        return bool(self.types) and not any(each.price_amount for each in self.types)

    @property
    def is_full(self) -> bool:
        return 0 < self.capacity <= self.event.sold


@dataclass(frozen=True)
class Tab:
    """One tab with its number of events; the search stays when another is chosen."""

    key: str
    label: Promise
    count: int
    is_current: bool
    query: str


@dataclass(frozen=True)
class EventIndex:
    """One page of the list."""

    rows: list[EventRow]
    tabs: list[Tab]
    tab: str
    search: str
    number: int
    has_next: bool

    @property
    def is_first_use(self) -> bool:
        """Nothing here yet at all, not even behind the search."""
        return not self.search and not any(tab.count for tab in self.tabs)

    @property
    def next_query(self) -> str:
        return _query(self.tab, self.search, self.number + 1)

    @property
    def previous_query(self) -> str:
        return _query(self.tab, self.search, self.number - 1) if self.number > 1 else ""

    @property
    def count(self) -> int:
        return next(tab.count for tab in self.tabs if tab.key == self.tab)

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def list_events(organization: Organization, *, tab: str, search: str = "", number: int = 1) -> EventIndex:
    """A page of the organization's events, in four statements; an unknown tab is the first one."""
    now = timezone.now()
    parts = _parts(now)
    tab = tab if tab in parts else TABS[0][0]
    events = Event.objects.filter(organization=organization)
    if search:
        events = events.filter(
            Q(title__icontains=search) | Q(venue_name__icontains=search) | Q(address__icontains=search)
        )
    counts = events.aggregate(**{key: Count("id", filter=part) for key, part in parts.items()})
    start = (number - 1) * PAGE_SIZE
    # What is to come begins with the next, what is over with the last.
    order = ("starts_at", "id") if tab in ("upcoming", "draft") else ("-starts_at", "-id")
    page = with_seller(events.filter(parts[tab])).order_by(*order).prefetch_related("ticket_types")
    found = list(page[start : start + PAGE_SIZE + 1])
    nets = net_amounts(event.pk for event in found[:PAGE_SIZE])
    return EventIndex(
        rows=[_row(event, nets.get(event.pk, 0), now) for event in found[:PAGE_SIZE]],
        tabs=[Tab(key, label, counts[key], key == tab, _query(key, search)) for key, label in TABS],
        tab=tab,
        search=search,
        number=number,
        has_next=len(found) > PAGE_SIZE,
    )


def net_amounts(event_ids: Iterable[int]) -> dict[int, int]:
    """What is the organizer's of each event, by the ledger, in minor units of the event's currency."""
    ids = list(event_ids)
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(NET, {"events": ids})
        return dict(cursor.fetchall())


def sale_state(event: Event, types: Iterable[TicketType], now: datetime) -> str:
    """The one word (STATES) for where the event stands; it comes `with_seller`."""
    if event.status in (Event.Status.DRAFT, Event.Status.CANCELLED):
        return str(event.status)
    if event.ends_at <= now:
        return "ended"
    if event.status == Event.Status.PAUSED:
        return "paused"
    account = account_of(event)
    statuses = {str(ticket_status(each, event, account, event.organization, now)) for each in types}
    if not statuses:
        return "no_tickets"
    return next((status for status in NEAREST if status in statuses), "sales_ended")


def room_of(event: Event, types: Iterable[TicketType]) -> int:
    """How many can come: what the types have room for, or the event's own limit where that is less.

    A type that is no longer sold has room for those who have it.
    """
    room = sum(each.sold + each.held if each.stopped_at else each.capacity for each in types)
    return room if event.capacity is None else min(room, event.capacity)


def find_with_seller(event: Event) -> Event:
    """The event once more, as `sale_state` and the price lines need it."""
    return with_seller(Event.objects.filter(pk=event.pk)).prefetch_related("ticket_types").get()


def _row(event: Event, net_amount: int, now: datetime) -> EventRow:
    types = list(event.ticket_types.all())
    return EventRow(event=event, types=types, net_amount=net_amount, state=sale_state(event, types, now))


def _parts(now: datetime) -> dict[str, Q]:
    shown = Q(status__in=[Event.Status.PUBLISHED, Event.Status.PAUSED])
    return {
        "upcoming": shown & Q(ends_at__gt=now),
        "draft": Q(status=Event.Status.DRAFT),
        "past": shown & Q(ends_at__lte=now),
        "cancelled": Q(status=Event.Status.CANCELLED),
    }


def _query(tab: str, search: str, number: int = 1) -> str:
    values = {"tab": tab, "q": search, "page": number if number > 1 else ""}
    return urlencode({name: value for name, value in values.items() if value})
