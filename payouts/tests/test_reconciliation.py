"""Reconciliation over marketplaces where everything is right: it says nothing, whatever has happened in them."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from connect import gateway
from connect.models import FeeAbsorption, FeePlan
from connect.services.terms import assign_plan
from connect.stripe_objects import PayoutSchedule
from ledger.services.verification import verify_ledger
from payouts.models import BalanceComparison, BalanceTransaction, MoneyException, Reconciliation
from payouts.services.payouts import sync_payout
from payouts.services.reconciliation.runs import reconcile
from payouts.services.requests import request_payout
from payouts.tasks import reconcile_with_stripe
from payouts.tests.conftest import control
from ticketing.models import Dispute, OrganizerReceivable, OrganizerTransfer, Refund
from ticketing.services.refund_failures import make_organizer_whole
from ticketing.services.refunds import request_refund
from ticketing.services.write_offs import write_off_receivable

pytestmark = pytest.mark.django_db
NOW = timedelta(0)
LATER = "4242424242424242"


@pytest.fixture
def market(account, event, general, sell, pay_out, sandbox, settle, organizer, staff):
    """A marketplace and its people, for the stories below."""

    def post(path: str, **body: Any) -> Any:
        answer = control(sandbox, path, **body)
        settle()
        return answer

    def refund(order: Any, **how: Any) -> Refund:
        made = request_refund(order, actor=organizer, reason="Ill", **how)
        settle()
        return Refund.objects.get(pk=made.pk)

    return SimpleNamespace(**locals())


def sales(market: Any) -> None:
    market.sell(1)
    market.sell(3, card=LATER)


def refunds_in_full_by_ticket_and_by_amount(market: Any) -> None:
    market.refund(market.sell(1))
    order = market.sell(3)
    market.refund(order, tickets=[order.tickets.first().code])
    market.refund(order, amount=1234)
    market.refund(order)
    market.refund(market.sell(2), refund_application_fee=False)


def a_refund_that_the_balance_was_too_short_for(market: Any) -> None:
    order = market.sell(2)
    market.pay_out()
    market.settle()
    market.refund(order)
    owed = OrganizerReceivable.objects.get()
    assert owed.open_amount > 0
    write_off_receivable(owed, amount=100, actor=market.staff, reason="Goodwill.")
    market.sell(3)
    owed.refresh_from_db()
    assert owed.open_amount == 0


def a_refund_that_failed_and_the_organizer_made_whole(market: Any) -> None:
    market.sell(5)
    refund = market.refund(market.sell(1))
    market.post(f"refunds/{refund.stripe_refund_id}", status="failed", failure_reason="declined")
    refund.refresh_from_db()
    assert refund.status == "failed"
    make_organizer_whole(refund, actor=market.staff)
    market.settle()
    # On the host plan our own balance is short, and the transfer waits for it.
    assert OrganizerTransfer.objects.exists()


def a_refund_made_at_stripe(market: Any) -> None:
    order = market.sell(2)
    market.post(f"charges/{order.payments.get().charge_id}/refund", amount=700)
    whole = market.sell(1)
    market.post(
        f"charges/{whole.payments.get().charge_id}/refund",
        amount=5000,
        reverse_transfer=True,
        refund_application_fee=True,
    )
    assert Refund.objects.filter(origin="stripe").count() == 2


def a_dispute_won(market: Any) -> None:
    _dispute(market, "won")


def a_dispute_lost(market: Any) -> None:
    _dispute(market, "lost")


def _dispute(market: Any, outcome: str) -> None:
    charge = market.sell(1).payments.get().charge_id
    dispute = market.post(f"charges/{charge}/dispute")
    market.post(f"disputes/{dispute['id']}", outcome=outcome)
    assert Dispute.objects.get(stripe_dispute_id=dispute["id"]).status == outcome


def payouts_of_every_kind(market: Any) -> None:
    market.sell(2)
    paid = market.pay_out()
    market.settle()
    market.post(f"payouts/{paid}", outcome="failed", failure_code="account_closed")
    market.post(f"accounts/{market.account.stripe_account_id}", complete=True)
    market.pay_out("failed")
    market.settle()
    market.post(f"accounts/{market.account.stripe_account_id}", complete=True)
    gateway.update_payout_schedule(market.account.stripe_account_id, PayoutSchedule(interval="manual"))
    for amount in (1000, 2345):
        made = request_payout(
            market.account.organization, amount=amount, currency="usd", actor=market.organizer
        )
        market.post(f"payouts/{made.stripe_payout_id}", outcome="paid")
        sync_payout(market.account, made.stripe_payout_id)
    cancelled = request_payout(market.account.organization, currency="usd", actor=market.organizer)
    market.post(f"payouts/{cancelled.stripe_payout_id}", outcome="canceled")
    # Our own balance may be below 0 by now, and then there is nothing to be paid out.
    market.sandbox.control("POST", "/_sandbox/payouts", {"account": "platform", "outcome": "paid"})
    market.settle()


# The balance is short before anything else has been sold.
STORIES: list[Callable[[Any], None]] = [
    a_refund_that_the_balance_was_too_short_for,
    sales,
    refunds_in_full_by_ticket_and_by_amount,
    a_refund_that_failed_and_the_organizer_made_whole,
    a_refund_made_at_stripe,
    a_dispute_won,
    a_dispute_lost,
    payouts_of_every_kind,
]
# The single stories are told of the organization's plan, absorbed.
TERMS = [("host", FeeAbsorption.ABSORB), ("organization", FeeAbsorption.PASS_TO_BUYER)]


def assert_matches(outcome: Any) -> None:
    assert [(each.kind, each.words) for each in outcome.open] == []
    assert outcome.unread == []
    assert len(outcome.balances) == 2
    for row in BalanceComparison.objects.all():
        assert row.stripe_amount == row.imported_amount == row.ledger_amount + row.in_flight_amount
    assert verify_ledger().violations == []


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_it_says_nothing_of(story, market):
    story(market)
    assert_matches(reconcile(grace=NOW))


@pytest.mark.parametrize(("plan", "absorption"), TERMS)
def test_it_says_nothing_of_all_of_them_together(plan, absorption, market):
    organization = market.account.organization
    if plan != "organization":
        assign_plan(organization, plan=FeePlan.objects.get(code=plan), actor=market.staff, reason="A host.")
    market.event.fee_absorption = absorption
    market.event.save()
    for story in STORIES:
        story(market)
    outcome = reconcile(grace=NOW)
    assert_matches(outcome)
    assert outcome.compared == BalanceTransaction.objects.count() > 100


def test_run_again_it_says_the_same(market):
    sales(market)
    reconcile(grace=NOW)
    assert_matches(reconcile(grace=NOW))
    assert Reconciliation.objects.count() == 2
    assert Reconciliation.objects.latest("pk").has_balances


def test_the_hourly_task_compares_the_balances_once_a_day(market):
    sales(market)
    reconcile_with_stripe()
    reconcile_with_stripe()
    runs = Reconciliation.objects.order_by("pk")
    assert list(runs.values_list("has_balances", flat=True)) == [True, False]
    runs.update(finished_at=timezone.now() - timedelta(days=1))
    reconcile_with_stripe()
    assert runs.last().has_balances


def test_a_balance_that_was_wrong_is_compared_again_the_next_hour(market):
    charge = market.sell(2).payments.get().charge_id
    control(market.sandbox, f"charges/{charge}/refund", amount=700)
    assert [each.kind for each in reconcile(grace=NOW).open] == ["missing_here"]
    assert {each.code for each in verify_ledger().violations} == {"I22"}
    market.settle()  # the refund is heard of
    reconcile_with_stripe()
    assert verify_ledger().violations == []
    assert MoneyException.objects.get().cleared_at is not None
