"""The five events of a dispute in any order, twice, late or never: the same end, by what Stripe itself says."""

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conftest import post_webhook
from connect import dispute_calls
from connect.errors import GatewayUnavailable
from connect.models import StripeEvent
from connect.stripe_objects import Dispute as StripeDispute
from connect.tasks import process_due_events
from ledger.models import LedgerTransaction
from ledger.services.verification import verify_ledger
from notifications.models import Message
from ticketing.models import Dispute, Order, OrganizerReceivable, OrganizerTransfer, Payment, TransferReversal
from ticketing.services import dispute_sweeps
from ticketing.services.charges import record_missing_charge_money
from ticketing.services.disputes import apply_dispute, sync_dispute
from ticketing.services.fulfillment import settle_payment
from ticketing.tests.books import Books, read_books

pytestmark = pytest.mark.django_db
KINDS = ("dispute_opened", "dispute_recovered", "dispute_won", "dispute_lost", "dispute_returned")


@pytest.fixture
def catch(sandbox: Any):
    """From now on what Stripe sends is kept instead of delivered."""

    def run() -> list[Any]:
        sent: list[Any] = []

        def keep(url: str, body: bytes, headers: dict[str, str]) -> int:
            sent.append((url, body, headers))
            return 200

        sandbox.transport = keep
        return sent

    return run


@pytest.fixture
def live_through(sandbox, catch):
    """A dispute from its first day to its last, of which nobody here hears; its events, and how it was on the way."""

    def run(order: Order, outcome: str) -> tuple[list[Any], list[StripeDispute]]:
        caught = catch()
        _, made = sandbox.control("POST", f"/_sandbox/charges/{order.payments.get().charge_id}/dispute", {})
        seen = [dispute_calls.retrieve_dispute(made["id"])]
        dispute_calls.submit_evidence(made["id"], {"customer_name": "Ada"}, idempotency_key="by-hand")
        seen.append(dispute_calls.retrieve_dispute(made["id"]))
        sandbox.control("POST", f"/_sandbox/disputes/{made['id']}", {"outcome": outcome})
        seen.append(dispute_calls.retrieve_dispute(made["id"]))
        while sandbox.pump():
            pass
        return [each for each in caught if b'"charge.dispute.' in each[1]], seen

    return run


def state_of(order: Order) -> Any:
    order.refresh_from_db()
    known = Dispute.objects.get()
    posted = sorted(LedgerTransaction.objects.filter(kind__in=KINDS).values_list("kind", flat=True))
    assert verify_ledger().violations == []
    return (order.status, known.status, known.recovered_amount, posted)


END = {
    # Nothing was taken from the organizer: when we heard of it, it was over.
    "won": ("paid", "won", 0, ["dispute_opened", "dispute_won"]),
    "lost": ("disputed", "lost", 0, ["dispute_lost", "dispute_opened"]),
}


@pytest.mark.parametrize("outcome", ["won", "lost"])
@pytest.mark.parametrize("seed", range(4))
def test_events_in_any_order_twice_and_half_of_them_lost_have_one_end(
    outcome, seed, general, sell, live_through
):
    order = sell((general, 1))
    events, _ = live_through(order, outcome)
    chance = random.Random(seed)  # noqa: S311
    assert len(events) == (5 if outcome == "won" else 4)
    kept = [event for event in events if chance.random() < 0.6] or events[:1]
    told = kept * 2
    chance.shuffle(told)
    for event in told:
        assert post_webhook(*event) == 200
        process_due_events()
    assert state_of(order) == END[outcome]
    assert Message.objects.filter(kind="dispute_opened").count() == 2
    waiting = StripeEvent.objects.exclude(status="processed")
    assert not waiting.filter(type__startswith="charge.dispute").exists()


@pytest.mark.parametrize("outcome", ["won", "lost"])
@pytest.mark.parametrize("order_of", list(itertools.permutations(range(3))))
def test_answers_that_were_fetched_in_another_order_have_one_end(
    outcome, order_of, general, sell, live_through
):
    order = sell((general, 1))
    _, seen = live_through(order, outcome)
    for index in order_of:
        for _twice in range(2):
            apply_dispute(seen[index])
    known = Dispute.objects.get()
    assert (known.status, known.closed_at is not None) == (outcome, True)
    order.refresh_from_db()
    assert order.status == {"won": "paid", "lost": "disputed"}[outcome]
    # Whoever saw it open has taken the share back; won, it is on its way back.
    assert known.recovered_amount in (0, 4550)
    if outcome == "won":
        returned = OrganizerTransfer.objects.filter(dispute=known)
        assert sum(returned.values_list("amount", flat=True)) == known.recovered_amount
    else:
        owed = OrganizerReceivable.objects.filter(dispute=known)
        settled = sum(owed.values_list("settled_amount", flat=True))
        assert known.recovered_amount + settled == 4550
    assert sum(TransferReversal.objects.filter(status="succeeded").values_list("amount", flat=True)) <= 4550
    assert verify_ledger().violations == []


def test_a_dispute_that_comes_before_the_news_of_its_payment_is_found_by_the_sweep(
    general, buy, pay, sandbox, catch
):
    start = buy((general, 1))
    caught = catch()
    pay(start.payment.session_id)
    charge = sandbox.world.state.values("charge")[0]
    _, made = sandbox.control("POST", f"/_sandbox/charges/{charge['payment_intent']}/dispute", {})
    while sandbox.pump():
        pass
    opened = next(each for each in caught if b'"charge.dispute.created"' in each[1])
    post_webhook(*opened)
    process_due_events()
    assert (Order.objects.get().status, Dispute.objects.count()) == ("awaiting_payment", 0)
    settle_payment(start.payment.session_id)
    dispute_sweeps.find_disputes()
    order = Order.objects.get()
    assert (order.status, order.tickets.count()) == ("disputed", 1)
    assert Dispute.objects.get().stripe_dispute_id == made["id"]
    record_missing_charge_money(now=timezone.now() + timedelta(minutes=5))
    assert read_books(order) == Books(0, -1675)


def test_a_payment_that_is_not_settled_here_is_settled_first(general, buy, pay, sandbox, catch):
    start = buy((general, 1))
    catch()
    paid = pay(start.payment.session_id)
    Payment.objects.update(payment_intent_id=paid["payment_intent"])
    _, made = sandbox.control("POST", f"/_sandbox/charges/{paid['payment_intent']}/dispute", {})
    known = sync_dispute(made["id"])
    order = Order.objects.get()
    assert (known.recovered_amount, order.status, order.tickets.count()) == (4550, "disputed", 1)
    record_missing_charge_money(now=timezone.now() + timedelta(minutes=5))
    assert read_books(order) == Books(0, -1675)


def test_a_dispute_of_nothing_of_ours_is_ignored(general, sell, live_through):
    events, _ = live_through(sell((general, 1)), "lost")
    Payment.objects.update(payment_intent_id="pi_other")
    post_webhook(*events[0])
    process_due_events()
    stored = StripeEvent.objects.get(type__startswith="charge.dispute")
    assert stored.status == StripeEvent.Status.IGNORED
    assert not Dispute.objects.exists()


def _answer(**change: Any) -> StripeDispute:
    data = {
        "id": "dp_1",
        "status": "needs_response",
        "reason": "fraudulent",
        "amount": 5000,
        "currency": "usd",
        "charge": "ch_1",
        "payment_intent": change.pop("payment_intent_id", "pi_1"),
        "created": 1_790_000_000,
        "balance_transactions": [],
        "evidence_details": {"due_by": None, "past_due": False, "submission_count": 0},
    }
    return StripeDispute.parse(data | change)


def line(amount: int, fee: int = 0) -> dict[str, int]:
    return {"amount": amount, "fee": fee, "net": amount - fee, "created": 1_790_000_000}


# --- what the stand-in doesn't do, but Stripe does


@pytest.fixture
def heard(general, sell):
    """An order, and a way to hear of a dispute of it as Stripe would tell it."""
    order = sell((general, 1))

    def hear(**change: Any) -> Dispute:
        known = apply_dispute(_answer(payment_intent_id=order.payments.get().payment_intent_id, **change))
        assert known is not None
        order.refresh_from_db()
        return known

    return order, hear


def test_an_inquiry_is_known_and_moves_nothing(heard, organizer):
    order, hear = heard
    known = hear(status="warning_needs_response")
    assert (known.is_inquiry, known.withdrawn_amount, order.status) == (True, 0, "paid")
    assert list(Message.objects.filter(kind="dispute_opened").values_list("ids__for", flat=True)) == ["staff"]
    assert read_books(order) == Books(4550, 275)
    closed = hear(status="warning_closed")
    assert (closed.closed_at is not None, order.status) == (True, "paid")
    assert not Message.objects.filter(kind="dispute_closed").exists()


@pytest.mark.unsettled("the stand-in knows nothing of this dispute")
def test_an_inquiry_that_becomes_a_dispute_is_open_again_and_can_be_answered_again(heard, staff):
    order, hear = heard
    known = hear(status="warning_needs_response")
    Dispute.objects.update(answer="evidence", answer_key="key", answered_at=known.created_at)
    hear(status="warning_closed")
    known = hear(status="needs_response", balance_transactions=[line(-5000, 1500)])
    assert (known.closed_at, known.answer, known.withdrawn_amount, order.status) == (
        None,
        "",
        5000,
        "disputed",
    )
    assert Message.objects.filter(kind="dispute_opened").count() == 2


@pytest.mark.unsettled("the stand-in knows nothing of this dispute")
def test_what_was_fetched_earlier_takes_nothing_back(heard):
    order, hear = heard
    lines = [line(-5000, 1500)]
    hear(status="under_review", balance_transactions=lines)
    assert hear(status="needs_response", balance_transactions=[]).status == "under_review"
    hear(status="won", balance_transactions=lines)
    assert hear(status="under_review", balance_transactions=lines).status == "won"
    assert order.status == "paid"


def test_a_status_that_is_new_to_us_waits_for_someone_who_knows_it(heard):
    _, hear = heard
    with pytest.raises(GatewayUnavailable, match="on_hold"):
        hear(status="on_hold")
    assert not Dispute.objects.exists()


@pytest.mark.unsettled("the stand-in knows nothing of this dispute")
def test_money_that_is_taken_or_given_back_after_the_news_is_booked_when_it_is(heard):
    order, hear = heard
    known = hear()
    assert (order.status, known.withdrawn_amount) == ("disputed", 0)
    known = hear(balance_transactions=[line(-5000, 1500)])
    assert known.recovered_amount == 4550
    known = hear(status="won", balance_transactions=[line(-5000, 1500)])
    assert (order.status, known.closed_at) == ("paid", None)
    assert not OrganizerTransfer.objects.exists()
    known = hear(status="won", balance_transactions=[line(-5000, 1500), line(5000)])
    assert (known.closed_at is not None, OrganizerTransfer.objects.get().amount) == (True, 4550)


@pytest.mark.unsettled("the stand-in knows nothing of this dispute")
def test_a_fee_that_comes_back_with_a_win_is_no_expense(heard):
    _, hear = heard
    known = hear(status="won", balance_transactions=[line(-5000, 1500), line(5000, -1500)])
    assert (known.fee_amount, known.reinstated_amount) == (0, 5000)


@pytest.mark.unsettled("the stand-in knows nothing of this dispute")
def test_a_bank_that_decides_anew_is_put_before_staff_and_nothing_is_booked(heard):
    order, hear = heard
    lines = [line(-5000, 1500)]
    hear(status="lost", balance_transactions=lines)
    before = LedgerTransaction.objects.count()
    known = hear(status="won", balance_transactions=[*lines, line(5000)])
    assert (known.status, known.needs_staff, order.status) == ("lost", True, "disputed")
    assert "won" in known.staff_reason
    assert LedgerTransaction.objects.count() == before
    assert Message.objects.filter(key__endswith=":staff:reopened").count() == 1


@pytest.mark.unsettled("the stand-in knows nothing of this dispute")
def test_a_second_dispute_of_a_payment_takes_no_more_than_is_left_of_the_share(heard):
    order, hear = heard
    hear(amount=2000, balance_transactions=[line(-2000, 1500)])
    known = hear(id="dp_2", amount=3000, balance_transactions=[line(-3000, 1500)])
    assert known.needs_staff
    assert sum(Dispute.objects.values_list("share_amount", flat=True)) == 4550
    hear(amount=2000, status="won", balance_transactions=[line(-2000, 1500), line(2000)])
    assert order.status == "disputed"


@pytest.mark.unsettled("the stand-in knows nothing of this dispute")
def test_a_prevented_dispute_is_a_loss_if_it_has_taken_money_and_nothing_otherwise(heard):
    order, hear = heard
    known = hear(id="dp_2", status="prevented")
    assert (known.closed_at is not None, order.status) == (True, "paid")
    known = hear(status="prevented", balance_transactions=[line(-5000, 1500)])
    assert (known.closed_at is not None, order.status) == (True, "disputed")
    assert order.tickets.get().status == "cancelled"
