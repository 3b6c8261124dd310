"""An event in schema.org's words, for search engines: the price there is the price a buyer pays."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from maly.money import get_currency
from ticketing.models import Event

AVAILABILITY = {
    "on_sale": "https://schema.org/InStock",
    "not_started": "https://schema.org/PreOrder",
    "sold_out": "https://schema.org/SoldOut",
}


def describe_event(
    event: Event, *, url: str, image: str, teaser: str, offers: Iterable[tuple[str, int, str]]
) -> dict[str, Any]:
    """`offers` are (name, all-in amount in minor units, ticket status)."""
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
        "organizer": {"@type": "Organization", "name": event.organization.name},
        "offers": [describe_offer(event, url, *offer) for offer in offers],
    }
    if event.venue_name or event.address:
        data["location"] = {
            "@type": "Place",
            "name": event.venue_name or event.address,
            "address": event.address or event.venue_name,
        }
    if image:
        data["image"] = [image]
    return data


def describe_offer(event: Event, url: str, name: str, amount: int, status: str) -> dict[str, str]:
    return {
        "@type": "Offer",
        "name": name,
        "price": str(Decimal(amount).scaleb(-get_currency(event.currency).exponent)),
        "priceCurrency": event.currency.upper(),
        "availability": AVAILABILITY.get(status, "https://schema.org/OutOfStock"),
        "url": url,
    }
