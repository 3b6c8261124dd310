"""Ticket types: a price, a capacity and when they are sold. Prices are face prices in minor units of the event."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from connect.selectors import get_terms
from connect.services.fees import check_price
from maly.errors import Invalid, NotFound
from ticketing.errors import CapacityBelowSold, EventCancelled, TicketTypeChanged
from ticketing.models import Event, TicketType
from ticketing.services.events import LARGEST_CAPACITY, in_zone
from ticketing.services.sales import fee_absorption_of
from ticketing.services.versions import version_of_ticket_type

FIELDS = (
    "name",
    "description",
    "price_amount",
    "capacity",
    "sales_start",
    "sales_end",
    "min_per_order",
    "max_per_order",
    "is_hidden",
    "position",
)
MOST_PER_ORDER = 100


def create_ticket_type(event: Event, *, actor: User | None, draft_key: str = "", **fields: Any) -> TicketType:
    """Add a ticket type of these fields (FIELDS) to the event; a `draft_key` that has made one answers with that one.

    Raises Invalid naming the field, PriceBelowMinimum for a price that doesn't cover its fees or is below Stripe's
    minimum, EventCancelled.
    """
    event = Event.objects.select_related("organization").get(pk=event.pk)
    if event.status == Event.Status.CANCELLED:
        raise EventCancelled
    given = _known({"position": _next_position(event), **fields})
    ticket_type = TicketType(event=event, draft_key=draft_key, **given)
    _check(ticket_type, event)
    try:
        with transaction.atomic():
            ticket_type.save(force_insert=True)
            _audit(ticket_type, event, "ticket_type.created", actor, before={})
    except IntegrityError:
        if not draft_key:
            raise
        return TicketType.objects.get(event=event, draft_key=draft_key)
    return ticket_type


def update_ticket_type(
    ticket_type: TicketType, *, actor: User | None, version: str | None = None, **fields: Any
) -> TicketType:
    """Change the given fields; a new price is for new orders only.

    With a `version` only if the type still is what its page showed. Raises TicketTypeChanged, Invalid,
    PriceBelowMinimum, EventCancelled, CapacityBelowSold.
    """
    with transaction.atomic():
        ticket_type = lock_ticket_type(ticket_type)
        if version is not None and version != version_of_ticket_type(ticket_type):
            raise TicketTypeChanged
        event = Event.objects.select_related("organization").get(pk=ticket_type.event_id)
        if event.status == Event.Status.CANCELLED:
            raise EventCancelled
        before = _money_facts(ticket_type)
        for name, value in _known(fields).items():
            setattr(ticket_type, name, value)
        _check(ticket_type, event)
        taken = ticket_type.held + ticket_type.sold
        if ticket_type.capacity < taken:
            raise CapacityBelowSold(
                _("%(taken)s tickets are sold or held. The capacity can't be less.") % {"taken": taken}
            )
        ticket_type.save(update_fields=list(fields))
        if before != _money_facts(ticket_type):
            _audit(ticket_type, event, "ticket_type.changed", actor, before=before)
    return ticket_type


def lock_ticket_type(ticket_type: TicketType) -> TicketType:
    """The ticket type, locked and read anew; raises NotFound if somebody has removed it meanwhile."""
    found = TicketType.objects.select_for_update(no_key=True).filter(pk=ticket_type.pk).first()
    if found is None:
        raise NotFound
    return found


def _next_position(event: Event) -> int:
    """Behind all the others."""
    last = event.ticket_types.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    assert not unknown, unknown
    return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}


def _check(ticket_type: TicketType, event: Event) -> None:
    """What one ticket type can know of itself and its event; raises Invalid, PriceBelowMinimum."""
    if not ticket_type.name:
        raise Invalid(_("Give the ticket type a name."), attr="name")
    if not 1 <= ticket_type.capacity <= LARGEST_CAPACITY:
        raise Invalid(
            _("The capacity must be between 1 and %(most)s.") % {"most": f"{LARGEST_CAPACITY:,}"},
            attr="capacity",
        )
    if not 1 <= ticket_type.min_per_order <= MOST_PER_ORDER:
        raise Invalid(
            _("Between 1 and %(most_per_order)s tickets an order.") % {"most_per_order": MOST_PER_ORDER},
            attr="min_per_order",
        )
    if not ticket_type.min_per_order <= ticket_type.max_per_order <= MOST_PER_ORDER:
        raise Invalid(
            _("Between the minimum and %(most_per_order)s tickets an order.")
            % {"most_per_order": MOST_PER_ORDER},
            attr="max_per_order",
        )
    _check_window(ticket_type, ZoneInfo(event.timezone))
    check_price(
        ticket_type.price_amount, get_terms(event.organization, event.currency), fee_absorption_of(event)
    )


def _check_window(ticket_type: TicketType, zone: ZoneInfo) -> None:
    for attr in ("sales_start", "sales_end"):
        if moment := getattr(ticket_type, attr):
            setattr(ticket_type, attr, in_zone(moment, zone, attr=attr))
    if ticket_type.sales_start and ticket_type.sales_end and ticket_type.sales_end <= ticket_type.sales_start:
        raise Invalid(_("Sales must end after they start."), attr="sales_end")


def _money_facts(ticket_type: TicketType) -> dict[str, int]:
    return {"price_amount": ticket_type.price_amount, "capacity": ticket_type.capacity}


def _audit(
    ticket_type: TicketType, event: Event, action: str, actor: User | None, *, before: dict[str, int]
) -> None:
    audit.record(
        action,
        organization=event.organization,
        subject=f"ticket_type:{ticket_type.public_id}",
        actor=actor,
        actor_kind=None if actor else "command",
        before=before,
        after=_money_facts(ticket_type),
    )
