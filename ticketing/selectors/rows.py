"""The lines of the ticket box: what may be bought, at which price, and what is chosen."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _

from connect.errors import PriceBelowMinimum
from connect.models import ConnectedAccount
from connect.services.fees import FeeTermsInForce, OrderQuote, TicketLine, price_of_one, quote_order
from maly.errors import Invalid
from ticketing.models import Event, TicketType
from ticketing.services.sales import available, fee_absorption_of, ticket_status

FIELD_PREFIX = "q-"
LOW_STOCK = 10


@dataclass(frozen=True)
class TicketRow:
    """One line of the ticket box: what a buyer may do with a ticket type, at its all-in price."""

    ticket_type: TicketType
    status: str
    price_amount: int
    fee_amount: int
    available: int
    wanted: int = 0

    @property
    def id(self) -> str:
        return self.ticket_type.public_id

    @cached_property
    def field(self) -> str:
        return f"{FIELD_PREFIX}{self.id}"

    @property
    def name(self) -> str:
        return self.ticket_type.name

    @property
    def description(self) -> str:
        return self.ticket_type.description

    @property
    def sales_start(self) -> datetime | None:
        return self.ticket_type.sales_start

    @property
    def sales_end(self) -> datetime | None:
        return self.ticket_type.sales_end

    @property
    def least(self) -> int:
        return self.ticket_type.min_per_order

    @cached_property
    def most(self) -> int:
        return max(0, min(self.ticket_type.max_per_order, self.available))

    @cached_property
    def quantity(self) -> int:
        """What was asked for, brought within what one order may have now."""
        if self.status != "on_sale" or self.wanted <= 0:
            return 0
        return min(max(self.wanted, self.least), self.most)

    @property
    def is_low(self) -> bool:
        """Said only where it is true and means something: few left of many."""
        return self.available <= LOW_STOCK and self.available * 4 <= self.ticket_type.capacity

    @cached_property
    def total_amount(self) -> int:
        return self.price_amount * self.quantity

    @property
    def face_amount(self) -> int:
        return self.ticket_type.price_amount * self.quantity


def account_of(event: Event) -> ConnectedAccount | None:
    """The account that `with_seller` joined; Django leaves the attribute out where there is none."""
    return getattr(event, "account", None)


def make_row(event: Event, ticket_type: TicketType, terms: FeeTermsInForce | None, wanted: int) -> TicketRow:
    price_amount, fee_amount = ticket_type.price_amount, 0
    if price_amount and terms:
        price_amount, fee_amount = price_of_one(price_amount, terms, fee_absorption_of(event))
    status = str(ticket_status(ticket_type, event, account_of(event), event.organization, timezone.now()))
    if ticket_type.price_amount and terms is None:
        status = "coming_soon"
    return TicketRow(ticket_type, status, price_amount, fee_amount, available(ticket_type, event), wanted)


def change_in_words(row: TicketRow) -> str:
    """Why an order was changed, and from what to what."""
    values = {"name": row.name, "wanted": row.wanted, "quantity": row.quantity}
    if row.status != "on_sale":
        return why_not_on_sale(row) % values
    if row.wanted < row.least:
        return _("%(name)s is sold from %(quantity)s on. We changed your order from %(wanted)s.") % values
    if row.most == row.available:
        return (
            _("Only %(quantity)s %(name)s left. We changed your order from %(wanted)s to %(quantity)s.")
            % values
        )
    return _("One order may have %(quantity)s %(name)s. We changed yours from %(wanted)s.") % values


def why_not_on_sale(row: TicketRow) -> str:
    """The words of the checkout's error codes for a type that can't be bought at all."""
    words = {
        "sold_out": _("Sorry, this ticket type is sold out. We took %(name)s out of your order."),
        "coming_soon": _("Tickets are not yet available for purchase. Please check back later."),
        "paused": _("Ticket sales are temporarily paused. Please try again later."),
        "not_started": _("Sales of %(name)s haven’t started yet. We took it out of your order."),
    }
    return words.get(row.status, _("Sales of %(name)s have ended. We took it out of your order."))


def quote_rows(event: Event, rows: list[TicketRow], terms: FeeTermsInForce | None) -> OrderQuote | None:
    """The breakdown of what is chosen, as the order would freeze it; None for what can't be sold at these prices."""
    lines = [
        TicketLine(row.id, row.name, row.ticket_type.price_amount, row.quantity)
        for row in rows
        if row.quantity
    ]
    if not lines or terms is None:
        return None
    try:
        return quote_order(lines, terms, fee_absorption_of(event))
    except (PriceBelowMinimum, Invalid):
        return None
