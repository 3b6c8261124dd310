"""Short names for what a row says now, so that whoever edits an older state of it is told instead of overwriting."""

import hashlib
import json
from collections.abc import Iterable

from django.db.models import Model

from ticketing.models import Event, TicketType
from ticketing.services.events import FIELDS as EVENT_FIELDS

TICKET_TYPE_FIELDS = (
    "name",
    "description",
    "price_amount",
    "capacity",
    "sales_start",
    "sales_end",
    "min_per_order",
    "max_per_order",
    "is_hidden",
)


def version_of_event(event: Event) -> str:
    """Follows every field of the editor, its address and its cover; sales and going on sale don't change it."""
    return _version(event, (*EVENT_FIELDS, "slug", "cover"))


def version_of_ticket_type(ticket_type: TicketType) -> str:
    """Follows every field of the ticket's form; its place in the list and what is sold don't change it."""
    return _version(ticket_type, TICKET_TYPE_FIELDS)


def _version(row: Model, names: Iterable[str]) -> str:
    said = {name: str(getattr(row, name)) for name in names}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
