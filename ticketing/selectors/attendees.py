"""Who comes to an event: its tickets by their holders' names, in tabs with counts, a search, and all of it as rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ticketing.models import Event, Order, Ticket

PAGE_SIZE = 50
BATCH = 500
CANCELLED = Q(status=Ticket.Status.CANCELLED)
# Label and what is in it, in the order of the page.
TABS: dict[str, tuple[Promise, Q]] = {
    "going": (_("Going"), ~CANCELLED),
    "checked_in": (_("Checked in"), Q(status=Ticket.Status.CHECKED_IN)),
    "not_checked_in": (_("Not checked in"), Q(status=Ticket.Status.VALID)),
    "cancelled": (_("Cancelled"), CANCELLED),
}
TONES: dict[str, str] = {Ticket.Status.VALID: "success", Ticket.Status.CHECKED_IN: "info"}
COLUMNS = ("name", "ticket_type", "ticket", "status", "payment", "order", "buyer", "email", "ordered_at_utc")


@dataclass(frozen=True)
class Attendee:
    """One ticket; its order and line are read."""

    ticket: Ticket

    @property
    def order(self) -> Order:
        return self.ticket.order

    @property
    def word(self) -> str:
        return str(self.ticket.get_status_display())

    @property
    def tone(self) -> str:
        return TONES.get(self.ticket.status, "")

    @property
    def is_disputed(self) -> bool:
        return self.order.is_disputed

    @property
    def bought_by(self) -> str:
        """Who bought it, where that is another name."""
        return "" if self.order.name == self.ticket.holder_name else self.order.name


@dataclass(frozen=True)
class AttendeeTab:
    """One tab with its number of tickets; the search stays when another is chosen."""

    key: str
    label: Promise
    count: int
    is_current: bool
    query: str


@dataclass(frozen=True, kw_only=True)
class AttendeeList:
    """One page of the list."""

    rows: list[Attendee]
    tabs: list[AttendeeTab]
    tab: str
    search: str
    number: int
    has_next: bool

    @property
    def is_first_use(self) -> bool:
        """Nobody at all yet, not even behind the search."""
        return not self.search and not any(tab.count for tab in self.tabs)

    @property
    def count(self) -> int:
        return next(tab.count for tab in self.tabs if tab.is_current)

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def query(self) -> str:
        """What the table for spreadsheets is asked for."""
        return _query(self.tab, self.search)

    @property
    def next_query(self) -> str:
        return _query(self.tab, self.search, self.number + 1)

    @property
    def previous_query(self) -> str:
        return _query(self.tab, self.search, self.number - 1) if self.number > 1 else ""


def list_attendees(event: Event, *, tab: str, search: str = "", number: int = 1) -> AttendeeList:
    """A page of the event's attendees, in two statements; an unknown tab is the first one."""
    tab = tab if tab in TABS else next(iter(TABS))
    tickets = _found(event, search)
    counts = tickets.aggregate(**{key: Count("id", filter=part) for key, (_label, part) in TABS.items()})
    start = (number - 1) * PAGE_SIZE
    shown = _with_parts(tickets.filter(TABS[tab][1])).order_by(Lower("holder_name"), "id")
    found = list(shown[start : start + PAGE_SIZE + 1])
    return AttendeeList(
        rows=[Attendee(ticket) for ticket in found[:PAGE_SIZE]],
        tabs=[
            AttendeeTab(key, label, counts[key], key == tab, _query(key, search))
            for key, (label, _part) in TABS.items()
        ],
        tab=tab,
        search=search,
        number=number,
        has_next=len(found) > PAGE_SIZE,
    )


def export_attendees(event: Event, *, tab: str, search: str = "") -> Iterator[tuple[object, ...]]:
    """Every ticket of the tab that the search finds, below the names of the columns; a few hundred at a time."""
    yield COLUMNS
    part = TABS[tab][1] if tab in TABS else TABS["going"][1]
    matching = _with_parts(_found(event, search).filter(part)).order_by("id")
    batch = list(matching[:BATCH])
    while batch:
        yield from (_export(Attendee(ticket)) for ticket in batch)
        batch = list(matching.filter(id__gt=batch[-1].pk)[:BATCH])


def _found(event: Event, search: str) -> QuerySet[Ticket]:
    tickets = Ticket.objects.filter(event=event)
    if not search:
        return tickets
    code = search.replace("-", "")
    return tickets.filter(
        Q(holder_name__icontains=search)
        | Q(order__name__icontains=search)
        | Q(order__email__icontains=search)
        | Q(order__code__iexact=search)
        | Q(code__iexact=code)
    )


def _with_parts(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    return tickets.select_related("order", "line").defer("line__ticket_amounts")


def _export(row: Attendee) -> tuple[object, ...]:
    ticket, order = row.ticket, row.order
    return (
        ticket.holder_name,
        ticket.line.name,
        ticket.code,
        row.word,
        str(ticket.get_payment_status_display()),
        order.code,
        order.name,
        order.email,
        _utc(order.created_at),
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _query(tab: str, search: str, number: int = 1) -> str:
    values = {"tab": tab, "q": search, "page": number if number > 1 else ""}
    return urlencode({name: value for name, value in values.items() if value})
