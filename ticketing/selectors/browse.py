"""The list of events on the front page."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from connect.selectors import get_terms_of_many
from connect.services.fees import FeeTermsInForce
from ticketing.models import Event
from ticketing.selectors.events import cover_url_of, with_seller
from ticketing.selectors.rows import TicketRow, make_row

PAGE_SIZE = 13


@dataclass(frozen=True)
class EventCard:
    """One event of the list, at the all-in price of its cheapest ticket."""

    event: Event
    rows: list[TicketRow]

    @property
    def url(self) -> str:
        return reverse("ticketing:event", args=[self.event.slug])

    @property
    def cover_url(self) -> str:
        return cover_url_of(self.event)

    @property
    def state(self) -> str:
        if self.event.status == Event.Status.PAUSED:
            return "paused"
        statuses = {row.status for row in self.rows}
        order = ("on_sale", "paused", "coming_soon", "not_started", "sold_out")
        return next((status for status in order if status in statuses), "sales_ended")

    @property
    def prices(self) -> list[int]:
        """Of what is on sale, else of everything, so that a sold-out event still says what it cost."""
        on_sale = [row.price_amount for row in self.rows if row.status == "on_sale"]
        return sorted(set(on_sale or [row.price_amount for row in self.rows]))

    @property
    def left(self) -> int:
        """How many are left in all, where that is few; else 0."""
        rows = [row for row in self.rows if row.status == "on_sale"]
        return sum(row.available for row in rows) if rows and all(row.is_low for row in rows) else 0


@dataclass(frozen=True)
class EventList:
    """One page of the list."""

    cards: list[EventCard]
    query: str
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def featured(self) -> EventCard | None:
        """The next event, shown large where the list begins."""
        return self.cards[0] if self.cards and self.number == 1 and not self.query else None

    @property
    def grid(self) -> list[EventCard]:
        return self.cards[1:] if self.featured else self.cards

    @property
    def next_query(self) -> str:
        return self._query(self.number + 1)

    @property
    def previous_query(self) -> str:
        return self._query(self.number - 1)

    def _query(self, number: int) -> str:
        return urlencode({"q": self.query, "page": number} if self.query else {"page": number})


def browse_events(*, query: str = "", number: int = 1) -> EventList:
    """Published events to come, soonest first; `query` may be in title, venue, address or organizer."""
    events = Event.objects.filter(
        status__in=[Event.Status.PUBLISHED, Event.Status.PAUSED], ends_at__gt=timezone.now()
    )
    if query:
        fields = ("title", "venue_name", "address", "organization__name")
        wanted = Q()
        for field in fields:
            wanted |= Q(**{f"{field}__icontains": query})
        events = events.filter(wanted)
    start = (number - 1) * PAGE_SIZE
    page = with_seller(events).order_by("starts_at", "id").prefetch_related("ticket_types")
    found = list(page[start : start + PAGE_SIZE + 1])
    terms = get_terms_of_many((event.organization, event.currency) for event in found)
    cards = [
        make_card(event, terms.get((event.organization_id, event.currency))) for event in found[:PAGE_SIZE]
    ]
    return EventList(cards=cards, query=query, number=number, has_next=len(found) > PAGE_SIZE)


def make_card(event: Event, terms: FeeTermsInForce | None) -> EventCard:
    types = [ticket_type for ticket_type in event.ticket_types.all() if not ticket_type.is_hidden]
    return EventCard(event=event, rows=[make_row(event, ticket_type, terms, 0) for ticket_type in types])
