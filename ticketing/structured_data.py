"""An event in schema.org's words, for search engines: the price there is the price a buyer pays."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Organization
from maly.money import get_currency
from ticketing.models import Event

AVAILABILITY = {
    "on_sale": "https://schema.org/InStock",
    "not_started": "https://schema.org/PreOrder",
    "sold_out": "https://schema.org/SoldOut",
}


def describe_event(
    event: Event,
    *,
    url: str,
    organizer_url: str,
    images: Sequence[str],
    teaser: str,
    offers: Iterable[tuple[str, int, str, datetime | None]],
) -> dict[str, Any]:
    """`offers` are (name, all-in amount in minor units, ticket status, when its sales start)."""
    zone = ZoneInfo(event.timezone)
    cancelled = event.status == Event.Status.CANCELLED
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.title,
        "url": url,
        "description": teaser,
        "startDate": event.starts_at.astimezone(zone).isoformat(),
        "endDate": event.ends_at.astimezone(zone).isoformat(),
        "eventStatus": f"https://schema.org/{'EventCancelled' if cancelled else 'EventScheduled'}",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "organizer": {"@type": "Organization", "name": event.organization.name, "url": organizer_url},
        "offers": [describe_offer(event, url, *offer) for offer in offers],
        "image": list(images),
    }
    if event.doors_at:
        data["doorTime"] = event.doors_at.astimezone(zone).isoformat()
    if event.venue_name or event.address:
        data["location"] = {
            "@type": "Place",
            "name": event.venue_name or event.address,
            "address": event.address or event.venue_name,
        }
    return data


def describe_offer(
    event: Event, url: str, name: str, amount: int, status: str, starts_at: datetime | None
) -> dict[str, str]:
    offer = {
        "@type": "Offer",
        "name": name,
        "price": str(Decimal(amount).scaleb(-get_currency(event.currency).exponent)),
        "priceCurrency": event.currency.upper(),
        "availability": AVAILABILITY.get(status, "https://schema.org/OutOfStock"),
        "url": url,
    }
    if starts_at:
        offer["validFrom"] = starts_at.astimezone(ZoneInfo(event.timezone)).isoformat()
    return offer


def describe_organizer(organization: Organization, *, url: str, logo: str, teaser: str) -> dict[str, Any]:
    """An organizer as schema.org's Organization; a single host is one too."""
    said = {
        "description": teaser,
        "logo": logo,
        "image": logo,
        "email": organization.contact_email,
        "sameAs": organization.website,
        "location": organization.based_in,
    }
    return {
        "@context": "https://schema.org",
        "@type": "Organization",
        "name": organization.name,
        "url": url,
        **{name: value for name, value in said.items() if value},
    }
