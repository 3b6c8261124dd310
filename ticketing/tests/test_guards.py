"""Each guard of the database is needed: with it the deed is refused, without it the deed goes through and is found.

A negative control: a guard that could go without a test turning red would be a guard that nobody checks.
"""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.services.verification import verify_ledger
from ticketing.models import Order, TicketType
from ticketing.tests.planting import book

pytestmark = pytest.mark.django_db

SOLD = "(SELECT id FROM ticketing_order)"
BALANCED = "DROP TRIGGER ledger_transaction_balances ON ledger_ledgertransaction;"
BALANCED += " DROP TRIGGER ledger_entry_balances ON ledger_ledgerentry"
APPEND_ONLY = "DROP TRIGGER {0}_append_only ON {0}"
# The guard, how it is taken away, what it refuses, and which invariant finds that without it.
GUARDS = {
    "a movement is posted once": (
        "ALTER TABLE ledger_ledgertransaction DROP CONSTRAINT ledger_transaction_once",
        book("sale", "{charge}", SOLD, platform=5000, organizer=-4550, revenue=-450),
        "I05",
    ),
    "a posting sums to zero": (BALANCED, book("gift", "re_1", SOLD, platform=500, revenue=-499), "I01"),
    "a posting has two sides": (BALANCED, book("gift", "re_1", SOLD, platform=500), "I02"),
    "nothing posted is changed": (
        APPEND_ONLY.format("ledger_ledgerentry"),
        "UPDATE ledger_ledgerentry SET amount = amount + 1 WHERE amount > 0",
        "I01",
    ),
    "nothing posted is renamed": (
        APPEND_ONLY.format("ledger_ledgertransaction"),
        "UPDATE ledger_ledgertransaction SET source = 'ch_other' WHERE kind = 'sale'",
        "I19",
    ),
    "nothing posted is deleted": (
        f"{APPEND_ONLY.format('ledger_ledgerentry')}; {APPEND_ONLY.format('ledger_ledgertransaction')}",
        "DELETE FROM ledger_ledgerentry WHERE transaction_id IN"
        " (SELECT id FROM ledger_ledgertransaction WHERE kind = 'stripe_fee');"
        " DELETE FROM ledger_ledgertransaction WHERE kind = 'stripe_fee'",
        "I18",
    ),
    "no more is sold than there is": (
        "ALTER TABLE ticketing_tickettype DROP CONSTRAINT ticket_type_stock",
        "UPDATE ticketing_tickettype SET sold = capacity + 1",
        "I07",
    ),
    "no more is sold than the event has room for": (
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_stock",
        "UPDATE ticketing_event SET capacity = 0",
        "I07",
    ),
    "no more is given back than was paid": (
        "ALTER TABLE ticketing_order DROP CONSTRAINT order_refund_within_total",
        "UPDATE ticketing_order SET refunded_amount = total_amount + 1",
        "I33",
    ),
}


def _do(deed: str) -> None:
    """The deed, and what the database has to say of it at the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is pending would be in a guard's way
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(deed)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_refuses_what_is_found_without_it(
    guard: str, general: TicketType, sell: Callable[..., Order]
) -> None:
    payment = sell((general, 1)).payments.get()
    off, deed, code = GUARDS[guard]
    deed = deed.replace("{charge}", str(payment.charge_id))
    with pytest.raises(DatabaseError):
        _do(deed)
    assert verify_ledger().violations == []
    start = transaction.savepoint()
    _do(off)
    _do(deed)
    assert code in {each.code for each in verify_ledger().violations}
    transaction.savepoint_rollback(start)
