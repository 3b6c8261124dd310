"""The list of events on the front page: one page by key, and where else to look when there is nothing."""

from dataclasses import dataclass, field, replace
from datetime import date

from django.db.models import Q, QuerySet, Value
from django.urls import reverse
from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connect.selectors import get_terms_of_many
from connect.services.fees import FeeTermsInForce
from ticketing.models import Event
from ticketing.places import town_of
from ticketing.selectors.event_search import EventFilters, find_events, find_near
from ticketing.selectors.events import cover_sources_of, cover_url_of, with_seller
from ticketing.selectors.rows import TicketRow, make_row

PAGE_SIZE = 13
CHIPS: tuple[tuple[str, Promise], ...] = (
    ("", gettext_lazy("Any date")),
    ("today", gettext_lazy("Today")),
    ("weekend", gettext_lazy("This weekend")),
    ("week", gettext_lazy("Next 7 days")),
)


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
    def cover_sources(self) -> str:
        return cover_sources_of(self.event)

    @property
    def place(self) -> str:
        """Venue and town, as far as they are said; else who invites."""
        parts = [self.event.venue_name, town_of(self.event.address)]
        return ", ".join(part for part in parts if part) or self.event.organization.name

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
class Chip:
    """A way to narrow the list down, and whether it is the one in force."""

    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class EventList:
    """One page of the list; `is_near` where nothing fits, but something is spelled much like it."""

    cards: list[EventCard]
    filters: EventFilters
    is_near: bool = False
    earlier: str = ""
    later: str = ""
    elsewhere: list[Chip] = field(default_factory=list)

    @property
    def featured(self) -> EventCard | None:
        """The next event, shown large where the list begins."""
        begins = not self.earlier and not self.filters.is_active
        return self.cards[0] if self.cards and begins else None

    @property
    def grid(self) -> list[EventCard]:
        return self.cards[1:] if self.featured else self.cards

    @property
    def is_first_use(self) -> bool:
        """Nothing here yet at all, not even behind the filters."""
        return not self.cards and not self.filters.is_active and not self.earlier

    @property
    def title(self) -> str:
        """What’s on this weekend in Bristol, What’s on Sat 12 Dec 2026."""
        day = self.filters.day
        words = {
            "place": self.filters.where,
            "time": day_in_words(day) if day else time_in_words(self.filters),
        }
        if words["place"] and words["time"]:
            return _("What’s on %(time)s in %(place)s") % words
        if words["place"]:
            return _("What’s on in %(place)s") % words
        return _("What’s on %(time)s") % words if words["time"] else _("What’s on")

    @property
    def nothing(self) -> str:
        """No free events match “market” in Bristol this weekend."""
        filters = self.filters
        parts = [_("No free events") if filters.is_free else _("No events")]
        if filters.what:
            parts.append(_("match “%(words)s”") % {"words": filters.what})
        if filters.where:
            parts.append(_("in %(place)s") % {"place": filters.where})
        return " ".join([*parts, time_in_words(filters)]).strip() + "."

    @property
    def chips(self) -> list[Chip]:
        filters = self.filters
        times = [
            Chip(str(label), replace(filters, when=key).query(), filters.when == key) for key, label in CHIPS
        ]
        free = replace(filters, is_free=not filters.is_free)
        return [*times, Chip(_("Free"), free.query(), filters.is_free)]

    @property
    def later_query(self) -> str:
        return self.filters.query(after=self.later) if self.later else ""

    @property
    def earlier_query(self) -> str:
        return self.filters.query(before=self.earlier) if self.earlier else ""


def time_in_words(filters: EventFilters) -> str:
    """When, as it stands within a sentence."""
    if day := filters.day:
        return _("on %(day)s") % {"day": day_in_words(day)}
    words = {"today": _("today"), "weekend": _("this weekend"), "week": _("in the next 7 days")}
    return words.get(filters.when, "")


def day_in_words(day: date) -> str:
    return dateformat.format(day, "D j M Y")


def browse_events(filters: EventFilters, *, after: str = "", before: str = "") -> EventList:
    """A page of the events that fit, soonest first, from behind an event (`after`, its slug) or up to one (`before`).

    Six statements at most; where nothing fits, three: what is nearly spelled like it, and where there is something.
    """
    found, earlier, later = _page(find_events(filters), after, before)
    if found or after or before:
        return EventList(cards=make_cards(found), filters=filters, earlier=earlier, later=later)
    near = list(with_parts(find_near(filters))[:PAGE_SIZE]) if filters.has_words else []
    if near:
        return EventList(cards=make_cards(near), filters=filters, is_near=True)
    return EventList(cards=[], filters=filters, elsewhere=_elsewhere(filters))


def first_page(filters: EventFilters) -> QuerySet[Event]:
    """The events on whose rows the first page depends: its own, and the one that says whether there is a next."""
    return find_events(filters)[: PAGE_SIZE + 1]


def make_card(event: Event, terms: FeeTermsInForce | None) -> EventCard:
    types = [ticket_type for ticket_type in event.ticket_types.all() if not ticket_type.is_hidden]
    return EventCard(event=event, rows=[make_row(event, ticket_type, terms, 0) for ticket_type in types])


def _page(events: QuerySet[Event], after: str, before: str) -> tuple[list[Event], str, str]:
    """The page's events, and the slugs behind which the pages before and after it lie; none is ''."""
    edge = _edge(after or before)
    if edge is None:
        found = list(with_parts(events)[: PAGE_SIZE + 1])
        return found[:PAGE_SIZE], "", found[PAGE_SIZE - 1].slug if len(found) > PAGE_SIZE else ""
    starts_at, pk = edge
    if after:
        beyond = Q(starts_at__gt=starts_at) | Q(starts_at=starts_at, pk__gt=pk)
        found = list(with_parts(events.filter(beyond, starts_at__gte=starts_at))[: PAGE_SIZE + 1])
        page = found[:PAGE_SIZE]
        return page, page[0].slug if page else after, page[-1].slug if len(found) > PAGE_SIZE else ""
    beyond = Q(starts_at__lt=starts_at) | Q(starts_at=starts_at, pk__lt=pk)
    back = events.filter(beyond, starts_at__lte=starts_at).order_by("-starts_at", "-id")
    found = list(with_parts(back)[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE][::-1]
    return page, page[0].slug if len(found) > PAGE_SIZE else "", page[-1].slug if page else before


def _edge(slug: str) -> tuple[object, int] | None:
    """Where in the list an event stands that visitors know, be it over by now; None for any other."""
    known = Event.objects.filter(slug=slug.replace("\x00", "")).exclude(status=Event.Status.DRAFT)
    return known.values_list("starts_at", "pk").first() if slug else None


def with_parts(events: QuerySet[Event]) -> QuerySet[Event]:
    """The events with all that their cards show."""
    return with_seller(events).prefetch_related("ticket_types")


def make_cards(events: list[Event]) -> list[EventCard]:
    """The cards of events that were read `with_parts`; the terms of all of them are read at once."""
    terms = get_terms_of_many((event.organization, event.currency) for event in events) if events else {}
    return [make_card(event, terms.get((event.organization_id, event.currency))) for event in events]


def _elsewhere(filters: EventFilters) -> list[Chip]:
    """The same search with one part left out or widened, as far as that finds something, in one statement."""
    wider = [
        (filters.when in ("today", "weekend"), _("See the next 7 days"), replace(filters, when="week")),
        (filters.when, _("See any date"), replace(filters, when="")),
        (filters.where, _("See every place"), replace(filters, where="")),
        (filters.is_free, _("See events that cost something"), replace(filters, is_free=False)),
        (filters.what, _("See all events"), EventFilters()),
    ]
    asked = [(label, one) for is_there, label, one in wider if is_there]
    looks = [
        find_events(one).order_by().values_list(Value(place))[:1] for place, (_label, one) in enumerate(asked)
    ]
    if not looks:
        return []
    found = {place for (place,) in (looks[0].union(*looks[1:], all=True) if looks[1:] else looks[0])}
    return [Chip(label, one.query(), False) for place, (label, one) in enumerate(asked) if place in found]
