"""Buyers whose refund failed at Stripe and whom we paid past it: the refund counts, and the books say who paid."""

import pytest

from accounts.models import AuditEntry
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from maly.errors import MalyError
from ticketing.errors import NothingTaken, NotPayable
from ticketing.models import Payment, Refund
from ticketing.services import refund_sweeps
from ticketing.services.paid_otherwise import pay_buyer_otherwise
from ticketing.services.refund_failures import make_organizer_whole
from ticketing.services.refunds import request_refund
from ticketing.services.reviews import refund_in_review
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_refund_with_connect import drain
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db
HOW = "By bank transfer"


def usd(account):
    return balance(account, currency="usd")


@pytest.fixture
def fail(sandbox, settle):
    def failed(refund):
        sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
        settle()
        refund.refresh_from_db()
        assert refund.status == "failed"
        return refund

    return failed


def test_the_refund_counts_after_all(general, sell, organizer, staff, fail, settle):
    order = sell((general, 2))
    code = order.tickets.first().code
    refund = fail(request_refund(order, actor=organizer, reason="Asked for", tickets=[code]))
    pay_buyer_otherwise(refund, actor=staff, reason=HOW)
    order.refresh_from_db()
    general.refresh_from_db()
    assert (order.status, order.refunded_amount, general.sold) == ("partly_refunded", 5000, 1)
    assert order.tickets.get(code=code).status == "cancelled"
    # $100.00 less fees of $8.70 and Stripe's $3.20; of the ticket $45.65 came from the organizer, $4.35 are our fee.
    assert read_books(order) == Books(9130 - 4565, 550 - 435 + 5000)
    assert usd(chart.bank_platform()) == -5000
    entry = AuditEntry.objects.get(action="refund.paid_otherwise")
    assert (entry.actor, entry.reason) == (staff, HOW)


def test_said_twice_or_heard_of_again_it_stays_so(general, sell, organizer, staff, fail, settle):
    order = sell((general, 1))
    refund = fail(request_refund(order, actor=organizer, reason="Asked for"))
    for _ in range(2):
        refund = pay_buyer_otherwise(refund, actor=staff, reason=HOW)
        refund_sweeps.sync_refund(refund.stripe_refund_id)
        settle()
    order.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.status, refund.needs_staff, order.status) == ("otherwise", False, "refunded")
    assert order.refunded_amount == 5000
    assert read_books(order) == Books(0, 5000 - 175)
    with pytest.raises(NothingTaken):
        make_organizer_whole(refund, actor=staff)
    with pytest.raises(MalyError):
        request_refund(order, actor=organizer, reason="Again")


def test_what_a_short_balance_did_not_bear_is_our_loss(general, sell, organizer, staff, fail, sandbox):
    order = sell((general, 1))
    drain(sandbox, order)
    refund = fail(request_refund(order, actor=organizer, reason="Asked for"))
    in_bank = usd(chart.bank_platform())
    pay_buyer_otherwise(refund, actor=staff, reason=HOW)
    assert (usd(chart.bank_platform()) - in_bank, usd(chart.expense_refund_loss())) == (-5000, 4550)
    assert usd(chart.receivable_organizer(order.organization)) == 0
    assert verify_ledger().violations == []


def test_not_once_the_organizer_was_made_whole(general, sell, organizer, staff, fail):
    order = sell((general, 1))
    refund = fail(request_refund(order, actor=organizer, reason="Asked for"))
    make_organizer_whole(refund, actor=staff)
    with pytest.raises(NotPayable):
        pay_buyer_otherwise(refund, actor=staff, reason=HOW)


def test_not_a_refund_that_reached_the_buyer(general, sell, organizer, staff):
    refund = request_refund(sell((general, 1)), actor=organizer, reason="Asked for")
    with pytest.raises(NotPayable):
        pay_buyer_otherwise(refund, actor=staff, reason=HOW)


def test_not_once_the_buyer_was_refunded_in_the_dashboard(
    general, sell, organizer, staff, fail, sandbox, settle
):
    order = sell((general, 1))
    sell((general, 1), email="other@example.com")
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 50 * 3600})
    refund = fail(request_refund(order, actor=organizer, reason="Asked for"))
    charge = order.payments.get().charge_id
    status, answer = sandbox.control("POST", f"/_sandbox/charges/{charge}/refund", {})
    assert status == 200, answer
    settle()
    with pytest.raises(NotPayable, match="refunded since"):
        pay_buyer_otherwise(refund, actor=staff, reason=HOW)
    order.refresh_from_db()
    assert (order.status, order.refunded_amount) == ("refunded", 5000)
    assert verify_ledger().violations == []


@pytest.mark.broken_books("the buyer has got more than was paid: the reconciliation says so")
def test_a_dashboard_refund_that_is_too_much_keeps_no_other_from_being_found(
    general, sell, organizer, staff, fail, sandbox
):
    order = sell((general, 1))
    other = sell((general, 1), email="other@example.com")
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 50 * 3600})
    pay_buyer_otherwise(
        fail(request_refund(order, actor=organizer, reason="Asked for")), actor=staff, reason=HOW
    )
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    for each in (other, order):  # the newest is found first
        charge = each.payments.get().charge_id
        assert sandbox.control("POST", f"/_sandbox/charges/{charge}/refund", {})[0] == 200
    sandbox.pump()
    assert refund_sweeps.find_refunds() == 1
    other.refresh_from_db()
    assert other.status == "refunded"


def test_a_late_payments_review_is_over_with_it(lose_hold, event, buy, pay, settle, staff, fail):
    scarce = TicketTypeFactory(event=event, capacity=1)
    late = buy((scarce, 1))
    lose_hold(late.payment)
    pay(buy((scarce, 1), email="quick@example.com").payment.session_id)
    pay(late.payment.session_id)
    settle()
    refund = fail(Refund.objects.get())
    pay_buyer_otherwise(refund, actor=staff, reason=HOW)
    late.order.refresh_from_db()
    assert (Payment.objects.get(pk=late.payment.pk).status, late.order.status) == ("succeeded", "refunded")
    assert verify_ledger().violations == []


def test_money_in_review_leaves_suspense(general, buy, pay, settle, staff, fail):
    start = buy((general, 1))
    Payment.objects.update(amount=4999)
    pay(start.payment.session_id)
    settle()
    refund = fail(refund_in_review(start.payment, actor=staff, reason="Charged wrongly"))
    pay_buyer_otherwise(refund, actor=staff, reason=HOW)
    start.order.refresh_from_db()
    assert (Payment.objects.get().status, start.order.status) == ("failed", "expired")
    assert (usd(chart.suspense_unmatched()), usd(chart.bank_platform())) == (0, -5000)
    assert read_books(start.order) == Books(0, 5000 - 175)


@pytest.mark.django_db(transaction=True)
def test_paid_or_made_whole_by_16_at_once_is_one_of_both(general, sell, organizer, staff, fail, sandbox):
    order = sell((general, 1))
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 50 * 3600})
    refund = fail(request_refund(order, actor=organizer, reason="Asked for"))

    def decide(index):
        if index % 2:
            make_organizer_whole(refund, actor=staff)
        else:
            pay_buyer_otherwise(refund, actor=staff, reason=HOW)
        return index % 2

    answers = {answer for answer in at_once(16, decide) if answer in (0, 1)}
    assert len(answers) == 1
    wholes = Books(4550, 275) if answers == {1} else Books(0, 5000 - 175)
    assert read_books(order) == wholes
