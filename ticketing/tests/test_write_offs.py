"""What organizers owe and will never have: our loss, once, and nothing takes it from them any more."""

import pytest

from accounts.models import AuditEntry
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from ticketing.errors import NothingOwed, RecoveryUnderWay
from ticketing.models import OrganizerReceivable
from ticketing.services import refund_sweeps
from ticketing.services.refunds import request_refund
from ticketing.services.write_offs import write_off_receivable
from ticketing.tests.books import Books, read_books
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def owed(general, sell, organizer):
    """$4.50 of a $50.00 refund, which the organizer's $45.50 didn't cover."""
    refund = request_refund(sell((general, 1)), actor=organizer, reason="Kept", refund_application_fee=False)
    return OrganizerReceivable.objects.get(refund=refund)


def our_loss():
    return balance(chart.expense_refund_loss(), currency="usd")


def test_all_that_is_open_becomes_our_loss(owed, staff, general, sell):
    assert read_books(owed.refund.order) == Books(0, -175, owed=450)
    written = write_off_receivable(owed, actor=staff, reason="Gone out of business")
    assert (written.open_amount, written.written_off_amount, our_loss()) == (0, 450, 450)
    assert read_books(owed.refund.order) == Books(0, -175)
    entry = AuditEntry.objects.get(action="receivable.written_off")
    assert (entry.actor, entry.reason, entry.after["amount"]) == (staff, "Gone out of business", 450)
    later = sell((general, 1), email="later@example.com")
    assert refund_sweeps.recover_receivables() == 0
    assert read_books(later) == Books(4550, 100)


def test_a_part_may_be_written_off_and_the_rest_still_be_taken(owed, staff, general, sell):
    write_off_receivable(owed, actor=staff, reason="Goodwill", amount=200)
    write_off_receivable(owed, actor=staff, reason="More goodwill", amount=100)
    later = sell((general, 1), email="later@example.com")
    owed.refresh_from_db()
    assert (owed.settled_amount, owed.written_off_amount, owed.open_amount) == (4550 + 150, 300, 0)
    assert our_loss() == 300
    assert read_books(later) == Books(4550 - 150, -175 + 275 + 150)


@pytest.mark.parametrize("amount", [0, -1, 451])
def test_never_more_than_is_owed(amount, owed, staff):
    with pytest.raises(NothingOwed):
        write_off_receivable(owed, actor=staff, reason="Too much", amount=amount)
    assert our_loss() == 0


def test_it_waits_for_a_reversal_without_an_answer(owed, staff):
    owed.refund.reversals.update(status="requested")
    with pytest.raises(RecoveryUnderWay):
        write_off_receivable(owed, actor=staff, reason="At once")
    assert our_loss() == 0
    owed.refund.reversals.update(status="succeeded")


def test_a_refund_that_fails_takes_the_loss_back(owed, staff, sandbox, settle):
    write_off_receivable(owed, actor=staff, reason="Goodwill", amount=200)
    write_off_receivable(owed, actor=staff, reason="All of it")
    sandbox.control("POST", f"/_sandbox/refunds/{owed.refund.stripe_refund_id}", {"status": "failed"})
    settle()
    owed.refresh_from_db()
    assert (owed.open_amount, owed.written_off_amount, our_loss()) == (0, 0, 0)
    assert verify_ledger().violations == []


@pytest.mark.django_db(transaction=True)
def test_16_at_once_write_it_off_once(owed, staff):
    def write_off(_index):
        try:
            write_off_receivable(owed, actor=staff, reason="At once")
        except NothingOwed:
            return 0
        return 1

    assert sum(at_once(16, write_off)) == 1
    assert our_loss() == 450
    assert verify_ledger().violations == []
