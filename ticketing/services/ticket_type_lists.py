"""An event's list of ticket types: their order, and which of them are still sold. No amount changes here."""

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone as clock

from accounts.models import User
from accounts.services import audit
from maly.errors import NotFound
from ticketing.errors import EventCancelled, TicketTypeInUse
from ticketing.models import Event, TicketType
from ticketing.services.ticket_types import lock_ticket_type


def move_ticket_type(ticket_type: TicketType, *, up: bool) -> None:
    """Let it and its neighbour change places; the first goes no further up, the last no further down.

    Raises NotFound if it was removed meanwhile, as stopping and resuming do.
    """
    with transaction.atomic():
        # By id, as every lock on ticket types is taken; then in the order that buyers see.
        locked = TicketType.objects.select_for_update(no_key=True).filter(event_id=ticket_type.event_id)
        types = sorted(locked.order_by("id"), key=lambda each: (each.position, each.pk))
        here = next((index for index, each in enumerate(types) if each.pk == ticket_type.pk), None)
        if here is None:
            raise NotFound
        there = here - 1 if up else here + 1
        if 0 <= there < len(types):
            types[here], types[there] = types[there], types[here]
        for position, each in enumerate(types):
            if each.position != position:
                TicketType.objects.filter(pk=each.pk).update(position=position)


def stop_ticket_type(ticket_type: TicketType, *, actor: User) -> TicketType:
    """Sell no more of it; what is held may still be paid, what is sold stays valid. Safe to call twice."""
    return _set_stopped(ticket_type, actor=actor, is_stopped=True)


def resume_ticket_type(ticket_type: TicketType, *, actor: User) -> TicketType:
    """Sell it again. Safe to call twice. Raises EventCancelled."""
    return _set_stopped(ticket_type, actor=actor, is_stopped=False)


def remove_ticket_type(ticket_type: TicketType, *, actor: User) -> None:
    """Delete a ticket type that nobody has ever ordered; raises TicketTypeInUse for any other."""
    event = Event.objects.select_related("organization").get(pk=ticket_type.event_id)
    try:
        with transaction.atomic():
            _audit(ticket_type, event, "ticket_type.removed", actor)
            ticket_type.delete()
    except ProtectedError:
        raise TicketTypeInUse from None


def _set_stopped(ticket_type: TicketType, *, actor: User, is_stopped: bool) -> TicketType:
    with transaction.atomic():
        ticket_type = lock_ticket_type(ticket_type)
        if is_stopped == (ticket_type.stopped_at is not None):
            return ticket_type
        event = Event.objects.select_related("organization").get(pk=ticket_type.event_id)
        if event.status == Event.Status.CANCELLED:
            raise EventCancelled
        ticket_type.stopped_at = clock.now() if is_stopped else None
        ticket_type.save(update_fields=["stopped_at"])
        _audit(ticket_type, event, "ticket_type.stopped" if is_stopped else "ticket_type.resumed", actor)
    return ticket_type


def _audit(ticket_type: TicketType, event: Event, action: str, actor: User) -> None:
    audit.record(
        action,
        organization=event.organization,
        subject=f"ticket_type:{ticket_type.public_id}",
        actor=actor,
        after={"name": ticket_type.name},
    )
