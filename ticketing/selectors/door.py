"""What the door shows: how many are in, who came last, and whom a name may mean."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from maly.templatetags.maly import event_hour
from ticketing.access import Gatekeeper
from ticketing.models import CheckIn, Event, Ticket
from ticketing.services.check_ins import UNDO_FOR, Answer, Result
from ticketing.services.scans import spell_code
from ticketing.services.signing import read_claim

MOST_MATCHES = 20
SHORTEST_NAME = 2
JUST_NOW = timedelta(minutes=1)


@dataclass(frozen=True)
class Entries:
    """How many of an event's live tickets are in."""

    checked_in: int
    total: int


def count_entries(event: Event) -> Entries:
    live = Ticket.objects.filter(event=event).exclude(status=Ticket.Status.CANCELLED)
    is_in = Q(status=Ticket.Status.CHECKED_IN)
    return Entries(**live.aggregate(checked_in=Count("pk", filter=is_in), total=Count("pk")))


def find_last_entry(event: Event, keeper: Gatekeeper) -> CheckIn | None:
    """The last person whom this gatekeeper let in."""
    own = CheckIn.objects.filter(event=event, user=keeper.user, door=keeper.door, undone_at__isnull=True)
    return own.select_related("ticket__line").order_by("-id").first()


def find_tickets_by_name(event: Event, name: str) -> list[Ticket]:
    """The event's live tickets whose holder's name has every word of `name`; at most twenty."""
    words = name.split()
    if len(name.strip()) < SHORTEST_NAME or len(words) > 5:
        return []
    matches = Q()
    for word in words:
        matches &= Q(holder_name__icontains=word)
    found = Ticket.objects.filter(matches, event=event).exclude(status=Ticket.Status.CANCELLED)
    return list(found.select_related("line").order_by("holder_name", "pk")[:MOST_MATCHES])


@dataclass(frozen=True)
class DoorPage:
    """The page at the door: whom it lets in, and what it offers besides."""

    event: Event
    entries: Entries
    last: CheckIn | None
    may_undo: bool


def door_page(event: Event, keeper: Gatekeeper) -> DoorPage:
    """The door in two statements; the last entry may be taken back for a few seconds more."""
    last = find_last_entry(event, keeper)
    may_undo = last is not None and timezone.now() < last.recorded_at + UNDO_FOR
    return DoorPage(event=event, entries=count_entries(event), last=last, may_undo=may_undo)


@dataclass(frozen=True)
class ResultWords:
    """A result as it fills the screen: its word, its look, who, and why."""

    word: str
    look: str
    name: str
    why: str


def describe_answer(event: Event, answer: Answer) -> ResultWords:
    """The words of an answer: come in, already in (when and where), or what is wrong."""
    ticket = answer.ticket
    who = f"{ticket.holder_name}, {ticket.line.name}" if ticket else ""
    if ticket is None or answer.result == Result.NOT_VALID:
        return ResultWords(_("Not valid"), "no", answer.reason, who)
    if answer.result == Result.ADMITTED:
        why = f"{ticket.line.name}. {answer.note}" if answer.note else ticket.line.name
        return ResultWords(_("Come in"), "in", ticket.holder_name, why)
    return ResultWords(
        _("Already in"), "again", ticket.holder_name, f"{ticket.line.name}. {_since(event, answer)}"
    )


def _since(event: Event, answer: Answer) -> str:
    if answer.entry is None:
        return _("Scanned before.")
    words = {
        "gate": answer.entry.gate,
        # On a phone's narrow lines “8:07 am” stays together.
        "hour": event_hour(answer.entry.scanned_at, event.timezone).replace(" ", "\u00a0"),
        "ago": timesince(answer.entry.scanned_at, depth=1),
    }
    if timezone.now() - answer.entry.scanned_at < JUST_NOW:
        return _("Scanned at %(gate)s at %(hour)s, just now.") % words
    return _("Scanned at %(gate)s at %(hour)s, %(ago)s ago.") % words


def is_code(event: Event, text: str) -> bool:
    """Whether a text is to be checked as a ticket rather than looked up as a name; a name may look like a code."""
    code = spell_code(text)
    if code is None:
        return "." in text and read_claim(text) is not None
    return any(sign.isdigit() for sign in text) or event.tickets.filter(code=code).exists()
