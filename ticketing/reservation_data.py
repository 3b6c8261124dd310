"""An order in schema.org's words, for mail programs that show what one is going to (EventReservation)."""

from typing import Any
from zoneinfo import ZoneInfo

from ticketing import links
from ticketing.models import Order


def describe_reservation(order: Order, *, seats: int) -> dict[str, Any]:
    """Who goes where and when, with `seats` tickets that count; the codes themselves stay in the tickets."""
    event, zone = order.event, ZoneInfo(order.event.timezone)
    known: dict[str, Any] = {
        "@type": "Event",
        "name": event.title,
        "url": links.event_url(event),
        "startDate": event.starts_at.astimezone(zone).isoformat(),
        "endDate": event.ends_at.astimezone(zone).isoformat(),
        "organizer": {"@type": "Organization", "name": event.organization.name},
    }
    if event.venue_name or event.address:
        known["location"] = {
            "@type": "Place",
            "name": event.venue_name or event.address,
            "address": event.address or event.venue_name,
        }
    return {
        "@context": "http://schema.org",
        "@type": "EventReservation",
        "reservationNumber": order.code,
        "reservationStatus": "http://schema.org/ReservationConfirmed",
        "underName": {"@type": "Person", "name": order.name},
        "reservationFor": known,
        "numSeats": seats,
        "url": links.order_url(order),
    }
