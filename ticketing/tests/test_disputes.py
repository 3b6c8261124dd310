"""Disputes of destination charges: who has what while the bank decides and afterwards, worked out by hand.

A $50.00 ticket of the plan `organization`, absorbed: the organizer gets 45.50, we 4.50 less Stripe's 1.75 = 2.75.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect.models import FeeAbsorption
from ledger import chart
from ledger.services.balances import balance
from notifications.models import Message
from ticketing.models import Dispute, OrganizerReceivable, OrganizerTransfer, Payment, Refund, Ticket
from ticketing.services import dispute_sweeps, transfers
from ticketing.services.dispute_answers import submit_evidence
from ticketing.services.disputes import settle_dispute, sync_dispute
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_refund_with_connect import drain

pytestmark = pytest.mark.django_db


def held_by_dispute(dispute):
    """What the ledger says of a dispute: with the bank, held for it, our fees for disputes, our losses by them."""
    accounts = (
        chart.dispute(dispute.stripe_dispute_id, dispute.organization),
        chart.dispute_hold(dispute.stripe_dispute_id, dispute.organization),
        chart.expense_dispute_fees(),
        chart.expense_dispute_loss(),
    )
    return tuple(balance(account, currency="usd") for account in accounts)


@pytest.fixture
def rich(event, buy, pay, settle):
    """A sale whose money is available at once, so that our own balance bears a transfer; it is 55.75 richer by it."""

    def run():
        dear = TicketTypeFactory(event=event, name="Dear", price_amount=200_000)
        start = buy((dear, 1), email="rich@example.com")
        pay(start.payment.session_id, card="4000000000000077")
        OrganizerTransfer.objects.update(lease_until=None)
        settle()
        transfers.resolve_transfers(now=timezone.now() + timedelta(minutes=1))
        return start.order.organizer_amount, start.order.platform_fee_amount

    return run


# --- the worked example


def test_opened_takes_amount_and_fee_from_us_and_the_share_from_the_organizer(general, sell, dispute):
    order = sell((general, 1))
    assert read_books(order) == Books(4550, 275)
    opened = dispute(order, reason="product_not_received")
    # 275 − 5000 − 1500 + 4550
    assert read_books(order) == Books(0, -1675)
    assert held_by_dispute(opened) == (5000, -4550, 1500, 0)
    assert (opened.status, opened.amount, opened.withdrawn_amount, opened.fee_amount) == (
        "needs_response",
        5000,
        5000,
        1500,
    )
    assert (opened.share_amount, opened.recovered_amount, opened.reason) == (
        4550,
        4550,
        "product_not_received",
    )
    order.refresh_from_db()
    assert (order.status, order.is_disputed, Ticket.objects.get().status) == ("disputed", True, "valid")
    assert opened.due_by is not None
    assert not opened.needs_staff


def test_won_gives_everything_back_but_stripes_fee(general, sell, dispute, decide, rich):
    order = sell((general, 1))
    won = decide(dispute(order), "won")
    order.refresh_from_db()
    assert (won.status, won.reinstated_amount, order.status) == ("won", 5000, "paid")
    # What is available of our balance is less than nothing until the sale's money is: the transfer waits for it.
    assert read_books(order) == Books(0, 3325)
    assert OrganizerTransfer.objects.get().status == "requested"
    organizers, ours = rich()
    # 275 − 1500
    assert read_books(order) == Books(4550 + organizers, -1225 + ours)
    assert held_by_dispute(won) == (0, 0, 1500, 0)
    assert (won.closed_at is not None, Ticket.objects.first().status) == (True, "valid")
    sent = OrganizerTransfer.objects.get()
    assert (sent.status, sent.purpose, sent.amount, sent.dispute) == (
        "succeeded",
        "dispute_returned",
        4550,
        won,
    )


def test_lost_leaves_the_organizer_without_its_share_and_us_without_fee_and_fee(
    general, sell, dispute, decide
):
    order = sell((general, 1))
    lost = decide(dispute(order), "lost")
    order.refresh_from_db()
    general.refresh_from_db()
    assert (lost.status, order.status, Ticket.objects.get().status) == ("lost", "disputed", "cancelled")
    assert (general.sold, lost.closed_at is not None) == (0, True)
    # As opened: −5000 −1500 +4550. The loss is our fee of the sale.
    assert read_books(order) == Books(0, -1675)
    assert held_by_dispute(lost) == (0, 0, 1500, 450)
    assert not OrganizerReceivable.objects.exists()


def test_passed_on_the_organizer_bears_the_face_price(event, general, sell, dispute, decide):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save()
    order = sell((general, 1))
    opened = dispute(order)
    # 54.58 − 1.88 of Stripe − 54.58 − 15.00 + 50.00 − 50.00 of the organizer's
    assert (opened.amount, opened.share_amount, opened.recovered_amount) == (5458, 5000, 5000)
    assert read_books(order) == Books(0, 270 - 5458 - 1500 + 5000)
    lost = decide(opened, "lost")
    assert held_by_dispute(lost) == (0, 0, 1500, 458)
    assert read_books(order) == Books(0, 270 - 5458 - 1500 + 5000)


# --- a balance that is short


def test_a_short_balance_is_topped_up_by_later_sales_while_the_dispute_is_open(
    general, sell, dispute, decide, sandbox
):
    order = sell((general, 1))
    drain(sandbox, order)
    opened = dispute(order)
    assert (opened.share_amount, opened.recovered_amount) == (4550, 0)
    sell((TicketTypeFactory(event=general.event, price_amount=2000), 1), email="next@example.com")
    opened.refresh_from_db()
    assert opened.recovered_amount == 2000 - 243
    sell((general, 1), email="third@example.com")
    opened.refresh_from_db()
    assert opened.recovered_amount == 4550
    lost = decide(opened, "lost")
    assert held_by_dispute(lost)[1:] == (0, 1500, 450)
    assert not OrganizerReceivable.objects.exists()


def test_lost_before_anything_was_recovered_is_owed_by_the_organizer(general, sell, dispute, decide, sandbox):
    order = sell((general, 1))
    drain(sandbox, order)
    lost = decide(dispute(order), "lost")
    owed = OrganizerReceivable.objects.get()
    assert (owed.dispute, owed.amount, owed.settled_amount) == (lost, 4550, 0)
    assert held_by_dispute(lost) == (0, 0, 1500, 450)
    sell((general, 1), email="next@example.com")
    owed.refresh_from_db()
    assert owed.open_amount == 0
    assert balance(chart.receivable_organizer(order.organization), currency="usd") == 0
    lost.refresh_from_db()
    assert lost.recovered_amount == 0
    assert AuditEntry.objects.filter(action="receivable.recovered").count() == 1


# --- refunds before and after


def test_a_partly_refunded_order_is_disputed_for_the_rest(general, sell, organizer, dispute, decide):
    order = sell((general, 2))
    code = order.tickets.first().code
    request_refund(order, actor=organizer, tickets=[code], reason="Ill")
    before = read_books(order)
    opened = dispute(order)
    order.refresh_from_db()
    left = order.tickets.exclude(code=code).get()
    assert (opened.amount, opened.share_amount) == (5000, left.organizer_amount)
    assert order.status == "disputed"
    assert read_books(order) == Books(0, before.platform - 6500 + left.organizer_amount)
    decide(opened, "won")
    order.refresh_from_db()
    assert order.status == "partly_refunded"


def test_a_refunded_fee_that_was_kept_makes_the_share_smaller(general, sell, organizer, dispute):
    order = sell((general, 2))
    code = order.tickets.first().code
    refund = request_refund(
        order, actor=organizer, tickets=[code], reason="Ill", refund_application_fee=False
    )
    assert refund.from_organizer_amount == 5000
    opened = dispute(order)
    assert opened.share_amount == order.organizer_amount - 5000
    assert read_books(order).organizer == 0


def test_a_part_of_a_charge_is_shared_in_proportion(general, sell, dispute, decide):
    order = sell((general, 1))
    opened = dispute(order, amount=2000)
    assert (opened.amount, opened.share_amount, opened.recovered_amount) == (2000, 1820, 1820)
    assert read_books(order) == Books(2730, 275 - 2000 - 1500 + 1820)
    lost = decide(opened, "lost")
    assert held_by_dispute(lost) == (0, 0, 1500, 180)


def test_an_order_that_was_won_can_be_refunded_from_the_transfer_that_went_back(
    general, rich, sell, organizer, dispute, decide
):
    rich()
    order = sell((general, 1))
    before = read_books(order)
    decide(dispute(order), "won")
    assert read_books(order) == Books(before.organizer, before.platform - 1500)
    order.refresh_from_db()
    refund = request_refund(order, actor=organizer, reason="After all")
    order.refresh_from_db()
    refund.receivable.refresh_from_db()
    assert (order.status, refund.receivable.open_amount) == ("refunded", 0)
    (taken,) = refund.reversals.all()
    assert (taken.transfer, taken.amount) == (OrganizerTransfer.objects.get(), 4550)
    assert read_books(order) == Books(before.organizer - 4550, before.platform - 1500 - 450)


def test_tickets_of_a_lost_order_that_a_failed_refund_brings_back_are_cancelled_by_the_sweep(
    general, sell, organizer, dispute, decide, sandbox, settle
):
    order = sell((general, 2))
    refund = request_refund(order, actor=organizer, tickets=[order.tickets.first().code], reason="Ill")
    decide(dispute(order), "lost")
    sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    assert sorted(order.tickets.values_list("status", flat=True)) == ["cancelled", "valid"]
    assert dispute_sweeps.find_disputes() == 1
    order.refresh_from_db()
    general.refresh_from_db()
    assert (order.status, general.sold) == ("disputed", 0)
    assert set(order.tickets.values_list("status", flat=True)) == {"cancelled"}
    assert dispute_sweeps.find_disputes() == 0


# --- what goes before staff


def test_a_late_payment_that_was_refunded_and_is_disputed_is_put_before_staff(
    general, buy, pay, settle, lose_hold, sandbox, event
):
    start = buy((general, 1))
    general.capacity = 0
    lose_hold(start.payment)
    general.refresh_from_db()
    general.capacity = 0
    general.save()
    pay(start.payment.session_id)
    settle()
    payment = start.order.payments.get()
    assert Refund.objects.get().status == "succeeded"
    # Stripe lets a bank dispute what was refunded; the stand-in doesn't, so it is told that nothing was.
    with sandbox.world.state.lock:
        charge = sandbox.world.state.get("charge", payment.charge_id)
        left, charge["amount_refunded"] = charge["amount_refunded"], 0
        sandbox.world.state.save(charge)
    _, made = sandbox.control("POST", f"/_sandbox/charges/{payment.charge_id}/dispute", {})
    with sandbox.world.state.lock:
        charge = sandbox.world.state.get("charge", payment.charge_id)
        charge["amount_refunded"] = left
        sandbox.world.state.save(charge)
    settle()
    known = Dispute.objects.get(stripe_dispute_id=made["id"])
    start.order.refresh_from_db()
    assert (known.needs_staff, known.share_amount, start.order.status) == (True, 0, "refunded")
    assert "too late" in known.staff_reason
    assert held_by_dispute(known) == (5000, 0, 1500, 0)
    assert read_books(start.order) == Books(0, -175 - 6500)


def test_a_payment_in_review_that_is_disputed_takes_nothing_from_the_organizer(
    general, buy, pay, settle, sandbox
):
    start = buy((general, 1))
    Payment.objects.update(amount=4999)
    paid = pay(start.payment.session_id)
    settle()
    _, made = sandbox.control("POST", f"/_sandbox/charges/{paid['payment_intent']}/dispute", {})
    settle()
    known = Dispute.objects.get(stripe_dispute_id=made["id"])
    start.order.refresh_from_db()
    assert (known.needs_staff, known.share_amount, known.recovered_amount) == (True, 0, 0)
    assert "waits for staff itself" in known.staff_reason
    assert start.order.status == "awaiting_payment"
    assert read_books(start.order) == Books(4550, 275 - 6500)


def test_what_needed_staff_is_done_once(general, sell, dispute, staff):
    known = dispute(sell((general, 1)))
    assert not settle_dispute(known, actor=staff)
    Dispute.objects.update(needs_staff=True, staff_reason="Why")
    assert settle_dispute(known, actor=staff)
    assert AuditEntry.objects.get(action="dispute.settled_by_staff").reason == "Why"


def test_a_dispute_of_nothing_of_ours_is_none(sandbox, organizer):
    from connect.errors import GatewayRefused

    with pytest.raises(GatewayRefused):
        sync_dispute("dp_nothing")


# --- found without an event


def test_a_dispute_that_no_event_told_of_is_found_and_followed(general, sell, sandbox):
    order = sell((general, 1))
    sandbox.transport = lambda *_: 200  # every event is lost
    _, made = sandbox.control("POST", f"/_sandbox/charges/{order.payments.get().charge_id}/dispute", {})
    sandbox.pump()
    assert dispute_sweeps.find_disputes() == 1
    known = Dispute.objects.get()
    assert (known.stripe_dispute_id, known.status, known.recovered_amount) == (
        made["id"],
        "needs_response",
        4550,
    )
    sandbox.control("POST", f"/_sandbox/disputes/{made['id']}", {"outcome": "lost"})
    sandbox.pump()
    assert dispute_sweeps.find_disputes() == 1
    known.refresh_from_db()
    order.refresh_from_db()
    assert (known.status, order.status) == ("lost", "disputed")
    assert dispute_sweeps.find_disputes() == 0
    assert read_books(order) == Books(0, -1675)


def test_with_many_open_those_that_were_looked_at_longest_ago_come_first(general, sell, dispute):
    first = dispute(sell((general, 1)))
    second = dispute(sell((general, 1), email="two@example.com"))
    Dispute.objects.filter(pk=second.pk).update(synced_at=first.synced_at - timedelta(hours=1))
    assert dispute_sweeps.find_disputes(limit=1) == 1
    assert list(Dispute.objects.order_by("synced_at")) == [first, second]


def test_staff_and_owners_are_told_once(general, sell, dispute, decide, organizer, settings):
    opened = dispute(sell((general, 1)))
    dispute_sweeps.find_disputes()
    sent = Message.objects.filter(kind="dispute_opened", state="sent")
    assert sorted(sent.values_list("to", flat=True)) == sorted(
        [organizer.email, settings.PLATFORM_SUPPORT_EMAIL]
    )
    decide(opened, "lost")
    assert Message.objects.filter(kind="dispute_closed", state="sent").count() == 1


def test_staff_are_reminded_three_days_and_one_day_before_it_is_due(general, sell, dispute, settle):
    opened = dispute(sell((general, 1)))
    for days in (5, 3, 2, 1, 0.5, -1):
        dispute_sweeps.find_disputes(now=opened.due_by - timedelta(days=days))
    settle()
    reminders = Message.objects.filter(kind="dispute_due")
    assert sorted(key[-2:] for key in reminders.values_list("key", flat=True)) == [":1", ":3"]
    assert set(reminders.values_list("state", flat=True)) == {"sent"}


# --- inquiries


def test_an_inquiry_moves_nothing_and_the_order_can_be_refunded(general, sell, organizer, dispute, decide):
    order = sell((general, 1))
    asked = dispute(order, inquiry=True)
    order.refresh_from_db()
    assert (asked.status, asked.is_inquiry, order.status) == ("warning_needs_response", True, "paid")
    assert read_books(order) == Books(4550, 275)
    request_refund(order, actor=organizer, reason="Before it becomes a dispute")
    closed = decide(asked, "warning_closed")
    order.refresh_from_db()
    assert (closed.closed_at is not None, closed.needs_staff, order.status) == (True, False, "refunded")
    assert read_books(order) == Books(0, -175)


def test_an_inquiry_that_is_escalated_is_a_dispute_that_can_be_answered_once_more(
    general, sell, dispute, decide, staff
):
    order = sell((general, 1))
    asked = submit_evidence(dispute(order, inquiry=True), actor=staff)
    assert (asked.status, asked.answer) == ("warning_under_review", "evidence")
    claimed = decide(asked, "escalated")
    order.refresh_from_db()
    assert (claimed.status, claimed.answer, claimed.recovered_amount) == ("needs_response", "", 4550)
    assert (order.status, claimed.evidence["customer_name"]) == ("disputed", "Ada Obi")
    assert read_books(order) == Books(0, -1675)
    assert submit_evidence(claimed, actor=staff).status == "under_review"
