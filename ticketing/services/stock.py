"""The counters of stock: conditional UPDATEs that the database itself keeps within capacity.

Called inside the caller's transaction as its last writes, ticket types by id and the event last, so that the hottest
rows are locked for the shortest time and always in one order. READ COMMITTED: a waiting UPDATE sees the row anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from ticketing.models import Event


class StockMoved(Exception):
    """Raised when a condition of the UPDATE no longer holds: sold out, another price, sales closed. Look again."""


@dataclass(frozen=True)
class Holding:
    """So many tickets of a type at the price that the order freezes (minor units)."""

    ticket_type_id: int
    quantity: int
    price_amount: int


# The price is a condition: an order never freezes what an unlocked read had seen.
_TAKE_TYPE = """
UPDATE ticketing_tickettype SET {column} = {column} + %(quantity)s
WHERE id = %(ticket_type_id)s AND event_id = %(event_id)s
  AND held + sold + %(quantity)s <= capacity AND price_amount = %(price_amount)s
  AND (sales_start IS NULL OR sales_start <= statement_timestamp())
  AND (sales_end IS NULL OR sales_end > statement_timestamp()) AND stopped_at IS NULL
RETURNING price_amount
"""
_TAKE_EVENT = """
UPDATE ticketing_event SET {column} = {column} + %(quantity)s
WHERE id = %(event_id)s AND status = 'published' AND ends_at > statement_timestamp()
  AND currency = %(currency)s AND fee_absorption IS NOT DISTINCT FROM %(fee_absorption)s
  AND (capacity IS NULL OR held + sold + %(quantity)s <= capacity)
RETURNING id
"""
# A late payment takes whatever is left, whatever the window says: the buyer has paid.
_RETAKE_TYPE = """
UPDATE ticketing_tickettype SET sold = sold + %(quantity)s
WHERE id = %(ticket_type_id)s AND held + sold + %(quantity)s <= capacity RETURNING id
"""
_RETAKE_EVENT = """
UPDATE ticketing_event SET sold = sold + %(quantity)s
WHERE id = %(event_id)s AND status <> 'cancelled' AND (capacity IS NULL OR held + sold + %(quantity)s <= capacity)
RETURNING id
"""

_LESS = ", capacity = capacity - %(quantity)s"


def hold(event: Event, holdings: Sequence[Holding]) -> None:
    """Hold tickets for an order that awaits its payment; raises StockMoved.

    The transaction commits without waiting for the disk, so that the hot rows aren't locked for a flush; the
    synchronous commit of the Payment, before Stripe hears of anything, flushes this one too.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    _take(event, holdings, "held")


def take(event: Event, holdings: Sequence[Holding]) -> None:
    """Sell tickets at once, for an order that costs nothing; raises StockMoved."""
    _take(event, holdings, "sold")


def retake(event_id: int, quantities: Mapping[int, int]) -> bool:
    """Sell tickets to a payment that came after its hold was freed; False when there aren't enough (roll back)."""
    with connection.cursor() as cursor:
        for ticket_type_id, quantity in sorted(quantities.items()):
            cursor.execute(_RETAKE_TYPE, {"ticket_type_id": ticket_type_id, "quantity": quantity})
            if cursor.rowcount == 0:
                return False
        cursor.execute(_RETAKE_EVENT, {"event_id": event_id, "quantity": sum(quantities.values())})
        return bool(cursor.rowcount)


def sell(event_id: int, quantities: Mapping[int, int]) -> None:
    """Turn held tickets (ticket type id → number) into sold ones."""
    _move(event_id, quantities, "held = held - %(quantity)s, sold = sold + %(quantity)s")


def release(event_id: int, quantities: Mapping[int, int]) -> None:
    """Give held tickets (ticket type id → number) back."""
    _move(event_id, quantities, "held = held - %(quantity)s")


def give_back(event_id: int, quantities: Mapping[int, int], *, restock: bool) -> None:
    """Free the seats of cancelled tickets, to be sold again or, with `restock` off, taken off sale with them."""
    _move(event_id, quantities, "sold = sold - %(quantity)s" + ("" if restock else _LESS))


def take_back(event_id: int, quantities: Mapping[int, int], *, restock: bool) -> bool:
    """Seat tickets again that count after all; False when their seats are gone (roll back)."""
    if restock:
        return retake(event_id, quantities)
    _move(event_id, quantities, "sold = sold + %(quantity)s, capacity = capacity + %(quantity)s")
    return True


def _take(event: Event, holdings: Sequence[Holding], column: str) -> None:
    with connection.cursor() as cursor:
        for holding in sorted(holdings, key=lambda each: each.ticket_type_id):
            cursor.execute(_TAKE_TYPE.format(column=column), {**vars(holding), "event_id": event.pk})
            if cursor.rowcount == 0:
                raise StockMoved
        conditions: dict[str, int | str | None] = {
            "event_id": event.pk,
            "quantity": sum(holding.quantity for holding in holdings),
            "currency": event.currency,
            "fee_absorption": event.fee_absorption,
        }
        cursor.execute(_TAKE_EVENT.format(column=column), conditions)
        if cursor.rowcount == 0:
            raise StockMoved


def _move(event_id: int, quantities: Mapping[int, int], change: str) -> None:
    with connection.cursor() as cursor:
        for ticket_type_id, quantity in sorted(quantities.items()):
            cursor.execute(
                f"UPDATE ticketing_tickettype SET {change} WHERE id = %(id)s",  # noqa: S608  constants
                {"id": ticket_type_id, "quantity": quantity},
            )
        cursor.execute(
            f"UPDATE ticketing_event SET {change} WHERE id = %(id)s",  # noqa: S608  constants
            {"id": event_id, "quantity": sum(quantities.values())},
        )
