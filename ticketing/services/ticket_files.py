"""What buyers keep: the event for their calendar (RFC 5545), and their tickets on paper."""

from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, vCalAddress
from icalendar import Event as CalendarEntry

from ticketing import links
from ticketing.errors import NoTickets
from ticketing.models import Event, Order, Ticket
from ticketing.services.calendar_zones import describe_zone
from ticketing.services.ticket_pdf import TicketSheet, draw_tickets


def calendar_file(event: Event, *, order: Order | None = None) -> bytes:
    """The event as an .ics file, in its own zone; with an order also the way to its tickets, so keep that private.

    The UID is the event's for ever and SEQUENCE grows with each change of time, place or title, so that a calendar
    which is given the file again changes its entry, and strikes it out once the event is cancelled.
    """
    calendar = Calendar()
    calendar.add("PRODID", f"-//{settings.PLATFORM_NAME}//Tickets//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    zone = ZoneInfo(event.timezone)
    if zone.key not in ("UTC", "Etc/UTC"):
        calendar.add_component(describe_zone(zone, start=event.starts_at, end=event.ends_at))
    calendar.add_component(_entry(event, order, zone))
    return bytes(calendar.to_ical())


def tickets_pdf(order: Order) -> bytes:
    """The order's tickets that count, one on each page; the same bytes for the same order.

    Raises NoTickets when none counts (any more), and for an event that is cancelled.
    """
    tickets = list(
        order.tickets.exclude(status=Ticket.Status.CANCELLED).select_related("line", "event", "ticket_type")
    )
    if not tickets or order.event.status == Event.Status.CANCELLED:
        raise NoTickets
    return draw_tickets(
        order,
        [
            TicketSheet(ticket=ticket, type_name=ticket.line.name, number=number, total=len(tickets))
            for number, ticket in enumerate(tickets, start=1)
        ],
    )


def _entry(event: Event, order: Order | None, zone: ZoneInfo) -> CalendarEntry:
    is_cancelled = event.status == Event.Status.CANCELLED
    entry = CalendarEntry()
    entry.add("UID", f"{event.public_id}@{urlsplit(settings.SITE_URL).hostname}")
    entry.add("SEQUENCE", event.revision + is_cancelled)
    changed_at = event.cancelled_at or event.revised_at or event.created_at
    entry.add("DTSTAMP", changed_at)
    entry.add("LAST-MODIFIED", changed_at)
    entry.add("DTSTART", _local(event.starts_at, zone))
    entry.add("DTEND", _local(event.ends_at, zone))
    entry.add("SUMMARY", event.title)
    entry.add("STATUS", "CANCELLED" if is_cancelled else "CONFIRMED")
    if place := ", ".join(part for part in (event.venue_name, event.address) if part):
        entry.add("LOCATION", place)
    entry.add("DESCRIPTION", _words(event, order))
    entry.add("URL", links.order_url(order) if order else links.event_url(event))
    entry.add("CLASS", "PRIVATE" if order else "PUBLIC")
    if address := event.organization.contact_email:
        organizer = vCalAddress(f"mailto:{address}")
        organizer.params["CN"] = event.organization.name
        entry["ORGANIZER"] = organizer
    return entry


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(second=0, microsecond=0)


def _words(event: Event, order: Order | None) -> str:
    if order is None:
        return _("By %(organizer)s. %(url)s") % {
            "organizer": event.organization.name,
            "url": links.event_url(event),
        }
    facts = {"code": order.code, "url": links.order_url(order), "organizer": event.organization.name}
    return _("Your tickets, order %(code)s: %(url)s\nBy %(organizer)s.") % facts
