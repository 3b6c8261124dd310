"""Payments that were put aside: their money is in the books from the first, and staff decide what becomes of it."""

import pytest

from accounts.models import AuditEntry
from connect.models import ConnectedAccount
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from maly.crash import install_hook
from ticketing.errors import NothingToRefund, NotInReview, PaymentFailed, ReviewNotOver
from ticketing.models import Event, Order, OrganizerReceivable, Payment, Refund, Ticket
from ticketing.services import charges, refund_sweeps
from ticketing.services.fulfillment import settle_payment
from ticketing.services.reviews import accept_payment, close_review, refund_in_review
from ticketing.tests.books import Books, held_by, read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_refund_with_connect import drain
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db


def violations():
    """Without I27, which names accounts that aren't the organizer's: that is what some of these cases are about."""
    return [each for each in verify_ledger().violations if each.code != "I27"]


def suspense():
    return balance(chart.suspense_unmatched(), currency="usd")


@pytest.fixture
def put_aside(buy, pay, settle, general):
    """A $50.00 payment that isn't what our row says: $45.50 at the organizer's, a fee of $4.50, Stripe's own $1.75."""

    def paid(**change):
        start = buy((general, 1))
        Payment.objects.filter(pk=start.payment.pk).update(**change or {"amount": 4999})
        pay(start.payment.session_id)
        settle()
        payment = Payment.objects.get(pk=start.payment.pk)
        assert payment.status == "review"
        return payment

    return paid


@pytest.fixture
def by_hand(sandbox, settle):
    """Refund in Stripe's dashboard."""

    def refund(payment, **flags):
        status, answer = sandbox.control("POST", f"/_sandbox/charges/{payment.charge_id}/refund", flags)
        assert status == 200, answer
        settle()
        payment.refresh_from_db()
        return Refund.objects.filter(origin="stripe").last()

    return refund


def fails(sandbox, settle, refund):
    sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    refund.refresh_from_db()
    assert refund.status == "failed"


def reload(payment):
    return Payment.objects.select_related("order").get(pk=payment.pk)


DIFFERENT = [
    {"amount": 4999},
    {"currency": "eur"},
    {"application_fee_amount": 1},
]


@pytest.mark.parametrize("change", DIFFERENT)
def test_its_money_is_in_the_books_as_stripe_has_it(change, put_aside):
    payment = put_aside(**change)
    assert read_books(payment.order) == Books(4550, 275)
    assert suspense() == -450
    assert (payment.order.status, Ticket.objects.count()) == ("awaiting_payment", 0)


@pytest.mark.parametrize("change", DIFFERENT)
def test_refunded_in_full_nothing_of_it_is_left_but_stripes_fee(change, put_aside, staff, settle, general):
    payment = put_aside(**change)
    refund = refund_in_review(payment, actor=staff, reason="Charged wrongly")
    settle()
    assert (refund.status, refund.amount, refund.actor) == ("succeeded", 5000, staff)
    payment, order = reload(payment), Order.objects.get()
    assert (payment.status, order.status, order.refunded_amount) == ("failed", "expired", 0)
    general.refresh_from_db()
    assert (general.held, general.sold) == (0, 0)
    assert read_books(order) == Books(0, -175)
    assert suspense() == 0
    with pytest.raises(NotInReview):
        refund_in_review(payment, actor=staff, reason="Again")


def test_money_on_an_account_that_nobody_knows_stays_in_suspense(staff, settle, buy, pay, general):
    account = ConnectedAccount.objects.get()
    known = account.stripe_account_id
    start = buy((general, 1))
    ConnectedAccount.objects.update(stripe_account_id="acct_changed")
    Payment.objects.update(amount=4999)
    pay(start.payment.session_id)
    settle()
    payment = Payment.objects.get()
    assert payment.received["organization"] is None
    assert (held_by(known), held_by("")) == (4550, 275)
    assert (suspense(), balance(chart.platform(), currency="usd")) == (-450, 275)
    assert violations() == []
    refund_in_review(payment, actor=staff, reason="Charged wrongly")
    settle()
    assert (suspense(), balance(chart.platform(), currency="usd"), held_by("")) == (0, -175, -175)
    assert violations() == []


def test_accepted_it_is_a_sale_like_any_other(put_aside, staff, settle, general):
    payment = put_aside()
    with pytest.raises(ReviewNotOver, match="amount: Stripe 5000, ours 4999"):
        accept_payment(payment, actor=staff)
    Payment.objects.update(amount=5000)
    order = accept_payment(payment, actor=staff)
    settle()
    assert (order.status, order.tickets.count()) == ("paid", 1)
    assert reload(payment).status == "succeeded"
    general.refresh_from_db()
    assert (general.held, general.sold) == (0, 1)
    assert read_books(order) == Books(4550, 275)
    assert suspense() == 0
    assert AuditEntry.objects.get(action="payment.accepted").actor == staff
    with pytest.raises(NotInReview):
        accept_payment(payment, actor=staff)


def test_accepted_without_stock_it_goes_back_like_any_late_payment(put_aside, staff, settle):
    payment = put_aside()
    Payment.objects.update(amount=5000)
    Event.objects.update(status="cancelled")
    order = accept_payment(payment, actor=staff)
    settle()
    order.refresh_from_db()
    assert (order.status, Refund.objects.get().origin) == ("refunded", "late_payment")
    assert read_books(order) == Books(0, -175)
    assert suspense() == 0


def test_killed_after_accepting_the_sweep_settles_it(put_aside, staff, settle):
    payment = put_aside()
    Payment.objects.update(amount=5000)

    class Killed(Exception):
        pass

    def kill(name):
        if name == "review.accepted":
            raise Killed

    install_hook(kill)
    try:
        with pytest.raises(Killed):
            accept_payment(payment, actor=staff)
    finally:
        install_hook(None)
    settle_payment(payment.session_id, actor_kind="sweep")
    charges.record_missing_charge_money()
    assert read_books(reload(payment).order) == Books(4550, 275)
    assert suspense() == 0


def test_what_the_dashboard_refunds_of_it_is_recorded_and_the_rest_goes_back(
    put_aside, by_hand, staff, settle
):
    payment = put_aside()
    refund = by_hand(payment, amount=2000)
    assert (refund.status, refund.needs_staff, payment.status) == ("succeeded", True, "review")
    receivable = OrganizerReceivable.objects.get()
    assert (receivable.amount, receivable.needs_staff) == (2000, True)
    assert read_books(payment.order) == Books(4550, 275 - 2000, owed=2000)
    with pytest.raises(ReviewNotOver):
        close_review(payment, actor=staff)
    with pytest.raises(ReviewNotOver):
        accept_payment(payment, actor=staff)
    rest = refund_in_review(payment, actor=staff, reason="The rest")
    settle()
    assert (rest.amount, reload(payment).status) == (3000, "failed")
    receivable.needs_staff = False
    receivable.save()
    refund_sweeps.recover_receivables()
    books = read_books(payment.order)
    assert (books.organizer, books.platform, suspense()) == (0, -175, 0)


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ({"reverse_transfer": True, "refund_application_fee": True}, Books(0, -175)),
        ({"reverse_transfer": True}, Books(-450, 275)),
    ],
)
def test_a_whole_refund_of_the_dashboard_ends_the_review(
    flags, left, put_aside, by_hand, sandbox, sell, general
):
    if left.organizer < 0:
        sell((general, 1), email="other@example.com")
        left = Books(4550 + left.organizer, 275 + left.platform)
    payment = put_aside()
    by_hand(payment, **flags)
    assert (payment.status, payment.order.status) == ("failed", "expired")
    assert read_books(payment.order) == left


def test_found_by_the_sweep_when_its_events_are_lost(put_aside, sandbox):
    payment = put_aside()
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    flags = {"reverse_transfer": True, "refund_application_fee": True}
    sandbox.control("POST", f"/_sandbox/charges/{payment.charge_id}/refund", flags)
    assert refund_sweeps.find_refunds() == 1
    assert refund_sweeps.find_refunds() == 0
    assert read_books(payment.order) == Books(0, -175)


def test_a_short_balance_owes_its_part(put_aside, sandbox, staff, settle, sell, general):
    payment = put_aside()
    drain(sandbox, payment.order)
    refund = refund_in_review(payment, actor=staff, reason="Charged wrongly")
    settle()
    assert (refund.reverse_transfer, refund.receivable.amount) == (False, 4550)
    assert suspense() == 0
    assert verify_ledger().violations == []
    sell((general, 1), email="next@example.com")
    refund.receivable.refresh_from_db()
    assert refund.receivable.open_amount == 0
    assert verify_ledger().violations == []


def test_a_refund_of_it_that_fails_is_made_again(put_aside, staff, sandbox, settle):
    payment = put_aside()
    fails(sandbox, settle, refund_in_review(payment, actor=staff, reason="Charged wrongly"))
    payment = reload(payment)
    assert payment.status == "review"
    assert "The buyer has to be paid another way" in payment.review_reason
    assert suspense() == -5000
    assert read_books(payment.order) == Books(0, 5000 - 175)
    Refund.objects.update(needs_staff=False)
    again = refund_in_review(payment, actor=staff, reason="To another card")
    settle()
    assert (again.status, again.reverse_transfer, again.amount) == ("succeeded", False, 5000)
    assert not OrganizerReceivable.objects.exists()
    assert read_books(payment.order) == Books(0, -175)
    assert suspense() == 0


def test_paid_though_it_was_put_aside_before_it_is_in_the_books(buy, general, pay, settle, staff):
    def change(name):
        if name == "checkout.session_created":
            Payment.objects.update(amount=9900)

    install_hook(change)
    try:
        with pytest.raises(PaymentFailed):
            buy((general, 1))
    finally:
        install_hook(None)
    payment = Payment.objects.get()
    assert (payment.status, payment.received) == ("review", None)
    with pytest.raises(NothingToRefund):
        refund_in_review(payment, actor=staff, reason="Nothing came")
    pay(payment.session_id)
    settle()
    assert read_books(payment.order) == Books(4550, 275)
    with pytest.raises(ReviewNotOver):
        close_review(payment, actor=staff)
    refund_in_review(payment, actor=staff, reason="Charged wrongly")
    settle()
    assert read_books(payment.order) == Books(0, -175)


def test_never_paid_it_is_closed_with_its_session(buy, general, staff, sandbox):
    start = buy((general, 1))
    Payment.objects.update(status="review", review_reason="amount")
    close_review(start.payment, actor=staff)
    general.refresh_from_db()
    assert (general.held, reload(start.payment).status, Order.objects.get().status) == (
        0,
        "failed",
        "expired",
    )
    _, session = sandbox.control("POST", f"/_sandbox/checkout/{start.payment.session_id}/pay", {})
    assert "error" in session


def test_a_late_payment_that_the_dashboard_refunded_is_closed(
    lose_hold, event, buy, pay, settle, by_hand, staff
):
    scarce = TicketTypeFactory(event=event, capacity=1)
    start = buy((scarce, 1))
    lose_hold(start.payment)
    pay(buy((scarce, 1), email="quick@example.com").payment.session_id)
    charge = pay(start.payment.session_id)["payment_intent"]
    start.payment.charge_id = charge
    by_hand(start.payment, reverse_transfer=True, refund_application_fee=True)
    payment = reload(start.payment)
    assert payment.status == "review"
    assert close_review(payment, actor=staff).status == "succeeded"
    assert verify_ledger().violations == []


@pytest.mark.django_db(transaction=True)
def test_clicked_by_16_at_once_it_is_refunded_once(put_aside, staff, settle):
    payment = put_aside()
    at_once(16, lambda _: refund_in_review(payment, actor=staff, reason="At once").pk)
    refund_sweeps.resolve_refunds()
    settle()
    assert Refund.objects.exclude(status="refused").count() == 1
    assert read_books(payment.order) == Books(0, -175)
