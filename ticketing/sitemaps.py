"""What search engines may read: the pages of events to come and of organizers, and since when they are as they are."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import Max, QuerySet
from django.urls import reverse

from accounts.models import Organization
from ticketing.models import Event
from ticketing.selectors.event_search import listed_events

PAGE_SIZE = 10_000


class SiteSitemap(Sitemap):  # type: ignore[type-arg]
    """Addresses are the site's own, whatever name the request came by."""

    limit = PAGE_SIZE
    changed = ""  # the field that says when an item last changed

    def get_latest_lastmod(self) -> datetime | None:
        """Of all items in one row; Django's own would read every one."""
        items = self.items()
        return items.aggregate(latest=Max(self.changed))["latest"] if isinstance(items, QuerySet) else None

    def get_protocol(self, protocol: str | None = None) -> str:  # noqa: ARG002
        return str(urlsplit(settings.SITE_URL).scheme)

    def get_domain(self, site: Any = None) -> str:  # noqa: ARG002
        return str(urlsplit(settings.SITE_URL).netloc)


class EventSitemap(SiteSitemap):
    """Published events that aren't over."""

    changed = "listing__changed_at"

    def items(self) -> QuerySet[Event]:
        listed = listed_events().select_related("listing").only("slug", "listing__changed_at")
        return listed.order_by("id")

    def location(self, item: Event) -> str:
        return reverse("ticketing:event", args=[item.slug])

    def lastmod(self, item: Event) -> datetime:
        return item.listing.changed_at


class OrganizerSitemap(SiteSitemap):
    """Organizers who have published something and may sell; their page changes with their events."""

    changed = "changed_at"

    def items(self) -> QuerySet[Organization]:
        known = Organization.objects.filter(flagged_at__isnull=True, events__published_at__isnull=False)
        changed_at = Max("events__listing__changed_at")
        return known.annotate(changed_at=changed_at).only("slug").order_by("id")

    def location(self, item: Organization) -> str:
        return reverse("ticketing:organizer", args=[item.slug])

    def lastmod(self, item: Any) -> datetime:
        changed_at: datetime = item.changed_at
        return changed_at


class HomeSitemap(SiteSitemap):
    """The front page."""

    def items(self) -> list[str]:
        return ["ticketing:home"]

    def location(self, item: str) -> str:
        return reverse(item)


SITEMAPS = {"events": EventSitemap, "organizers": OrganizerSitemap, "pages": HomeSitemap}
