"""Each invariant of ticketing has a planted fault that it alone catches."""

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Organization
from accounts.tests.factories import OrganizationFactory
from ledger.services.verification import verify_ledger
from ticketing.models import Order, Payment, Refund, TicketType
from ticketing.services import checkout
from ticketing.services.fulfillment import settle_payment
from ticketing.services.holds import expire_due_holds
from ticketing.tests.factories import EventFactory, TicketTypeFactory
from ticketing.tests.planting import book, plant, rebook, unbook

# `paid`, `free`, `waiting` and `expired` are the orders of the world below.
PAID = "(SELECT id FROM ticketing_order WHERE email = 'paid@example.com')"
FREE = "(SELECT id FROM ticketing_order WHERE email = 'free@example.com')"
WAITING = "(SELECT id FROM ticketing_order WHERE email = 'waiting@example.com')"
EXPIRED = "(SELECT id FROM ticketing_order WHERE email = 'expired@example.com')"
OTHER = "(SELECT id FROM accounts_organization WHERE slug = 'other')"
NEW_REFUND = (
    "INSERT INTO ticketing_refund (code, order_id, payment_id, origin, status, currency, amount, organizer_part_amount,"
    " fee_part_amount, fee_amount, processing_part_amount, reverse_transfer, refund_application_fee, restock, reason,"
    " request_key, failure_reason, needs_staff, staff_reason, created_at)"
    " SELECT 'R-000000' || {number}, order_id, id, '{origin}', '{status}', 'usd', 5000, 4550, 450, 450, 175,"
    " true, true, true, '', '', '', false, '', now() FROM ticketing_payment WHERE order_id = {order}"
)
LATE_REFUND = NEW_REFUND.format(number=1, origin="late_payment", status="requested", order=EXPIRED)
# Pending ones aren't booked yet.
THREE_REFUNDS = "; ".join(
    NEW_REFUND.format(number=number, origin="organizer", status="pending", order=PAID)
    for number in range(1, 4)
)
THREE_REFUNDS += f"; UPDATE ticketing_order SET refunded_amount = 15000 WHERE id = {PAID}"
A_REFUND = NEW_REFUND.format(number=1, origin="organizer", status="pending", order=PAID)
A_REFUND += f"; UPDATE ticketing_order SET refunded_amount = 5000 WHERE id = {PAID}"
MOVED = (
    "(status, amount, created_at, payment_id, refund_id) SELECT 'requested', {amount}, now(), payment_id, id"
)
# The expired order's payment, paid 16 minutes ago, as the books have it.
PAID_LATE = (
    "UPDATE ticketing_payment SET status = 'succeeded', succeeded_at = now() - interval '16 minutes',"
    f" charge_id = 'ch_late' WHERE order_id = {EXPIRED}; "
    + book("sale", "ch_late", EXPIRED, platform=5000, organizer=-4550, revenue=-450)
)
FAULTS = {
    "I07": {
        "a capacity below what is sold": "UPDATE ticketing_tickettype SET capacity = sold + held - 1"
        " WHERE price_amount > 0",
        "an event's capacity below what is sold": "UPDATE ticketing_event SET capacity = sold + held - 1"
        " WHERE sold > 0",
    },
    "I08": {
        "a sale that isn't counted": "UPDATE ticketing_tickettype SET sold = sold - 1 WHERE price_amount > 0",
        "a cancelled ticket that still counts": "UPDATE ticketing_ticket SET status = 'cancelled'"
        f" WHERE order_id = {PAID}",
        "an event that counts otherwise": "UPDATE ticketing_event SET sold = sold + 1 WHERE sold > 0",
    },
    "I09": {
        "a hold of nobody": "UPDATE ticketing_tickettype SET held = held + 1 WHERE price_amount = 0",
        "an order that holds more": f"UPDATE ticketing_order SET status = 'awaiting_payment' WHERE id = {EXPIRED};"
        f" UPDATE ticketing_payment SET status = 'review' WHERE order_id = {EXPIRED}",
        "an event that counts otherwise": "UPDATE ticketing_event SET held = held + 1 WHERE sold > 0",
    },
    "I10": {
        "a hold that nobody freed": "UPDATE ticketing_order"
        f" SET hold_expires_at = now() - interval '3 minutes' WHERE id = {WAITING}",
        "a hold without an end": f"UPDATE ticketing_order SET hold_expires_at = NULL WHERE id = {WAITING}",
    },
    "I11": {
        "another subtotal": f"UPDATE ticketing_order SET subtotal_amount = subtotal_amount - 1 WHERE id = {PAID}",
        "another price of a line": f"UPDATE ticketing_orderline SET unit_price_amount = 1 WHERE order_id = {FREE}",
    },
    "I12": {
        "a fee moved to a ticket": "UPDATE ticketing_ticket SET platform_fee_amount = platform_fee_amount + 1,"
        f" organizer_amount = organizer_amount - 1 WHERE order_id = {PAID}",
        "a share that was frozen otherwise": "UPDATE ticketing_orderline SET ticket_amounts ="
        f" jsonb_set(ticket_amounts, '{{0,processing_fee}}', '1') WHERE order_id = {PAID}",
        "a fee of an unpaid order": "UPDATE ticketing_order"
        f" SET platform_fee_amount = platform_fee_amount + 1 WHERE id = {WAITING}",
    },
    "I13": {
        "a payment of another amount": f"UPDATE ticketing_payment SET amount = amount - 1 WHERE order_id = {PAID}; "
        + rebook("organizer:%", "amount + 1")
        + "; "
        + rebook("stripe:platform", "amount - 1"),
        "a payment with another fee": "UPDATE ticketing_payment SET application_fee_amount = 0"
        f" WHERE order_id = {PAID}; " + rebook("organizer:%", "-10000") + "; " + unbook("revenue:%"),
        "an order paid by nothing": f"UPDATE ticketing_payment SET status = 'failed' WHERE order_id = {PAID}",
        "a free order that was paid": PAID_LATE.replace(EXPIRED, FREE)
        + f"; UPDATE ticketing_payment SET status = 'succeeded', succeeded_at = now(), charge_id = 'ch_late',"
        f" order_id = {FREE} WHERE order_id = {EXPIRED}",
    },
    "I14": {
        "money for an expired order": PAID_LATE,
        "a refund that was never made": f"{PAID_LATE}; {LATE_REFUND}",
    },
    "I15": {
        "a ticket for an unpaid order": f"UPDATE ticketing_order SET status = 'cancelled' WHERE id = {FREE}",
        "a line that bought more": f"UPDATE ticketing_orderline SET quantity = quantity + 1 WHERE order_id = {FREE}",
    },
    "I16": {
        "a live ticket of a refunded order": f"UPDATE ticketing_order SET status = 'refunded' WHERE id = {PAID}",
    },
    "I17": {
        "more than was paid": THREE_REFUNDS,
        "more of the fee than there was": f"{A_REFUND}; INSERT INTO ticketing_applicationfeerefund"
        f" {MOVED.format(amount=871)} FROM ticketing_refund",
        "more of the transfer than there was": f"{A_REFUND}; INSERT INTO ticketing_transferreversal"
        f" {MOVED.format(amount=10001)} FROM ticketing_refund",
    },
    "I27": {
        "another organization's order": f"UPDATE ticketing_order SET organization_id = {OTHER} WHERE id = {FREE}",
        "another event's ticket": "UPDATE ticketing_ticket SET event_id = (SELECT max(id) FROM ticketing_event)"
        f" WHERE order_id = {PAID}",
        "another organization's account": f"UPDATE connect_connectedaccount SET organization_id = {OTHER}",
        "another destination": f"UPDATE ticketing_payment SET destination = 'acct_other' WHERE order_id = {WAITING}",
    },
    "I28": {
        "an order whose session is over": f"UPDATE ticketing_payment SET status = 'expired' WHERE order_id = {WAITING};"
        f" UPDATE ticketing_order SET hold_expires_at = now() + interval '9 minutes' WHERE id = {WAITING}",
    },
}
CASES = [(code, words) for code, faults in FAULTS.items() for words in faults]


@pytest.fixture
def world(
    organization: Organization,
    general: TicketType,
    buy: Callable[..., checkout.CheckoutStart],
    pay: Callable[..., object],
) -> None:
    """A paid order of two tickets, a free one, one that awaits its payment, and one that expired."""
    EventFactory(organization=OrganizationFactory(slug="other"), slug="other-event")
    free = TicketTypeFactory(event=general.event, name="Child", price_amount=0)
    expired = buy((general, 1), email="expired@example.com").order
    Order.objects.filter(pk=expired.pk).update(hold_expires_at="2026-01-01T00:00Z")
    assert expire_due_holds() == 1
    paid = buy((general, 2), email="paid@example.com")
    pay(paid.payment.session_id)
    settle_payment(paid.payment.session_id)
    buy((free, 1), email="free@example.com")
    buy((general, 3), email="waiting@example.com")
    statuses = dict(Order.objects.values_list("email", "status"))
    assert {email.split("@")[0]: status for email, status in statuses.items()} == {
        "paid": "paid",
        "free": "paid",
        "waiting": "awaiting_payment",
        "expired": "expired",
    }


@pytest.mark.django_db
def test_what_the_services_wrote_is_clean(world: None) -> None:
    assert verify_ledger().violations == []
    assert verify_ledger(is_full=False).violations == []


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "words"), CASES)
@pytest.mark.broken_books("faults are planted")
def test_a_planted_fault_is_caught_by_its_own_invariant_alone(world: None, code: str, words: str) -> None:
    verify_ledger()
    plant(FAULTS[code][words])
    found = verify_ledger(is_full=False)
    assert not found.is_full
    assert {violation.code for violation in found.violations} == {code}
    found = verify_ledger()
    assert {violation.code for violation in found.violations} == {code}
    assert all(violation.subject and violation.detail for violation in found.violations)


@pytest.mark.django_db
def test_a_payment_kept_for_staff_keeps_its_hold_without_a_fault(world: None) -> None:
    order = Order.objects.get(email="waiting@example.com")
    order.payments.update(status="review")
    Order.objects.filter(pk=order.pk).update(hold_expires_at="2026-01-01T00:00Z")
    assert verify_ledger().violations == []


@pytest.mark.django_db
def test_a_late_payment_that_was_refunded_is_no_fault(
    general: TicketType,
    buy: Callable[..., checkout.CheckoutStart],
    pay: Callable[..., object],
    lose_hold: Callable[[Payment], None],
) -> None:
    late = buy((general, 1))
    lose_hold(late.payment)
    TicketType.objects.update(capacity=0)
    pay(late.payment.session_id)
    settle_payment(late.payment.session_id)
    assert Order.objects.get().status == "refunded"
    assert Refund.objects.get().origin == "late_payment"
    assert verify_ledger().violations == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.broken_books("faults are planted")
def test_an_incremental_run_passes_over_what_was_clean_and_untouched(world: None) -> None:
    for _ in range(500):  # a test beside this one may hold the mark back for a moment
        verify_ledger()
        if not _changed_orders():
            break
    assert _changed_orders() == 0
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"DELETE FROM ticketing_ticket WHERE order_id = {FREE}")
        cursor.execute("SET session_replication_role = origin")
    assert verify_ledger(is_full=False).violations == []
    assert {violation.code for violation in verify_ledger().violations} == {"I08", "I15"}
    Order.objects.filter(email="free@example.com").update(name="Ada")
    assert {each.code for each in verify_ledger(is_full=False).violations} == {"I08", "I15"}


def _changed_orders() -> int:
    """How many orders an incremental run would look at now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ticketing_order WHERE age(xmin) <="
            " (SELECT age((horizon % 4294967296)::text::xid) FROM ledger_ledgermark ORDER BY id DESC LIMIT 1)"
        )
        return int(cursor.fetchone()[0])
