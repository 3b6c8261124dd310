"""What makes an event, a ticket type or a text for the bank another than the one that a page was filled from."""

import hashlib
import json
from collections.abc import Mapping

from maly.versions import version_of
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
    return version_of(event, (*EVENT_FIELDS, "is_date_open", "slug", "cover"))


def version_of_ticket_type(ticket_type: TicketType) -> str:
    """Follows every field of the ticket's form; its place in the list and what is sold don't change it."""
    return version_of(ticket_type, TICKET_TYPE_FIELDS)


def version_of_texts(texts: Mapping[str, str]) -> str:
    """Follows what a dispute's evidence says; a text that was emptied is none."""
    said = {name: text for name, text in texts.items() if text}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
