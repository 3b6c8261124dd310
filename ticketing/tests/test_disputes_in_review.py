"""Disputes of money that waits for staff: a bank that takes it has given it back, and nobody's sale is lost by it."""

import pytest

from ledger import chart
from ledger.services.balances import balance
from ticketing.errors import ReviewNotOver
from ticketing.models import Dispute, OrganizerReceivable, Payment
from ticketing.services.disputes import IN_REVIEW, sync_dispute
from ticketing.services.receivables import release_receivable
from ticketing.services.reviews import accept_payment, refund_in_review
from ticketing.tests.books import Books, read_books

pytestmark = pytest.mark.django_db


def held(*accounts):
    return tuple(balance(account, currency="usd") for account in accounts)


SUSPENSE_AND_LOSS = (chart.suspense_unmatched(), chart.expense_dispute_loss())


@pytest.fixture
def payment(buy, pay, settle, general):
    """A $50.00 payment that isn't what our row says: $45.50 at the organizer's, a fee of $4.50, Stripe's own $1.75."""
    start = buy((general, 1))
    Payment.objects.update(amount=4999)
    pay(start.payment.session_id)
    settle()
    return Payment.objects.select_related("order").get()


@pytest.fixture
def claim(sandbox, settle):
    """Have the bank dispute a charge, whatever it is of."""

    def by_the_bank(payment, **wish):
        status, made = sandbox.control("POST", f"/_sandbox/charges/{payment.charge_id}/dispute", wish)
        assert status == 200, made
        settle()
        return made["id"]

    return by_the_bank


def test_lost_it_has_gone_back_and_the_organizer_owes_what_it_has(
    payment, claim, decide, staff, settle, general
):
    lost = decide(Dispute.objects.get(stripe_dispute_id=claim(payment)), "lost")
    order = payment.order
    assert read_books(order) == Books(4550, 275 - 6500, owed=4550)
    assert held(*SUSPENSE_AND_LOSS) == (0, 0)
    owed = OrganizerReceivable.objects.get(dispute=lost)
    assert (owed.open_amount, owed.needs_staff) == (4550, True)
    assert lost.staff_reason == IN_REVIEW
    payment.refresh_from_db()
    order.refresh_from_db()
    general.refresh_from_db()
    assert (payment.status, order.status, general.held) == ("failed", "expired", 0)
    release_receivable(owed, actor=staff)
    settle()
    assert read_books(order) == Books(0, -175 - 1500)
    assert held(*SUSPENSE_AND_LOSS) == (0, 0)


def test_lost_in_part_the_rest_stays_before_staff_and_is_no_sale(payment, claim, decide, staff, settle):
    decide(Dispute.objects.get(stripe_dispute_id=claim(payment, amount=2000)), "lost")
    with pytest.raises(ReviewNotOver, match="gone back already"):
        accept_payment(payment, actor=staff)
    rest = refund_in_review(payment, actor=staff, reason="The rest")
    assert (rest.amount, rest.status) == (
        3000,
        "refused",
    )  # Stripe refunds nothing of a charge that was charged back
    release_receivable(OrganizerReceivable.objects.get(), actor=staff)
    settle()
    payment.refresh_from_db()
    assert payment.status == "review"
    assert read_books(payment.order) == Books(2550, 275 - 1500)
    assert held(*SUSPENSE_AND_LOSS) == (-450, 0)


def test_refunded_before_it_is_our_loss_and_known(payment, claim, decide, staff, settle, sandbox):
    refund_in_review(payment, actor=staff, reason="Charged wrongly")
    settle()
    # Stripe lets a bank dispute what was refunded; the stand-in doesn't, so it is told that nothing was.
    with sandbox.world.state.lock:
        charge = sandbox.world.state.get("charge", payment.charge_id)
        left, charge["amount_refunded"] = charge["amount_refunded"], 0
        sandbox.world.state.save(charge)
    made = claim(payment)
    with sandbox.world.state.lock:
        charge = sandbox.world.state.get("charge", payment.charge_id)
        charge["amount_refunded"] = left
        sandbox.world.state.save(charge)
    known = sync_dispute(made)
    assert known is not None
    assert known.needs_staff
    decide(known, "lost")
    assert read_books(payment.order) == Books(0, -175 - 6500)
    assert held(*SUSPENSE_AND_LOSS) == (0, 5000)
