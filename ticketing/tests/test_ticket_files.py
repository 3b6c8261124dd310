"""The files that a buyer keeps: a calendar entry that follows its event, and tickets that a scanner reads on paper."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from icalendar import Calendar
from PIL import Image, ImageDraw
from pypdf import PageObject, PdfReader

from accounts.models import User
from ticketing.errors import NoTickets
from ticketing.models import Event, Order, TicketType
from ticketing.services.calendar_zones import describe_zone
from ticketing.services.cancellations import cancel_event
from ticketing.services.event_edits import edit_event
from ticketing.services.signing import sign_ticket
from ticketing.services.ticket_files import calendar_file, tickets_pdf
from ticketing.services.versions import version_of_event

# In pixels: one module of a code, and room for the largest.
MODULE, SIDE = 5, 400


def entry(event: Event, **more: Any) -> Any:
    return Calendar.from_ical(calendar_file(event, **more)).walk("VEVENT")[0]


def edit(event: Event, organizer: User, **fields: Any) -> Event:
    return edit_event(event, actor=organizer, version=version_of_event(event), slug=event.slug, **fields)


def qr_of(page: PageObject) -> str:
    """What a scanner reads from the page's rectangles, which are in units of the code's modules."""
    image, content = Image.new("L", (SIDE, SIDE), 255), cast(Any, page["/Contents"])
    pen = ImageDraw.Draw(image)
    for numbers in re.findall(r"(\d+) (\d+) (\d+) 1 re", content.get_data().decode("latin-1")):
        x, y, width = (int(number) * MODULE for number in numbers)
        pen.rectangle([x, SIDE - y - MODULE, x + width - 1, SIDE - y - 1], fill=0)
    found = zxingcpp.read_barcode(image)
    return found.text if found else ""


def test_a_calendar_gets_the_hour_on_the_events_own_clock_whatever_day_the_clocks_change(
    event: Event,
) -> None:
    event.starts_at, event.timezone = datetime(2027, 3, 27, 22, tzinfo=UTC), "Europe/Berlin"
    event.ends_at = datetime(2027, 3, 28, 4, tzinfo=UTC)  # the clocks go forward in that night
    found = entry(event)
    assert found["DTSTART"].to_ical() == b"20270327T230000"
    assert found["DTEND"].to_ical() == b"20270328T060000"
    assert found["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert found["DTEND"].dt - found["DTSTART"].dt in (timedelta(hours=6), timedelta(hours=7))


@pytest.mark.parametrize("name", ["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_a_calendar_that_knows_no_zones_gets_every_hour_right(name: str) -> None:
    zone, start = ZoneInfo(name), datetime(2027, 6, 1, tzinfo=UTC)
    described: Any = describe_zone(zone, start=start, end=start)
    rules = sorted(described.walk()[1:], key=lambda rule: rule["DTSTART"].dt - rule["TZOFFSETFROM"].td)
    for hours in range(-8000, 8000, 7):
        moment = start + timedelta(hours=hours, minutes=59)
        begun = [r for r in rules if (r["DTSTART"].dt - r["TZOFFSETFROM"].td).replace(tzinfo=UTC) <= moment]
        assert begun[-1]["TZOFFSETTO"].td == moment.astimezone(zone).utcoffset(), moment


def test_a_calendar_entry_follows_what_becomes_of_its_event(event: Event, organizer: User) -> None:
    before = entry(event)
    moved = edit(event, organizer, starts_at=event.starts_at + timedelta(minutes=30))
    same = edit(moved, organizer, description="Come **early**.")
    assert (before["SEQUENCE"], entry(moved)["SEQUENCE"], entry(same)["SEQUENCE"]) == (0, 1, 1)
    cancelled = entry(cancel_event(same, actor=organizer))
    assert cancelled["SEQUENCE"] == 2
    assert cancelled["STATUS"] == "CANCELLED"
    assert cancelled["UID"] == before["UID"]
    assert cancelled["DTSTAMP"].dt >= before["DTSTAMP"].dt


def test_only_the_buyers_own_calendar_file_leads_to_the_tickets(
    event: Event, general: TicketType, sell: Any
) -> None:
    order = sell((general, 1))
    assert order.key in str(entry(event, order=order)["URL"])
    assert entry(event, order=order)["CLASS"] == "PRIVATE"
    assert order.key not in calendar_file(event).decode()


def test_each_page_of_the_pdf_is_one_ticket_that_a_scanner_reads(
    event: Event, general: TicketType, sell: Any, organizer: User
) -> None:
    edit(event, organizer, title="ليلة السوق 夜市 🎉", address="14 Quay Street, " + "Bristol " * 30)
    order: Order = sell((general, 3))
    order.tickets.update(holder_name="מרים כהן")
    first, last = order.tickets.order_by("id")[0], order.tickets.order_by("id")[2]
    pdf = tickets_pdf(order)
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert [qr_of(pages[0]), qr_of(pages[2])] == [sign_ticket(first), sign_ticket(last)]
    text = pages[2].extract_text()
    assert f"{last.code[:5]}-{last.code[5:]}" in text
    assert "3 of 3" in text
    assert order.code in text
    assert "夜市" in text
    assert len(pages) == 3
    assert len(pdf) < 150_000
    assert tickets_pdf(order) == pdf


@pytest.mark.broken_books("tickets are cancelled by hand, without their stock")
def test_tickets_that_count_no_more_are_on_no_page(event: Event, general: TicketType, sell: Any) -> None:
    order: Order = sell((general, 2))
    order.tickets.filter(pk=order.tickets.order_by("id")[0].pk).update(status="cancelled")
    assert len(PdfReader(io.BytesIO(tickets_pdf(order))).pages) == 1
    order.tickets.update(status="cancelled")
    with pytest.raises(NoTickets):
        tickets_pdf(order)
