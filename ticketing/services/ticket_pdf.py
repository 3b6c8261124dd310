"""Tickets on paper: one on each page, the QR code as lines, everything that somebody at the door may ask for in words.

All of it stands in the part that A4 and Letter have in common, so that no printer cuts anything off.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from maly.pdf_text import BOLD, PLAIN, draw, draw_right, load_fonts, shorten, width_of, wrap
from maly.templatetags.maly import event_time, ticket_code
from ticketing import links
from ticketing.models import Event, Order, Ticket
from ticketing.selectors.periods import period_in_words
from ticketing.services.signing import sign_ticket
from ticketing.services.tickets import make_qr

WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP = 18 * mm, WIDTH - 18 * mm, HEIGHT - 34 * mm
# The stub with the code is this wide; scanners read a code of 56 mm from an arm's length.
STUB, QR, PADDING = 72 * mm, 56 * mm, 8 * mm
QUIET_ZONE = 4
INK, MUTED, LINE, BRAND = HexColor("#171a24"), HexColor("#595d68"), HexColor("#c9ccd2"), HexColor("#ffb922")
SMALL, TEXT, LARGE, TITLE = 8.5, 10.5, 13.0, 21.0


@dataclass(frozen=True)
class TicketSheet:
    """One page: a ticket and its place among the order's."""

    ticket: Ticket
    type_name: str
    number: int
    total: int


def draw_tickets(order: Order, sheets: Sequence[TicketSheet]) -> bytes:
    """A PDF of these tickets; the same order gives the same bytes."""
    load_fonts()
    target = io.BytesIO()
    canvas = Canvas(
        target,
        pagesize=A4,
        lang=get_language() or "en",
        pageCompression=1,
        invariant=1,
        initialFontName=PLAIN,
    )
    canvas.setTitle(
        _("Tickets: %(title)s, order %(code)s") % {"title": order.event.title, "code": order.code}
    )
    canvas.setAuthor(order.organization.name)
    canvas.setCreator(settings.PLATFORM_NAME)
    canvas.setViewerPreference("DisplayDocTitle", "true")
    for sheet in sheets:
        _draw_page(canvas, order, sheet)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _draw_page(canvas: Canvas, order: Order, sheet: TicketSheet) -> None:
    _draw_logo(canvas)
    y = _draw_heading(canvas, order.event)
    y = _draw_card(canvas, order, sheet, y - 7 * mm)
    _draw_notes(canvas, order, y - 9 * mm)
    _draw_foot(canvas, order)


def _draw_logo(canvas: Canvas) -> None:
    base, name = HEIGHT - 22 * mm, settings.PLATFORM_NAME.lower()
    _write(canvas, LEFT, base, name, LARGE, font=BOLD)
    canvas.setFillColor(BRAND)
    canvas.circle(LEFT + width_of(name, LARGE, font=BOLD) + 4.5, base + 3.4, 3.2, stroke=0, fill=1)


def _draw_heading(canvas: Canvas, event: Event) -> float:
    """When, what and where; returns the height beneath it."""
    y: float = TOP
    _write(canvas, LEFT, y, event_time(event.starts_at, event.timezone), TEXT, font=BOLD, color=MUTED)
    for line in wrap(event.title, RIGHT - LEFT, TITLE, font=BOLD, most=3):
        y -= TITLE * 1.25
        _write(canvas, LEFT, y, line, TITLE, font=BOLD)
    place = ", ".join(part for part in (event.venue_name, event.address) if part)
    for line in wrap(place, RIGHT - LEFT, TEXT, most=3):
        y -= TEXT * 1.6
        _write(canvas, LEFT, y, line, TEXT)
    return y


def _draw_card(canvas: Canvas, order: Order, sheet: TicketSheet, top: float) -> float:
    """The stub with the code, a dashed line, the facts; returns the height beneath it."""
    facts = _facts(order, sheet)
    names = wrap(sheet.type_name, RIGHT - LEFT - STUB - 2 * PADDING, LARGE, font=BOLD, most=3)
    column = RIGHT - LEFT - STUB - 2 * PADDING
    blocks = [(label, wrap(words, column, TEXT, most=3)) for label, words in facts]
    needed = len(names) * LARGE * 1.3 + sum(SMALL * 1.9 + len(lines) * TEXT * 1.4 for _label, lines in blocks)
    height = max(QR + 2 * PADDING + 8 * mm, needed + 2 * PADDING)
    bottom: float = top - height
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.8)
    canvas.roundRect(LEFT, bottom, RIGHT - LEFT, height, 4 * mm, stroke=1, fill=0)
    canvas.setDash(3, 3)
    canvas.line(LEFT + STUB, bottom, LEFT + STUB, top)
    canvas.setDash()
    _draw_stub(canvas, sheet.ticket, LEFT + (STUB - QR) / 2, (top + bottom) / 2 - QR / 2 + 4 * mm)
    _draw_facts(canvas, LEFT + STUB + PADDING, top - PADDING, names, blocks)
    return bottom


def _draw_stub(canvas: Canvas, ticket: Ticket, x: float, y: float) -> None:
    _draw_qr(canvas, sign_ticket(ticket), x, y)
    code = ticket_code(ticket.code)
    _write(canvas, x + (QR - width_of(code, LARGE, font=BOLD)) / 2, y - 4 * mm, code, LARGE, font=BOLD)


def _draw_qr(canvas: Canvas, text: str, x: float, y: float) -> None:
    """The code as filled rectangles, one for each run of dark modules: sharp at any size.

    They are written as PDF operators in units of a module, which takes a third of the time of a path of reportlab's.
    """
    rows = [bytes(row) for row in make_qr(text).matrix]
    size = len(rows) + 2 * QUIET_ZONE
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(QR / size, QR / size)
    canvas.setFillColor(HexColor("#000000"))
    runs = [
        f"{QUIET_ZONE + start} {size - QUIET_ZONE - number - 1} {length} 1 re"
        for number, row in enumerate(rows)
        for start, length in _dark_runs(row)
    ]
    canvas.addLiteral(" ".join(runs) + " f")
    canvas.restoreState()


def _dark_runs(row: bytes) -> list[tuple[int, int]]:
    """Where runs of dark modules begin in a row, and how long they are."""
    runs: list[tuple[int, int]] = []
    for place, module in enumerate(row):
        if not module:
            continue
        if runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((place, 1))
    return runs


def _facts(order: Order, sheet: TicketSheet) -> list[tuple[str, str]]:
    event = order.event
    place = {"number": sheet.number, "total": sheet.total}
    doors = [(_("Doors"), event_time(event.doors_at, event.timezone))] if event.doors_at else []
    return [
        (_("Name"), sheet.ticket.holder_name),
        (_("Ticket"), _("%(number)s of %(total)s") % place),
        (_("When"), period_in_words(event)),
        *doors,
        (_("Order"), order.code),
        (_("Organizer"), order.organization.name),
    ]


def _draw_facts(
    canvas: Canvas, x: float, top: float, names: list[str], blocks: list[tuple[str, list[str]]]
) -> None:
    y = top - LARGE
    for line in names:
        _write(canvas, x, y, line, LARGE, font=BOLD)
        y -= LARGE * 1.3
    for label, lines in blocks:
        y -= SMALL * 0.7
        _write(canvas, x, y, label, SMALL, color=MUTED)
        y -= SMALL * 1.2
        for line in lines:
            y -= TEXT * 0.3
            _write(canvas, x, y, line, TEXT)
            y -= TEXT * 1.1


def _draw_notes(canvas: Canvas, order: Order, y: float) -> None:
    """What to know before coming: shown as far as the page has room."""
    event = order.event
    notes = [
        (_("Getting in"), _("Show this code at the door, on paper or on your phone: one code, one person.")),
        (_("Accessibility"), event.accessibility),
        (_("Refunds"), order.refund_policy or event.refund_policy),
        (_("Questions"), order.organization.contact_email or settings.PLATFORM_SUPPORT_EMAIL),
    ]
    for label, words in notes:
        lines = wrap(words, RIGHT - LEFT - 32 * mm, TEXT, most=6)
        if not lines or y - len(lines) * TEXT * 1.4 < 30 * mm:
            continue
        _write(canvas, LEFT, y, label, TEXT, color=MUTED)
        for line in lines:
            _write(canvas, LEFT + 32 * mm, y, line, TEXT)
            y -= TEXT * 1.4
        y -= TEXT * 0.5


def _draw_foot(canvas: Canvas, order: Order) -> None:
    base = 20 * mm
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.5)
    canvas.line(LEFT, base + 5 * mm, RIGHT, base + 5 * mm)
    words = _("Whoever has this page can get in with it. Don’t post a picture of it.")
    _write(canvas, LEFT, base, shorten(words, RIGHT - LEFT - 50 * mm, SMALL), SMALL, color=MUTED)
    canvas.setFillColor(MUTED)
    draw_right(canvas, RIGHT, base, shorten(links.event_url(order.event), 80 * mm, SMALL), SMALL)


def _write(
    canvas: Canvas, x: float, y: float, text: str, size: float, *, font: str = PLAIN, color: Color = INK
) -> None:
    canvas.setFillColor(color)
    draw(canvas, x, y, text, size, font=font)
