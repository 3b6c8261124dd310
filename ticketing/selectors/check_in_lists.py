"""What a device at the door needs to work without us: every ticket, and later only what has changed.

The cursor is a transaction's number: the oldest one that a list may not have seen. The next list has every ticket
whose row a transaction as young as that has written, whatever it wrote, so that no change falls between two lists.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from maly.errors import Invalid
from ticketing.models import CheckIn, Event, Ticket
from ticketing.selectors.door import count_entries
from ticketing.services.signing import public_key

PAGE_SIZE = 500
# `<changes from>`, and on a further page `<changes from>-<then from>-<after this ticket>`.
CURSOR = re.compile(r"(\d{1,18})(?:-(\d{1,18})-(\d{1,18}))?")
# PostgreSQL compares the 32 bits of a row's transaction within this distance; older changes are listed with all.
COMPARABLE = 2**30


@dataclass(frozen=True)
class ListedTicket:
    """A ticket as a device keeps it; when and where it came in, if it is in."""

    code: str
    generation: int
    status: str
    holder_name: str
    ticket_type: str
    checked_in_at: datetime | None
    gate: str | None


@dataclass(frozen=True)
class CheckInList:
    """A page of the list; `more` is the cursor of the next page, empty on the last."""

    event: str
    event_status: str
    kid: str
    public_key: str
    checked_in: int
    total: int
    since: str
    more: str
    rows: list[ListedTicket]


def find_check_in_list(event: Event, since: str = "") -> CheckInList:
    """The event's tickets that were written to since the list that gave `since`, or all. Raises Invalid."""
    cursor = CURSOR.fullmatch(since or "0")
    if cursor is None:
        raise Invalid(_("Pass on `since` as the last list gave it."), attr="since")
    oldest = _oldest_running()
    changed_from, then_from, after = (int(part or 0) for part in cursor.groups())
    then_from = then_from or oldest
    if not oldest - COMPARABLE < changed_from <= oldest:
        changed_from = 0
    tickets = list(_changed(event, changed_from).filter(pk__gt=after)[: PAGE_SIZE + 1])
    is_more = len(tickets) > PAGE_SIZE
    tickets = tickets[:PAGE_SIZE]
    counts = count_entries(event)
    key, kid = public_key(event)
    return CheckInList(
        event=event.slug,
        event_status=event.status,
        kid=kid,
        public_key=key,
        checked_in=counts.checked_in,
        total=counts.total,
        since=str(then_from),
        more=f"{changed_from}-{then_from}-{tickets[-1].pk}" if is_more else "",
        rows=_show(tickets),
    )


def _changed(event: Event, changed_from: int) -> QuerySet[Ticket]:
    tickets = Ticket.objects.filter(event=event).select_related("line").order_by("pk")
    if not changed_from:
        return tickets
    written = "age(ticketing_ticket.xmin) <= age(%s::text::xid)"
    number = str(changed_from % 2**32)
    return tickets.filter(RawSQL(written, [number], output_field=BooleanField()))  # noqa: S611


def _show(tickets: list[Ticket]) -> list[ListedTicket]:
    is_in = [ticket.pk for ticket in tickets if ticket.status == Ticket.Status.CHECKED_IN]
    entries = CheckIn.objects.filter(ticket__in=is_in, undone_at__isnull=True).order_by("-id")
    first = {entry.ticket_id: entry for entry in entries}
    return [
        ListedTicket(
            code=ticket.code,
            generation=ticket.generation,
            status=ticket.status,
            holder_name=ticket.holder_name,
            ticket_type=ticket.line.name,
            checked_in_at=entry.scanned_at if (entry := first.get(ticket.pk)) else None,
            gate=entry.gate if entry else None,
        )
        for ticket in tickets
    ]


def _oldest_running() -> int:
    """The oldest transaction whose writes a statement from now on may not see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])
