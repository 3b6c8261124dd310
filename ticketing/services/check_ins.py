"""Letting people in: each ticket once, whoever scans it, and again only with a reason.

The order is locked first, as refunds and disputes lock it, so that no ticket is let in while it is being cancelled.
Of two gates that scan one code at the same time, the conditional UPDATE of the ticket lets exactly one in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from maly.errors import NotFound
from ticketing.access import Gatekeeper
from ticketing.errors import UndoTooLate
from ticketing.models import CheckIn, Event, Order, Ticket
from ticketing.services.scans import Scan, read_scan, why_cancelled

UNDO_FOR = timedelta(seconds=10)
LONGEST_REASON = 200


class Result(StrEnum):
    """What the door says."""

    ADMITTED = "admitted"
    ALREADY_IN = "already_in"
    NOT_VALID = "not_valid"


@dataclass(frozen=True)
class Answer:
    """The door's answer: `entry` is the one made, or the first one of a ticket that is in already."""

    result: Result
    ticket: Ticket | None = None
    entry: CheckIn | None = None
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Device:
    """What the scanning device says of a scan; `nonce` names it, so that sending it again makes no second entry."""

    device_id: str = ""
    scanned_at: datetime | None = None
    nonce: str = ""

    @property
    def scan_name(self) -> str:
        """The scan's name; a device and its moment make one as well."""
        if self.nonce or not (self.device_id and self.scanned_at):
            return self.nonce
        return f"{self.device_id}@{self.scanned_at.isoformat()}"


def check_in(
    event: Event, *, keeper: Gatekeeper, text: str, device: Device | None = None, override_reason: str = ""
) -> Answer:
    """Let in whoever shows `text`, a QR code's or a typed code: admitted, already in or not valid, never an error.

    With an `override_reason` a ticket that is in already is let in again. A ticket whose payment is disputed is let
    in, with a note: the bank may yet decide for the organizer, and that its holder came is evidence. The same scan
    sent again is the same entry. Safe to call twice.
    """
    scan = read_scan(event, text)
    if scan.ticket is None or scan.problem:
        return Answer(Result.NOT_VALID, scan.ticket, reason=scan.problem)
    device = device or Device()
    with transaction.atomic():
        order = Order.objects.select_for_update(no_key=True).get(pk=scan.ticket.order_id)
        ticket = Ticket.objects.select_related("line").get(pk=scan.ticket.pk)
        entry = ticket.check_ins.filter(nonce=device.scan_name).first() if device.scan_name else None
        if entry is not None:
            return _same_again(ticket, order, entry)
        problem = _find_problem(event, scan, ticket, order)
        if problem:
            return Answer(Result.NOT_VALID, ticket, reason=problem)
        return _admit(event, keeper, device, ticket, order, override_reason.strip()[:LONGEST_REASON])


def undo_check_in(event: Event, *, keeper: Gatekeeper, public_id: str) -> CheckIn:
    """Take back one's own entry within ten seconds; doing it again changes nothing.

    Raises NotFound for somebody else's, UndoTooLate.
    """
    entry = find_entry(event, keeper, public_id)
    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=entry.ticket.order_id)
        entry = CheckIn.objects.select_related("ticket").get(pk=entry.pk)
        if entry.undone_at is not None:
            return entry
        if timezone.now() > entry.recorded_at + UNDO_FOR:
            raise UndoTooLate
        if entry.ticket.status != Ticket.Status.CHECKED_IN:
            raise UndoTooLate(_("This ticket was cancelled since. The check-in stands."))
        entry.undone_at = timezone.now()
        entry.save(update_fields=["undone_at"])
        if not CheckIn.objects.filter(ticket=entry.ticket, undone_at__isnull=True).exists():
            Ticket.objects.filter(pk=entry.ticket_id).update(status=Ticket.Status.VALID)
    return entry


def find_entry(event: Event, keeper: Gatekeeper, public_id: str) -> CheckIn:
    """One's own entry at this event; raises NotFound."""
    entries = CheckIn.objects.select_related("ticket__line").filter(user=keeper.user, door=keeper.door)
    entry = entries.filter(event=event, public_id=public_id).first() if public_id.isalnum() else None
    if entry is None:
        raise NotFound
    return entry


def _same_again(ticket: Ticket, order: Order, entry: CheckIn) -> Answer:
    """What a scan that was sent before was answered; one that was taken back lets nobody in."""
    if entry.undone_at is not None:
        return Answer(Result.NOT_VALID, ticket, reason=_("This scan was taken back. Scan the ticket again"))
    return Answer(Result.ADMITTED, ticket, entry, note=_note(ticket, order))


def _find_problem(event: Event, scan: Scan, ticket: Ticket, order: Order) -> str:
    if ticket.status == Ticket.Status.CANCELLED:
        return why_cancelled(ticket, order, event)
    if scan.generation not in (None, ticket.generation):
        return _("Replaced: this ticket was issued anew. Ask for the new one")
    return ""


def _admit(
    event: Event, keeper: Gatekeeper, device: Device, ticket: Ticket, order: Order, override_reason: str
) -> Answer:
    """Write the entry of a live ticket of a locked order, if it is the first or has a reason."""
    valid = Ticket.objects.filter(pk=ticket.pk, status=Ticket.Status.VALID)
    is_first = valid.update(status=Ticket.Status.CHECKED_IN) == 1
    if not is_first and not override_reason:
        first = ticket.check_ins.filter(undone_at__isnull=True).order_by("id").first()
        return Answer(Result.ALREADY_IN, ticket, first)
    entry = CheckIn.objects.create(
        ticket=ticket,
        event=event,
        user=keeper.user,
        door=keeper.door,
        gate=keeper.gate,
        device_id=device.device_id,
        nonce=device.scan_name,
        # A clock that runs ahead would have people come in the future.
        scanned_at=min(device.scanned_at or timezone.now(), timezone.now()),
        override_reason="" if is_first else override_reason,
    )
    return Answer(Result.ADMITTED, ticket, entry, note=_note(ticket, order))


def _note(ticket: Ticket, order: Order) -> str:
    if not order.is_disputed:
        return ""
    return _("This payment is disputed. Ask for an ID that says %(name)s.") % {"name": ticket.holder_name}
