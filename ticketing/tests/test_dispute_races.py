"""One dispute heard of many times at once, and beside refunds, in real threads: each movement of money once."""

from collections import Counter

import pytest

from ledger.models import LedgerTransaction
from maly.errors import MalyError
from notifications.models import Message
from ticketing.models import Dispute, Order, OrganizerTransfer, Refund, TransferReversal
from ticketing.services.dispute_answers import accept_dispute, submit_evidence
from ticketing.services.disputes import sync_dispute
from ticketing.services.receivables import recover_from_organization
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16


@pytest.fixture
def unheard(sandbox):
    """Do something to which nobody listens."""

    def run(path, body):
        sandbox.transport, deliver = lambda *_: 200, sandbox.transport
        status, made = sandbox.control("POST", path, body)
        assert status == 200, made
        sandbox.pump()
        sandbox.transport = deliver
        return made["id"]

    return run


@pytest.fixture
def rich(event, buy, pay, settle):
    """Our own balance bears a transfer."""
    dear = TicketTypeFactory(event=event, name="Dear", price_amount=500_000)
    pay(buy((dear, 1), email="rich@example.com").payment.session_id, card="4000000000000077")
    settle()


def charge_of(order):
    return f"/_sandbox/charges/{order.payments.get().charge_id}"


def kinds():
    return Counter(
        LedgerTransaction.objects.filter(kind__startswith="dispute").values_list("kind", flat=True)
    )


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_16_threads_that_hear_of_a_dispute_book_it_once(outcome, rich, general, sell, organizer, unheard):
    order = sell((general, 1))
    before = read_books(order)
    dispute_id = unheard(f"{charge_of(order)}/dispute", {})
    at_once(
        THREADS,
        lambda n: sync_dispute(dispute_id) if n % 4 else recover_from_organization(order.organization_id),
    )
    sync_dispute(dispute_id)
    assert kinds() == {"dispute_opened": 1, "dispute_recovered": 1}
    assert Message.objects.filter(kind="dispute_opened").count() == 2
    unheard(f"/_sandbox/disputes/{dispute_id}", {"outcome": outcome})
    at_once(THREADS, lambda _: sync_dispute(dispute_id).status)
    sync_dispute(dispute_id)
    known = Dispute.objects.get()
    assert (known.status, known.recovered_amount, TransferReversal.objects.count()) == (outcome, 4550, 1)
    assert Message.objects.filter(kind="dispute_closed").count() == 1
    if outcome == "won":
        assert kinds() == {
            "dispute_opened": 1,
            "dispute_recovered": 1,
            "dispute_won": 1,
            "dispute_returned": 1,
        }
        assert OrganizerTransfer.objects.get().amount == 4550
        assert read_books(order) == Books(before.organizer, before.platform - 1500)
    else:
        assert kinds() == {"dispute_opened": 1, "dispute_recovered": 1, "dispute_lost": 1}
        general.refresh_from_db()
        assert (general.sold, order.tickets.get().status) == (0, "cancelled")
        assert read_books(order) == Books(before.organizer - 4550, before.platform - 6500 + 4550)


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_refund_beside_a_dispute_never_takes_the_share_twice(
    outcome, rich, general, sell, organizer, unheard, settle
):
    order = sell((general, 2))
    before = read_books(order)
    made = []

    def work(index):
        if index == 0:
            made.append(unheard(f"{charge_of(order)}/dispute", {}))
            return "disputed"
        try:
            fresh = Order.objects.get(pk=order.pk)
            request_refund(fresh, actor=organizer, amount=1000, reason="At once")
        except MalyError as error:
            return error.code
        return "refunded"

    answers = Counter(at_once(4, work))
    at_once(4, lambda _: sync_dispute(made[0]))
    unheard(f"/_sandbox/disputes/{made[0]}", {"outcome": outcome})
    at_once(4, lambda _: sync_dispute(made[0]))
    settle()
    known = Dispute.objects.get()
    refunded = sum(Refund.objects.filter(status="succeeded").values_list("amount", flat=True))
    assert refunded == 1000 * answers["refunded"]
    # 87 is the fee's part of each 10.00: 8.70 of 100.00.
    given = order.organizer_amount - 913 * answers["refunded"]
    assert (known.amount, known.share_amount) == (10_000 - refunded, given)
    gone = 0 if outcome == "won" else given
    fees = 0 if outcome == "won" else 870 - 87 * answers["refunded"]
    assert read_books(order) == Books(
        before.organizer - 913 * answers["refunded"] - gone,
        before.platform - 1500 - 87 * answers["refunded"] - fees,
    )


def test_16_answers_at_once_are_one(general, sell, dispute, staff, sandbox):
    known = dispute(sell((general, 1)))
    answer = {0: submit_evidence, 1: accept_dispute}
    done = at_once(THREADS, lambda n: answer[n % 2](known, actor=staff).answer)
    known.refresh_from_db()
    assert Counter(done) == {known.answer: 1, "DISPUTE_ANSWERED": THREADS - 1} or (
        # Whoever came after an accepted one finds it decided.
        known.answer == "accepted" and set(done) <= {"accepted", "DISPUTE_ANSWERED", "DISPUTE_DECIDED"}
    )
    asked = sandbox.control("GET", f"/_sandbox/requests?path=/v1/disputes/{known.stripe_dispute_id}", None)[1]
    assert len([each for each in asked if each["method"] == "POST"]) == 1


def test_the_card_that_is_always_disputed(general, buy, pay, settle):
    start = buy((general, 1))
    pay(start.payment.session_id, card="4000000000000259")
    settle()
    order = Order.objects.get()
    assert (order.status, Dispute.objects.get().recovered_amount) == ("disputed", 4550)
    assert read_books(order) == Books(0, -1675)
