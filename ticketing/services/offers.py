"""What somebody wants to buy, read afresh: the event with its seller, the ticket types, the terms and the quote."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from connect.models import ConnectedAccount
from connect.selectors import get_current_account, get_terms
from connect.services.fees import FeeTermsInForce, OrderQuote, TicketLine, quote_order
from maly.errors import Invalid, NotFound
from ticketing.errors import QuantityOutOfRange
from ticketing.models import Event, Order, TicketType
from ticketing.services.sales import Wanted, check_quantities, check_sale, fee_absorption_of
from ticketing.services.stock import Holding
from ticketing.services.ticket_types import MOST_PER_ORDER

LONGEST_NAME = 150


@dataclass(frozen=True)
class Item:
    """So many tickets of a type, as a client asks for them; `names` of those who come, an empty one is the buyer's."""

    ticket_type_public_id: str
    quantity: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """Everything that an order freezes, as it was read; the hold checks that it still holds."""

    event: Event
    wanted: list[Wanted]
    account: ConnectedAccount | None
    terms: FeeTermsInForce
    fee_absorption: str

    def check(self, *, now: datetime) -> None:
        """Refuse what can't be sold now (services/sales.check_sale)."""
        check_sale(self.event, self.wanted, self.account, now=now)

    def quote(self) -> OrderQuote:
        """What it costs, in minor units of the event's currency; raises PriceBelowMinimum, Invalid."""
        lines = [
            TicketLine(
                each.ticket_type.public_id,
                each.ticket_type.name,
                each.ticket_type.price_amount,
                each.quantity,
            )
            for each in self.wanted
        ]
        return quote_order(lines, self.terms, self.fee_absorption)

    def holdings(self) -> list[Holding]:
        return [
            Holding(each.ticket_type.pk, each.quantity, each.ticket_type.price_amount) for each in self.wanted
        ]


def load_offer(event_id: int, items: Sequence[Item]) -> Offer:
    """Read what is wanted; raises NotFound for a ticket type that isn't the event's, QuantityOutOfRange for none."""
    event = Event.objects.select_related("organization__payment_settings").get(pk=event_id)
    return Offer(
        event=event,
        wanted=find_wanted(event, items),
        account=get_current_account(event.organization),
        terms=get_terms(event.organization, event.currency),
        fee_absorption=fee_absorption_of(event),
    )


def items_of(order: Order) -> list[Item]:
    """What an order asked for, to ask for it again."""
    lines = order.lines.select_related("ticket_type")
    return [Item(line.ticket_type.public_id, line.quantity, tuple(line.attendee_names)) for line in lines]


def quote(event: Event, items: Sequence[Item]) -> OrderQuote:
    """What these tickets would cost now, in minor units; nothing is held, and stock and sale windows don't matter.

    Raises NotFound, QuantityOutOfRange, CurrencyNotSupported, PriceBelowMinimum.
    """
    offer = load_offer(event.pk, items)
    check_quantities(offer.wanted)
    return offer.quote()


def find_wanted(event: Event, items: Sequence[Item]) -> list[Wanted]:
    """The ticket types of the items, by id; the same type named twice is added up.

    Names count only where the event asks for them. Raises NotFound, QuantityOutOfRange, Invalid.
    """
    quantities, names = Counter[str](), defaultdict[str, tuple[str, ...]](tuple)
    for item in items:
        if item.quantity < 1:
            raise QuantityOutOfRange
        ticket_type = item.ticket_type_public_id.lower()
        quantities[ticket_type] += item.quantity
        names[ticket_type] += names_of(event, item)
    types = TicketType.objects.filter(event=event, public_id__in=quantities).order_by("id")
    wanted = [Wanted(each, quantities[each.public_id], names[each.public_id]) for each in types]
    if len(wanted) != len(quantities):
        raise NotFound(_("This event has no such ticket type."))
    return wanted


def names_of(event: Event, item: Item) -> tuple[str, ...]:
    """A name for each of the item's tickets, empty where none was given; none at all unless the event asks.

    Raises Invalid for a name that is too long, and for more names than tickets.
    """
    if not event.asks_attendee_names:
        return ()
    names = tuple(" ".join(name.replace("\x00", "").split()) for name in item.names)
    if len(names) > item.quantity:
        raise Invalid(_("There are more names than tickets."), attr="attendee_names")
    if any(len(name) > LONGEST_NAME for name in names):
        raise Invalid(
            _("A name may have at most %(most)s characters.") % {"most": LONGEST_NAME}, attr="attendee_names"
        )
    # Nobody can have more: what is beyond is refused once the ticket types are read, and isn't worth the memory.
    return names + ("",) * (min(item.quantity, MOST_PER_ORDER) - len(names))
