"""Each event of a sale and its refunds as an accountant reads it: what is debited, what is credited, whose it is."""

import random
from dataclasses import replace

import pytest

from connect import gateway
from ledger.models import LedgerTransaction
from ledger.services.verification import verify_ledger
from maly.errors import MalyError
from ticketing.models import Order
from ticketing.services import charges, fulfillment
from ticketing.services.refundable import live_tickets
from ticketing.services.refunds import request_refund
from ticketing.tests.books import read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


def posted(kind, order):
    """The entries of the order's postings of a kind, by account; a debit is positive."""
    rows = LedgerTransaction.objects.filter(kind=kind, subject=f"order:{order.code}").order_by("pk")
    return [
        {
            entry.account.code.replace(f":{order.organization_id}", ""): entry.amount
            for entry in row.entries.all()
        }
        for row in rows
    ]


def test_a_sale_and_what_stripe_makes_of_it(general, sell):
    order = sell((general, 1))
    assert posted("sale", order) == [
        {
            "stripe:platform": 5000,
            "organizer": -4550,
            "revenue:platform_fee": -275,
            "revenue:processing_recovered": -175,
        }
    ]
    assert posted("stripe_fee", order) == [{"expense:stripe_fees": 175, "stripe:platform": -175}]
    assert posted("transfer", order) == [{"stripe:connected": 5000, "stripe:platform": -5000}]
    assert posted("application_fee", order) == [{"stripe:platform": 450, "stripe:connected": -450}]
    charges.record_charge_money(order.payments.get().charge_id)
    assert LedgerTransaction.objects.count() == 4
    assert set(LedgerTransaction.objects.values_list("organization_id", flat=True)) == {order.organization_id}


def test_a_sale_whose_charge_came_later_than_its_session(general, buy, pay, settle):
    start = buy((general, 1))
    pay(start.payment.session_id)
    session = gateway.retrieve_session(start.payment.session_id)
    bare = replace(session, payment_intent=replace(session.payment_intent, charge=None))
    order = fulfillment.apply_session(bare, actor_kind="webhook")
    assert order.status == "paid"
    assert posted("sale", order) == []
    settle()
    assert len(posted("sale", order)) == len(posted("transfer", order)) == 1


def test_a_refund_its_reversal_and_its_fee(general, sell, organizer):
    order = sell((general, 1))
    request_refund(order, actor=organizer, reason="Asked for")
    assert posted("refund", order) == [
        {
            "organizer": 4550,
            "revenue:platform_fee": 275,
            "revenue:processing_recovered": 175,
            "stripe:platform": -5000,
        }
    ]
    assert posted("transfer_reversed", order) == [{"stripe:platform": 5000, "stripe:connected": -5000}]
    assert posted("fee_refunded", order) == [{"stripe:connected": 450, "stripe:platform": -450}]


def test_a_refund_without_reversal_and_its_recovery(general, sell, organizer):
    order = sell((general, 1))
    request_refund(order, actor=organizer, reason="Kept", refund_application_fee=False)
    assert posted("refund", order) == [{"receivable:organizer": 5000, "stripe:platform": -5000}]
    assert posted("receivable_recovered", order) == [
        {
            "stripe:platform": 4550,
            "organizer": 4550,
            "stripe:connected": -4550,
            "receivable:organizer": -4550,
        }
    ]
    assert posted("transfer_reversed", order) == []


def test_a_refund_that_failed_is_reversed(general, sell, organizer, sandbox, settle):
    order = sell((general, 1))
    refund = request_refund(order, actor=organizer, reason="Asked for")
    sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    (made,), (undone,) = posted("refund", order), posted("refund_reversal", order)
    assert undone == {account: -amount for account, amount in made.items()}
    assert len(posted("transfer_reversed", order)) == 1


def test_a_late_payment_is_a_sale_that_goes_back_whole(lose_hold, event, buy, pay, settle):
    scarce = TicketTypeFactory(event=event, capacity=1)
    late = buy((scarce, 1))
    lose_hold(late.payment)
    pay(buy((scarce, 1), email="quick@example.com").payment.session_id)
    pay(late.payment.session_id)
    settle()
    assert len(posted("sale", late.order)) == len(posted("refund", late.order)) == 1
    order = Order.objects.get(pk=late.order.pk)
    assert read_books(order).organizer == 4550


def outcome(order, organizer, **wish):
    try:
        request_refund(order, actor=organizer, reason="Some of it", **wish)
    except MalyError as error:
        return error.code
    return "done"


@pytest.mark.parametrize("seed", range(8))
def test_any_refunds_leave_our_books_as_stripes(seed, event, general, sell, organizer):
    """By ticket, by amount, fee given back or kept, balance short or not: the ledger says what Stripe says."""
    dice = random.Random(seed)
    if seed % 2:
        event.fee_absorption = "pass_to_buyer"
        event.save()
    types = [general, *(TicketTypeFactory(event=event, price_amount=price) for price in (1010, 2500))]
    orders = [sell(*((each, dice.randint(1, 2)) for each in types)) for _ in range(2)]
    for _ in range(8):
        order = Order.objects.get(pk=dice.choice(orders).pk)
        wish = {"refund_application_fee": dice.choice([None, True, False])}
        live = live_tickets(order)
        if live and dice.random() < 0.6:
            wish["tickets"] = [
                ticket.code for ticket in dice.sample(live, dice.randint(1, min(2, len(live))))
            ]
        else:
            wish["amount"] = dice.randint(1, 4000)
        assert outcome(order, organizer, **wish) in ("done", "REFUND_TOO_LARGE", "NOTHING_TO_REFUND")
        read_books(order)
    for order in orders:
        assert outcome(order, organizer) in ("done", "NOTHING_TO_REFUND")
        order.refresh_from_db()
        assert order.status == "refunded"
        assert order.refunded_amount <= order.total_amount
        read_books(order)
    assert verify_ledger().violations == []
