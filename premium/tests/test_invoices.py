"""The money of Premium in the books: charges, Stripe's fee, what goes back, what a bank takes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connect import billing_calls
from connect.gateway import call
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import balance
from payouts.models import MoneyException
from payouts.services.reconciliation import runs
from premium.models import PremiumDispute, PremiumInvoice, PremiumRefund
from premium.services.checkouts import resolve_checkouts, start_checkout
from premium.services.invoices import follow_open_invoices, record_invoice, record_missing_fees
from premium.services.refunds import follow_refunds, refund_invoice

pytestmark = pytest.mark.django_db


def revenue():
    return -balance(chart.revenue_premium(), currency="usd")


@pytest.fixture
def control(sandbox, settle):
    def post(path, **body):
        status, answer = sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status == 200, answer
        settle()
        return answer

    return post


def test_a_charge_is_revenue_and_its_fee_an_expense_each_once(subscribe, buyer):
    subscribe(buyer)
    for _again in range(2):
        record_invoice(PremiumInvoice.objects.get().stripe_invoice_id)
    kinds = LedgerTransaction.objects.filter(kind__startswith="premium").values_list("kind", "subject")
    subject = f"invoice:{PremiumInvoice.objects.get().stripe_invoice_id}"
    assert sorted(kinds) == [("premium_sale", subject), ("premium_stripe_fee", subject)]
    assert (revenue(), balance(chart.expense_stripe_fees(), currency="usd")) == (2900, 114)


def test_the_reconciliation_finds_nothing_to_say_of_premium(subscribe, subscribe_twice, buyer, stranger):
    subscribe(stranger)
    subscribe_twice(buyer)
    runs.reconcile(grace=timedelta(0))
    assert list(MoneyException.objects.values_list("kind", "subject")) == []


def test_a_refund_in_stripes_dashboard_is_no_revenue_any_more(subscribe, buyer, control):
    subscribe(buyer)
    charge = PremiumInvoice.objects.get().charge_id
    control(f"charges/{charge}/refund", amount=900)
    assert (revenue(), PremiumInvoice.objects.get().refunded_amount) == (2000, 900)
    control(f"charges/{charge}/refund")
    assert (revenue(), PremiumInvoice.objects.get().refunded_amount) == (0, 2900)
    assert refund_invoice(PremiumInvoice.objects.get().pk) is None  # nothing is left


def test_a_refund_that_was_heard_of_before_its_charge_is_found_with_it(
    prices, buyer, pay_session, control, sandbox
):
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    session = billing_calls.retrieve_session(
        pay_session(start_checkout(buyer, plan="monthly").session_id)["id"]
    )
    seen = billing_calls.retrieve_subscription(session.subscription_id)
    paid = billing_calls.retrieve_invoice(seen.latest_invoice_id).payment_intent_ids[0]
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "normal"})
    control(f"charges/{billing_calls.retrieve_charge_of(paid).id}/refund", amount=900)
    resolve_checkouts(now=timezone.now() + timedelta(minutes=6))
    assert (revenue(), PremiumInvoice.objects.get().refunded_amount) == (2000, 900)


def test_a_refund_that_is_long_on_its_way_is_looked_at(subscribe, buyer, control, sandbox):
    subscribe(buyer)
    control("platform", bank_debits=False)  # and the balance is short of Stripe's fee
    refund = control(f"charges/{PremiumInvoice.objects.get().charge_id}/refund")
    assert (PremiumRefund.objects.get().status, revenue()) == ("pending", 2900)
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    control(f"refunds/{refund['id']}", status="succeeded")
    assert follow_refunds() == 0
    assert follow_refunds(now=timezone.now() + timedelta(hours=2)) == 1
    assert revenue() == 0


def test_a_refund_that_fails_is_revenue_again(subscribe, buyer, control):
    subscribe(buyer)
    refund = control(f"charges/{PremiumInvoice.objects.get().charge_id}/refund")
    control(f"refunds/{refund['id']}", status="failed")
    assert PremiumRefund.objects.get().status == "failed"
    assert (revenue(), PremiumInvoice.objects.get().refunded_amount) == (2900, 0)


@pytest.mark.parametrize(("outcome", "loss"), [("won", 0), ("lost", 2900)])
def test_a_dispute_is_followed_in_the_books(subscribe, buyer, control, outcome, loss):
    subscribe(buyer)
    dispute = control(f"charges/{PremiumInvoice.objects.get().charge_id}/dispute")
    assert balance(chart.dispute(dispute["id"]), currency="usd") == 2900
    control(f"disputes/{dispute['id']}", outcome=outcome)
    assert PremiumDispute.objects.get().closed_at
    assert balance(chart.dispute(dispute["id"]), currency="usd") == 0
    assert balance(chart.expense_dispute_loss(), currency="usd") == loss
    assert revenue() == 2900


def test_an_invoice_that_was_withdrawn_is_not_open_for_ever(subscribe, advance, buyer):
    """No event that we take tells of it, and the subscription may be over."""
    subscription = advance(subscribe(buyer), payment="fails")
    failing = PremiumInvoice.objects.get(stripe_invoice_id=subscription.latest_invoice_id)
    call("void_by_staff", lambda client: client.v1.invoices.void_invoice(failing.stripe_invoice_id))
    assert (follow_open_invoices(), failing.is_failing) == (0, True)
    assert follow_open_invoices(now=timezone.now() + timedelta(days=2)) == 1
    failing.refresh_from_db()
    assert (failing.status, failing.is_failing) == ("void", False)


def test_a_fee_that_no_event_told_of_is_asked_for(subscribe, buyer, sandbox):
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "normal"})
    subscribe(buyer)
    PremiumInvoice.objects.update(stripe_fee_amount=None, balance_transaction_id="")
    soon = timezone.now() + timedelta(minutes=3)
    assert (record_missing_fees(), record_missing_fees(now=soon)) == (0, 1)
    assert PremiumInvoice.objects.get().stripe_fee_amount == 114
