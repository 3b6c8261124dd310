"""The money trail of an order: its steps are the ledger's, its figures those of the fee rules, to the cent."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

import payouts
import ticketing
from connect.models import FeeAbsorption
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import balance
from ledger.services.posting import credit, debit, post
from ledger.services.verification import verify_ledger
from payouts.models import OrganizerPayout
from payouts.services.requests import request_payout
from payouts.services.trail import Step, Trail, read_trail
from payouts.tests.conftest import control, fail
from payouts.wording.trail import WORDS, in_words
from ticketing.models import Order, OrganizerReceivable, OrganizerTransfer, Payment
from ticketing.services import checkout
from ticketing.services.fulfillment import settle_payment
from ticketing.services.receivables import recover_from_organization
from ticketing.services.refunds import request_refund
from ticketing.services.transfers import resolve_transfers
from ticketing.tests.books import held_by

pytestmark = pytest.mark.django_db

PARTIES = ("buyer", "stripe", "platform", "organizer", "withheld", "bank")


def trail_of(order: Order) -> Trail:
    """The trail, whose every step must add up and be a posting."""
    trail = read_trail(order)
    balance_now = 0
    for step in trail.steps:
        assert sum(getattr(step, party) for party in PARTIES) == 0, step
        balance_now += step.organizer
        assert step.organizer_balance == balance_now
        assert LedgerTransaction.objects.filter(kind=step.kind, source=step.id).exists()
    assert verify_ledger().violations == []
    return trail


def total(trail: Trail, party: str) -> int:
    return sum(getattr(step, party) for step in trail.steps)


def step_of(trail: Trail, kind: str) -> Step:
    (found,) = [step for step in trail.steps if step.kind == kind]
    return found


def effects(step: Step) -> dict[str, int]:
    """Who gains and who gives, and what happens to the organizer's balance at Stripe."""
    names = (*PARTIES, "at_organizer")
    return {name: getattr(step, name) for name in names if getattr(step, name)}


@pytest.fixture
def pay_everything_out(sandbox, settle, pay_out):
    """Pay out all that is available and let it arrive; the payout."""

    def run() -> OrganizerPayout:
        stripe_id = pay_out()
        settle()
        return OrganizerPayout.objects.get(stripe_payout_id=stripe_id)

    return run


def test_a_fifty_dollar_ticket_whose_fee_the_organizer_bears(sell, pay_everything_out):
    order = sell()
    payout = pay_everything_out()
    trail = trail_of(order)
    assert effects(step_of(trail, "sale")) == {"buyer": -5000, "platform": 450, "organizer": 4550}
    assert effects(step_of(trail, "stripe_fee")) == {"stripe": 175, "platform": -175}
    assert effects(step_of(trail, "transfer")) == {"at_organizer": 5000}
    assert effects(step_of(trail, "application_fee")) == {"at_organizer": -450}
    assert effects(step_of(trail, "payout_created")) == {"at_organizer": -4550}
    paid = step_of(trail, "payout_paid")
    assert effects(paid) == {"organizer": -4550, "bank": 4550}
    assert (paid.id, paid.arrives_at, paid.organizer_balance) == (
        payout.stripe_payout_id,
        payout.arrival_date,
        0,
    )
    assert (total(trail, "platform"), trail.pending) == (275, [])
    assert {step.words for step in trail.steps} >= {"Paid by the buyer", "Paid into the bank"}


def test_the_same_ticket_when_the_buyer_bears_the_fee(sell, event, pay_everything_out):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save(update_fields=["fee_absorption"])
    order = sell()
    pay_everything_out()
    trail = trail_of(order)
    assert effects(step_of(trail, "sale")) == {"buyer": -5458, "platform": 458, "organizer": 5000}
    assert effects(step_of(trail, "stripe_fee")) == {"stripe": 188, "platform": -188}
    assert (total(trail, "bank"), total(trail, "platform")) == (5000, 270)


def test_a_ticket_of_two_refunded(sell, organizer):
    order = sell(2)
    request_refund(order, tickets=[order.tickets.first().code], actor=organizer, reason="Ill")
    trail = trail_of(order)
    assert effects(step_of(trail, "refund")) == {"buyer": 5000, "platform": -435, "organizer": -4565}
    assert effects(step_of(trail, "transfer_reversed")) == {"at_organizer": -5000}
    assert effects(step_of(trail, "fee_refunded")) == {"at_organizer": 435}
    assert trail.steps[-1].organizer_balance == 4565
    assert total(trail, "buyer") == -5000


def test_what_the_organizer_owes_and_how_it_is_taken(sell, organizer, pay_everything_out, account, fund):
    order = sell()
    pay_everything_out()
    request_refund(order, actor=organizer, reason="Ill")
    trail = trail_of(order)
    assert trail.steps[-1].organizer_balance == -4550
    (owed,) = trail.pending
    assert (owed.kind, owed.amount) == ("receivable_recovered", 4550)
    sell(2)
    trail = trail_of(order)
    recovered = step_of(trail, "receivable_recovered")
    assert (recovered.amount, effects(recovered)) == (4550, {"at_organizer": -4550})
    assert (trail.pending, trail.steps[-1].organizer_balance) == ([], -4550)
    assert total(trail, "platform") == -175  # Stripe's fee isn't given back


def test_a_payout_that_failed_after_it_was_paid_and_was_made_again(
    sell, account, sandbox, settle, pay_everything_out
):
    order = sell()
    payout = pay_everything_out()
    control(sandbox, f"payouts/{payout.stripe_payout_id}", outcome="failed", failure_code="account_closed")
    settle()
    trail = trail_of(order)
    assert [step.kind for step in trail.steps][-3:] == ["payout_created", "payout_paid", "payout_failed"]
    assert effects(trail.steps[-1]) == {"organizer": 4550, "bank": -4550, "at_organizer": 4550}
    assert (total(trail, "bank"), trail.steps[-1].organizer_balance) == (0, 4550)
    control(sandbox, f"accounts/{account.stripe_account_id}", complete=True)
    pay_everything_out()
    assert total(trail_of(order), "bank") == 4550


def test_a_payout_of_many_orders_shows_each_its_own_part(sell, pay_everything_out, organizer):
    first, second = sell(), sell(3)
    request_refund(second, tickets=[second.tickets.first().code], actor=organizer, reason="Ill")
    payout = pay_everything_out()
    parts = [total(trail_of(order), "bank") for order in (first, second)]
    assert parts[0] == 4550
    assert sum(parts) == payout.amount


def test_a_payout_on_its_way_says_when_it_is_expected(sell, account, sandbox, settle, manual, organizer):
    order = sell()
    payout = request_payout(account.organization, currency="usd", actor=organizer)
    settle()
    trail = trail_of(order)
    assert (step_of(trail, "payout_created").arrives_at, total(trail, "bank")) == (payout.arrival_date, 0)


def test_a_lost_dispute(sell, sandbox, settle, account):
    order = sell()
    charge = Payment.objects.get(order=order).charge_id
    dispute = control(sandbox, f"charges/{charge}/dispute", reason="fraudulent")
    settle()
    trail = trail_of(order)
    assert effects(step_of(trail, "dispute_opened")) == {
        "buyer": 5000,
        "stripe": 1500,
        "platform": -1500,
        "withheld": -5000,
    }
    control(sandbox, f"disputes/{dispute['id']}", outcome="lost")
    settle()
    trail = trail_of(order)
    assert total(trail, "withheld") == 0
    assert total(trail, "buyer") == 0
    at_organizer = total(trail, "at_organizer")
    assert at_organizer == held_by(account.stripe_account_id)
    assert total(trail, "platform") + total(trail, "organizer") == -175 - 1500


def test_a_won_dispute(sell, sandbox, settle, account, fund):
    order = sell()
    charge = Payment.objects.get(order=order).charge_id
    dispute = control(sandbox, f"charges/{charge}/dispute", reason="fraudulent")
    settle()
    control(sandbox, f"disputes/{dispute['id']}", outcome="won")
    settle()
    (waits,) = trail_of(order).pending  # for the platform's own balance
    assert (waits.kind, waits.amount) == ("dispute_returned", 4550)
    fund(20_000, fee=10_000)
    OrganizerTransfer.objects.update(lease_until=None)
    resolve_transfers(now=timezone.now() + timedelta(minutes=5))
    trail = read_trail(order)
    parties = {party: total(trail, party) for party in PARTIES}
    assert parties == {
        "buyer": -5000,
        "stripe": 175 + 1500,
        "platform": 450 - 175 - 1500,
        "organizer": 4550,
        "withheld": 0,
        "bank": 0,
    }
    assert (total(trail, "at_organizer"), trail.pending) == (4550, [])


def test_a_payment_that_staff_look_at_is_withheld(event, general, sandbox, settle):
    wanted = [checkout.Item(general.public_id, 1)]
    start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
    Payment.objects.filter(pk=start.payment.pk).update(amount=4999)
    control(sandbox, f"checkout/{start.payment.session_id}/pay", card="4242424242424242")
    settle()
    trail = read_trail(start.order)
    charge = step_of(trail, "review_charge")
    assert (charge.words, effects(charge)) == (
        "Under review: paid by the buyer",
        {"buyer": -5000, "withheld": 5000},
    )
    assert all(sum(getattr(step, party) for party in PARTIES) == 0 for step in trail.steps)
    assert trail.pending == []


# --- what isn't there yet, and what nobody knows


def test_what_stripe_makes_later_is_pending_without_an_invented_figure(
    event, general, sandbox, settle, organizer
):
    wanted = [checkout.Item(general.public_id, 1)]
    start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
    control(sandbox, f"checkout/{start.payment.session_id}/pay", card="4242424242424242")
    settle_payment(start.payment.session_id)
    trail = trail_of(start.order)
    assert [step.kind for step in trail.steps] == ["sale"]
    assert {each.kind: each.amount for each in trail.pending} == {
        "stripe_fee": None,
        "transfer": 5000,
        "application_fee": 450,
    }
    settle()
    assert trail_of(start.order).pending == []


def test_a_refund_without_an_answer_is_pending(sell, organizer, sandbox, quick):
    order = sell()
    fail(sandbox, "/v1/refunds", "error_500", times=5)
    request_refund(order, actor=organizer, reason="Ill")
    (refund,) = trail_of(order).pending
    assert (refund.kind, refund.amount, refund.words) == ("refund", 5000, "Refunded to the buyer")


def test_an_order_that_nobody_paid_has_no_trail(event, general, sandbox):
    wanted = [checkout.Item(general.public_id, 1)]
    start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
    assert read_trail(start.order) == Trail(steps=[], pending=[])


@pytest.mark.broken_books("a posting of no row is made up")
def test_a_kind_that_nobody_has_named_shows_all_the_same(sell):
    order = sell()
    organization = order.organization
    lines = [debit(chart.organizer(organization), 7), credit(chart.revenue_platform_fee(), 7)]
    post(
        "goodwill_charge",
        source="x_1",
        currency="usd",
        organization=organization,
        subject=f"order:{order.code}",
        occurred_at=timezone.now(),
        lines=lines,
    )
    step = step_of(read_trail(order), "goodwill_charge")
    assert (step.words, effects(step)) == ("Goodwill charge", {"platform": 7, "organizer": -7})
    assert in_words("goodwill_charge_reversal") == "Goodwill charge, undone"


def test_every_kind_that_is_posted_has_words():
    """Read from the recipes themselves."""
    recipes = [
        Path(ticketing.__file__).parent.glob("postings/*.py"),
        Path(payouts.__file__).parent.glob("postings*"),
    ]
    found: set[str] = set()
    for path in [path for group in recipes for path in group]:
        found |= set(re.findall(r'(?:post_of_order|post)\(\s*"(\w+)"', path.read_text()))
    assert found
    assert {kind.removeprefix("review_") for kind in found - set(WORDS)} <= set(WORDS)


def test_a_long_trail_takes_as_many_statements_as_a_short_one(
    sell, organizer, pay_everything_out, django_assert_num_queries
):
    order = sell(4)
    pay_everything_out()
    with django_assert_num_queries(5):
        short = read_trail(order)
    for ticket in order.tickets.all()[:3]:
        request_refund(order, tickets=[ticket.code], actor=organizer, reason="Ill")
        pay_everything_out_if_possible(pay_everything_out)
    recover_from_organization(order.organization_id)
    with django_assert_num_queries(5):
        assert len(read_trail(order).steps) > len(short.steps)
    assert balance(chart.receivable_organizer(order.organization), currency="usd") == sum(
        one.open_amount for one in OrganizerReceivable.objects.all()
    )


def pay_everything_out_if_possible(pay_everything_out: Any) -> None:
    try:
        pay_everything_out()
    except AssertionError:
        return
