"""An organizer's public page: who they are, what is coming up, what was."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts.models import Organization
from maly.errors import NotFound
from ticketing.models import Event
from ticketing.selectors.browse import EventCard, make_cards, with_parts
from ticketing.selectors.events import initials, rendered
from ticketing.structured_data import describe_organizer

PAGE_SIZE = 12
LAST_PAGE = 100


@dataclass(frozen=True)
class OrganizerPage:
    """One page of an organizer's events, with what the organizer says above and below it."""

    organization: Organization
    cards: list[EventCard]
    upcoming: int
    past: int
    published: int
    is_past: bool
    number: int

    @cached_property
    def url(self) -> str:
        return f"{settings.SITE_URL}{reverse('ticketing:organizer', args=[self.organization.slug])}"

    @property
    def canonical_url(self) -> str:
        return f"{self.url}?{self._query(self.number)}" if self.is_past or self.number > 1 else self.url

    @property
    def logo_url(self) -> str:
        logo = self.organization.logo
        return settings.SITE_URL + logo.url if logo else ""

    @property
    def initials(self) -> str:
        return initials(self.organization.name)

    @cached_property
    def about_html(self) -> SafeString:
        return rendered(self.organization.description)

    @cached_property
    def teaser(self) -> str:
        """One sentence or two for search engines and previews."""
        text = self.organization.tagline or " ".join(strip_tags(self.about_html).split())
        return Truncator(text).chars(155)

    @property
    def is_found(self) -> bool:
        """Whether search engines may keep it: once something was published, and as long as it may sell."""
        return self.published > 0 and not self.organization.is_flagged

    @property
    def next_query(self) -> str:
        there = self.past if self.is_past else self.upcoming
        has_more = there > self.number * PAGE_SIZE and self.number < LAST_PAGE
        return self._query(self.number + 1) if has_more else ""

    @property
    def previous_query(self) -> str:
        return self._query(self.number - 1) if self.number > 1 else ""

    @property
    def structured_data(self) -> dict[str, Any]:
        return describe_organizer(self.organization, url=self.url, logo=self.logo_url, teaser=self.teaser)

    def _query(self, number: int) -> str:
        return f"when=past&page={number}" if self.is_past else f"page={number}"


def organizer_page(slug: str, *, is_past: bool = False, number: int = 1) -> OrganizerPage:
    """The page of an organization, personal ones too; seven statements at most. Raises NotFound."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise NotFound
    number = min(max(number, 1), LAST_PAGE)
    return OrganizerPage(
        organization=organization,
        cards=_cards(organization, is_past, number),
        is_past=is_past,
        number=number,
        **_counts(organization),
    )


def _counts(organization: Organization) -> dict[str, int]:
    now = timezone.now()
    visible, published = _is_visible(), ~Q(status=Event.Status.DRAFT)
    return Event.objects.filter(organization=organization).aggregate(
        upcoming=Count("pk", filter=visible & Q(ends_at__gt=now)),
        past=Count("pk", filter=visible & Q(ends_at__lte=now)),
        published=Count("pk", filter=published),
    )


def _is_visible() -> Q:
    """What is listed: not drafts, and not what was cancelled."""
    return Q(status__in=[Event.Status.PUBLISHED, Event.Status.PAUSED])


def _cards(organization: Organization, is_past: bool, number: int) -> list[EventCard]:
    """Upcoming ones soonest first with their prices, past ones newest first without."""
    events = Event.objects.filter(_is_visible(), organization=organization)
    start, now = (number - 1) * PAGE_SIZE, timezone.now()
    if is_past:
        over = events.filter(ends_at__lte=now).order_by("-starts_at", "-id")[start : start + PAGE_SIZE]
        return [EventCard(event=event, rows=[]) for event in over.select_related("organization")]
    found = with_parts(events.filter(ends_at__gt=now).order_by("starts_at", "id"))[start : start + PAGE_SIZE]
    return make_cards(list(found))
