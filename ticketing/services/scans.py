"""What stands behind a scanned or typed text: a ticket of this event, or why it is none, in words for the door."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from maly.templatetags.maly import event_date
from ticketing.errors import TicketNotValid
from ticketing.models import Event, Order, RefundTicket, Ticket
from ticketing.services.signing import read_claim, verify_ticket

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")
# How a code may have been read aloud or off paper: Crockford's base 32 has no O, I or L.
_SPELLING = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


@dataclass(frozen=True)
class Scan:
    """What a text means at the door of one event. `generation` is the one that a QR code was signed for."""

    ticket: Ticket | None = None
    generation: int | None = None
    problem: str = ""


def read_scan(event: Event, text: str) -> Scan:
    """The ticket of `event` that a QR code's text or a typed code stands for, or what is wrong; any text will do.

    A ticket of another event of the same organization is named; of anybody else's nothing is said.
    """
    text = text.strip()
    scan = _read_signed(event, text) if "." in text else _read_typed(event, text)
    if scan.ticket and not scan.problem and event.status == Event.Status.CANCELLED:
        return Scan(scan.ticket, problem=_("This event is cancelled."))
    return scan


def spell_code(text: str) -> str | None:
    """A ticket's code as somebody typed it, in its one spelling; None for what can't be a code."""
    code = text.upper().translate(_SPELLING)
    return code if CODE.fullmatch(code) else None


def why_cancelled(ticket: Ticket, order: Order, event: Event) -> str:
    """Why a cancelled ticket doesn't count any more, with the day."""
    day = {"day": short_date(event, ticket)}
    if RefundTicket.objects.filter(ticket=ticket, is_live=True).exists():
        return _("Refunded on %(day)s") % day if ticket.paid_amount else _("Cancelled on %(day)s") % day
    if order.is_disputed:
        return _("The buyer’s bank has taken the money back")
    return _("Cancelled on %(day)s") % day


def short_date(event: Event, ticket: Ticket) -> str:
    """The day on which a ticket was cancelled, in the event's zone: Thu 3 Dec 2026."""
    return event_date(ticket.cancelled_at, event.timezone) if ticket.cancelled_at else "…"


def _read_typed(event: Event, text: str) -> Scan:
    code = spell_code(text)
    ticket = _find(event, code) if code else None
    if ticket is None:
        return _not_found()
    return Scan(ticket) if ticket.event_id == event.pk else _wrong_event(ticket)


def _read_signed(event: Event, text: str) -> Scan:
    claim = read_claim(text)
    ticket = _find(event, claim.code) if claim else None
    if claim is None or ticket is None or not _is_signed(text, ticket.event):
        return _not_found()
    return Scan(ticket, claim.generation) if ticket.event_id == event.pk else _wrong_event(ticket)


def _find(event: Event, code: str) -> Ticket | None:
    return (
        Ticket.objects.select_related("event", "line")
        .filter(code=code, event__organization_id=event.organization_id)
        .first()
    )


def _is_signed(text: str, event: Event) -> bool:
    try:
        verify_ticket(text, event)
    except TicketNotValid:
        return False
    return True


def _not_found() -> Scan:
    return Scan(problem=_("Not found: no ticket of this event has this code"))


def _wrong_event(ticket: Ticket) -> Scan:
    other = ticket.event
    words = {"title": other.title, "day": event_date(other.starts_at, other.timezone)}
    return Scan(problem=_("Wrong event: “%(title)s”, %(day)s") % words)
