"""The event page and the checkout's summary: the event with its seller, the ticket types, the fee terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Expression, FilteredRelation, Q, QuerySet
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts.access import has_role
from accounts.models import Role, User
from connect.errors import CurrencyNotSupported
from connect.selectors import get_terms
from connect.services.fees import FeeTermsInForce, OrderQuote
from maly.errors import NotFound
from ticketing.covers import SIZED, WIDTHS, drawn_cover
from ticketing.markdown import render_markdown
from ticketing.models import Event
from ticketing.places import town_of
from ticketing.selectors.addresses import find_by_address
from ticketing.selectors.rows import TicketRow, change_in_words, make_row, quote_rows
from ticketing.services.preview_images import preview_version
from ticketing.structured_data import describe_event

Visitor = User | AnonymousUser


@dataclass(frozen=True)
class EventPage:
    """Everything that the event page shows; `quote` is there once something is chosen."""

    event: Event
    rows: list[TicketRow]
    revealed: str
    quote: OrderQuote | None

    @cached_property
    def path(self) -> str:
        return reverse("ticketing:event", args=[self.event.slug])

    @cached_property
    def checkout_path(self) -> str:
        return reverse("ticketing:checkout", args=[self.event.slug])

    @cached_property
    def cart(self) -> str:
        """What is chosen, as an address carries it."""
        return "&".join(f"{row.field}={row.quantity}" for row in self.chosen_rows)

    @cached_property
    def cart_path(self) -> str:
        """The event page with what is chosen still in its steppers."""
        return f"{self.path}?{self.cart}#tickets" if self.cart else f"{self.path}#tickets"

    @cached_property
    def url(self) -> str:
        return f"{settings.SITE_URL}{self.path}"

    @cached_property
    def changes(self) -> list[str]:
        """What the buyer asked for and can't have, in words: nothing is changed without saying so."""
        changed = [row for row in self.rows if row.wanted and row.wanted != row.quantity]
        return list(dict.fromkeys(change_in_words(row) for row in changed))

    @cached_property
    def cover_url(self) -> str:
        return cover_url_of(self.event)

    @cached_property
    def cover_sources(self) -> str:
        return cover_sources_of(self.event)

    @cached_property
    def image_url(self) -> str:
        """For previews elsewhere: the cover with title and date."""
        path = reverse("ticketing:preview", args=[self.event.slug, preview_version(self.event)])
        return f"{settings.SITE_URL}{path}"

    @cached_property
    def state(self) -> str:
        """One word for the whole box: on_sale as soon as one type is, else why not."""
        event = self.event
        if event.status == Event.Status.CANCELLED:
            return "cancelled"
        if event.has_ended:
            return "ended"
        if event.status == Event.Status.DRAFT:
            return "draft"
        if event.status == Event.Status.PAUSED:
            return "paused"
        statuses = {row.status for row in self.rows}
        order = ("on_sale", "paused", "coming_soon", "not_started", "sold_out")
        return next((status for status in order if status in statuses), "sales_ended")

    @cached_property
    def is_buyable(self) -> bool:
        return self.state == "on_sale"

    @cached_property
    def buyable_rows(self) -> list[TicketRow]:
        return [row for row in self.rows if row.status == "on_sale"]

    @cached_property
    def chosen_rows(self) -> list[TicketRow]:
        return [row for row in self.rows if row.quantity]

    @cached_property
    def named_rows(self) -> list[TicketRow]:
        """What is chosen, where the checkout asks for a name for each ticket."""
        return self.chosen_rows if self.event.asks_attendee_names else []

    @cached_property
    def some_wait(self) -> bool:
        """Free tickets are on sale while paid ones wait for the organizer's Stripe account."""
        return any(row.status == "coming_soon" for row in self.rows)

    @cached_property
    def has_fees(self) -> bool:
        return any(row.fee_amount for row in self.rows)

    @cached_property
    def is_free(self) -> bool:
        return not any(row.price_amount for row in self.buyable_rows)

    @cached_property
    def quantity(self) -> int:
        return sum(row.quantity for row in self.rows)

    @cached_property
    def total_amount(self) -> int:
        return sum(row.total_amount for row in self.rows)

    @cached_property
    def has_free(self) -> bool:
        return any(not row.price_amount for row in self.buyable_rows)

    @cached_property
    def from_amount(self) -> int:
        """The lowest price that isn't nothing."""
        return min((row.price_amount for row in self.buyable_rows if row.price_amount), default=0)

    @cached_property
    def sales_start(self) -> datetime | None:
        starts = [row.sales_start for row in self.rows if row.status == "not_started" and row.sales_start]
        return min(starts, default=None)

    @cached_property
    def organizer_path(self) -> str:
        return reverse("ticketing:organizer", args=[self.event.organization.slug])

    @cached_property
    def ends_same_day(self) -> bool:
        return self._is_start_day(self.event.ends_at)

    @cached_property
    def doors_same_day(self) -> bool:
        return self.event.doors_at is not None and self._is_start_day(self.event.doors_at)

    def _is_start_day(self, moment: datetime) -> bool:
        zone = ZoneInfo(self.event.timezone)
        return self.event.starts_at.astimezone(zone).date() == moment.astimezone(zone).date()

    @cached_property
    def place(self) -> str:
        return place_of(self.event)

    @cached_property
    def map_query(self) -> str:
        """What a map finds: the address, which says more than a venue's name."""
        return self.event.address or self.event.venue_name

    @cached_property
    def short_place(self) -> str:
        return ", ".join(part for part in (self.event.venue_name, town_of(self.event.address)) if part)

    @cached_property
    def initials(self) -> str:
        return initials(self.event.organization.name)

    @cached_property
    def description_html(self) -> SafeString:
        return rendered(self.event.description)

    @cached_property
    def teaser(self) -> str:
        text = unescape(strip_tags(self.description_html))
        return Truncator(" ".join(text.split())).chars(155)

    @cached_property
    def structured_data(self) -> dict[str, Any]:
        offers = [(row.name, row.price_amount, row.status, row.sales_start) for row in self.rows]
        photo = settings.SITE_URL + self.event.cover.url if self.event.cover else ""
        return describe_event(
            self.event,
            url=self.url,
            organizer_url=settings.SITE_URL + self.organizer_path,
            images=[image for image in (photo, self.image_url) if image],
            teaser=self.teaser,
            offers=offers,
        )


def event_page(
    slug: str, visitor: Visitor, *, chosen: Mapping[str, int] | None = None, revealed: str = ""
) -> EventPage:
    """An event's page in three statements; `chosen` are quantities by ticket type id.

    A hidden type shows to whoever names it. Raises NotFound; a draft is there for members only.
    """
    return show_event(find_event(slug, visitor), chosen=chosen, revealed=revealed)


def show_event(event: Event, *, chosen: Mapping[str, int] | None = None, revealed: str = "") -> EventPage:
    """The page of an event that `find_event` found, in two more statements."""
    wanted = chosen or {}
    named = {revealed, *wanted}
    types = [t for t in event.ticket_types.all() if not t.is_hidden or t.public_id in named]
    terms = find_terms(event) if any(t.price_amount for t in types) else None
    rows = [make_row(event, t, terms, wanted.get(t.public_id, 0)) for t in types]
    return EventPage(event=event, rows=rows, revealed=revealed, quote=quote_rows(event, rows, terms))


def find_event(slug: str, visitor: Visitor, **annotations: Expression) -> Event:
    """The event with its organization, its current Stripe account and its payment settings, joined.

    Raises NotFound; a draft is there for members only.
    """
    event = find_by_address(with_seller(Event.objects.all()).annotate(**annotations), slug)
    if event is None or not (event.is_public or has_role(visitor, event.organization_id, Role.SCANNER)):
        raise NotFound
    return event


def with_seller(events: QuerySet[Event]) -> QuerySet[Event]:
    current = Q(organization__connected_accounts__is_current=True)
    joined = FilteredRelation("organization__connected_accounts", condition=current)
    return events.annotate(account=joined).select_related("organization__payment_settings", "account")  # type: ignore[misc]


def find_terms(event: Event) -> FeeTermsInForce | None:
    """The fee terms in force; None where the plan has none for the currency: then nothing paid is on sale."""
    try:
        return get_terms(event.organization, event.currency)
    except CurrencyNotSupported:
        return None


def cover_url_of(event: Event) -> str:
    return str(event.cover.url) if event.cover else static(drawn_cover(event.title))


def cover_sources_of(event: Event) -> str:
    """The cover in the sizes that `prepare_cover` stored beside it, as an AVIF `srcset`; '' for a drawn one."""
    stem, is_sized, _rest = event.cover.url.partition(SIZED) if event.cover else ("", "", "")
    return ", ".join(f"{stem}-{width}.avif {width}w" for width in WIDTHS) if is_sized else ""


def place_of(event: Event) -> str:
    return ", ".join(part for part in (event.venue_name, event.address) if part)


@lru_cache(maxsize=256)
def rendered(text: str) -> SafeString:
    """The HTML of a description; the same text is read a thousand times between two edits."""
    return render_markdown(text)


def initials(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper()
