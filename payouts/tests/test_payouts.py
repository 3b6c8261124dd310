"""Following payouts: whatever is heard, in whatever order and however often, the row, the books and the log agree."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect import gateway
from connect.errors import GatewayRefused, GatewayUnavailable
from connect.stripe_objects import Bank
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from maly.crash import install_hook
from payouts.models import OrganizerPayout, PlatformPayout
from payouts.services.payouts import Reading, record_payout, sync_payout, sync_platform_payout
from payouts.tests.conftest import control, fail, run_together

pytestmark = pytest.mark.django_db


def books(account: Any) -> tuple[int, int, int]:
    """What stands at Stripe, on its way, and as owed to the organizer, after payouts alone."""
    owner = account.organization
    accounts = (chart.connected(owner), chart.clearing_payout(owner), chart.organizer(owner))
    at_stripe, on_its_way, owed = (balance(each, currency="usd") for each in accounts)
    return at_stripe, on_its_way, owed


def audited() -> list[str]:
    entries = AuditEntry.objects.filter(action__startswith="payout.").order_by("id")
    return list(entries.values_list("action", flat=True))


def test_a_payout_is_recorded_with_what_stripe_says(account, fund, pay_out):
    fund()
    payout = sync_payout(account, pay_out())
    assert (payout.amount, payout.currency, payout.status) == (4550, "usd", "paid")
    assert (payout.organization, payout.connected_account) == (account.organization, account)
    assert (payout.automatic, payout.method, payout.failure_code) == (True, "standard", "")
    assert payout.arrival_date >= payout.created_at.replace(hour=0, minute=0, second=0)
    assert payout.paid_at is not None
    assert payout.failed_at is None
    assert books(account) == (-4550, 0, 4550)
    assert audited() == ["payout.created", "payout.paid"]


def test_syncing_twice_changes_nothing(account, fund, pay_out):
    fund()
    payout_id = pay_out()
    first = sync_payout(account, payout_id)
    again = sync_payout(account, payout_id)
    assert OrganizerPayout.objects.get() == again
    assert (again.paid_at, again.lines.count()) == (first.paid_at, first.lines.count())
    assert (LedgerTransaction.objects.count(), len(audited())) == (2, 2)


def test_a_payout_goes_from_pending_over_its_way_to_paid(account, fund, manual, sandbox):
    fund()
    made = gateway.create_payout(
        manual.stripe_account_id, amount=1000, currency="usd", request="", idempotency_key="payout-1"
    )
    assert sync_payout(account, made.id).status == "pending"
    assert books(account) == (-1000, 1000, 0)
    control(sandbox, "clock", advance_seconds=2 * 3600)
    assert sync_payout(account, made.id).status == "in_transit"
    assert books(account) == (-1000, 1000, 0)
    control(sandbox, "clock", advance_seconds=2 * 24 * 3600)
    assert sync_payout(account, made.id).status == "paid"
    assert books(account) == (-1000, 0, 1000)
    assert audited() == ["payout.created", "payout.in_transit", "payout.paid"]


def test_a_payout_that_fails_brings_its_money_back(account, fund, pay_out):
    fund()
    payout = sync_payout(account, pay_out("failed", failure_code="account_closed"))
    assert (payout.status, payout.failure_code) == ("failed", "account_closed")
    assert payout.failure_message == "The bank account has been closed."
    assert payout.failure_transaction_id.startswith("txn_")
    assert payout.failed_at is not None
    assert payout.paid_at is None
    assert books(account) == (0, 0, 0)


def test_a_payout_can_fail_after_it_was_paid(account, fund, pay_out, sandbox):
    fund()
    payout_id = pay_out()
    sync_payout(account, payout_id)
    control(sandbox, f"payouts/{payout_id}", outcome="failed", failure_code="no_account")
    payout = sync_payout(account, payout_id)
    assert (payout.status, payout.failure_code) == ("failed", "no_account")
    assert payout.paid_at is not None
    assert payout.failed_at is not None
    assert books(account) == (0, 0, 0)
    assert audited() == ["payout.created", "payout.paid", "payout.failed"]


def test_a_canceled_payout_brings_its_money_back(manual, fund, sandbox):
    fund()
    made = gateway.create_payout(
        manual.stripe_account_id, amount=1000, currency="usd", request="", idempotency_key="payout-1"
    )
    sync_payout(manual, made.id)
    control(sandbox, f"payouts/{made.id}", outcome="canceled")
    payout = sync_payout(manual, made.id)
    assert (payout.status, payout.failure_code) == ("canceled", "")
    assert books(manual) == (0, 0, 0)


# --- readings in any order, stale ones too


def readings(fund: Any, pay_out: Any, account: Any) -> dict[str, Reading]:
    """What could be read of one payout at four moments, and the event that says when it was paid."""
    fund()
    now = timezone.now().replace(microsecond=0)
    failed = gateway.retrieve_payout(account.stripe_account_id, pay_out("failed"))
    unbroken = replace(
        failed, failure_code="", failure_message="", failure_transaction_id=None, failed_at=None
    )

    def at(minute: int, **more: Any) -> Reading:
        status = more.pop("status")
        seen = replace(failed if status == "failed" else unbroken, status=status)
        return Reading(seen=seen, asked_at=now + timedelta(minutes=minute), actor_kind="webhook", **more)

    return {
        "created": at(0, status="pending"),
        "updated": at(1, status="in_transit"),
        "paid": at(2, status="paid", paid_at=now + timedelta(seconds=90)),
        "failed": at(3, status="failed"),
    }


@pytest.mark.parametrize("order", list(permutations(["created", "updated", "paid"])), ids="-".join)
def test_readings_in_any_order_end_as_paid(order, account, fund, pay_out):
    known = readings(fund, pay_out, account)
    for name in order:
        record_payout(account, known[name])
    payout = OrganizerPayout.objects.get()
    assert (payout.status, payout.paid_at) == ("paid", known["paid"].paid_at)
    assert payout.synced_at == known["paid"].asked_at
    assert books(account) == (-4550, 0, 4550)


@pytest.mark.parametrize("order", list(permutations(["created", "paid", "failed"])), ids="-".join)
def test_readings_in_any_order_end_as_failed(order, account, fund, pay_out):
    known = readings(fund, pay_out, account)
    for name in order:
        record_payout(account, known[name])
    payout = OrganizerPayout.objects.get()
    assert (payout.status, payout.failure_code) == ("failed", "could_not_process")
    assert (payout.paid_at, payout.failed_at) == (known["paid"].paid_at, known["failed"].seen.failed_at)
    assert payout.failure_transaction_id
    assert books(account) == (0, 0, 0)
    assert verify_ledger().violations == []


def test_an_older_reading_changes_nothing_but_when_it_was_paid(account, fund, pay_out):
    known = readings(fund, pay_out, account)
    record_payout(account, known["failed"])
    early = replace(known["paid"].seen, arrives_at=timezone.now() + timedelta(days=9), method="instant")
    record_payout(account, replace(known["paid"], seen=early))
    payout = OrganizerPayout.objects.get()
    assert (payout.status, payout.method) == ("failed", "standard")
    assert payout.arrival_date == known["failed"].seen.arrives_at
    assert payout.synced_at == known["failed"].asked_at


def test_a_bank_account_that_was_removed_since_is_still_the_one_that_it_went_to(account, fund, pay_out):
    known = readings(fund, pay_out, account)
    record_payout(account, known["created"])
    bank = OrganizerPayout.objects.get().bank_last4
    gone = Bank.parse({"id": "ba_1", "object": "bank_account", "deleted": True})
    record_payout(account, replace(known["paid"], seen=replace(known["paid"].seen, bank=gone)))
    payout = OrganizerPayout.objects.get()
    assert (payout.status, payout.bank_last4) == ("paid", bank)
    assert bank


def test_a_payout_below_zero_is_taken_from_the_bank(account, fund, pay_out):
    known = readings(fund, pay_out, account)
    for name in ("created", "paid"):
        seen = replace(known[name].seen, amount=-1000)
        record_payout(account, replace(known[name], seen=seen))
    assert OrganizerPayout.objects.get().amount == -1000
    assert books(account) == (1000, 0, -1000)


def test_a_status_that_nobody_knows_is_refused_and_changes_nothing(account, fund, pay_out):
    known = readings(fund, pay_out, account)
    strange = replace(known["paid"], seen=replace(known["paid"].seen, status="reversed"))
    with pytest.raises(ValueError):
        record_payout(account, strange)
    assert not OrganizerPayout.objects.exists()
    assert not LedgerTransaction.objects.exists()


# --- Stripe that fails, and we


def test_an_unreachable_stripe_leaves_nothing_behind(account, fund, pay_out, sandbox, quick):
    fund()
    payout_id = pay_out()
    fail(sandbox, "/v1/payouts", "error_500", times=5, method="GET")
    with pytest.raises(GatewayUnavailable):
        sync_payout(account, payout_id)
    assert not OrganizerPayout.objects.exists()


def test_a_payout_of_another_account_is_refused(account, sandbox):
    with pytest.raises(GatewayRefused) as raised:
        sync_payout(account, "po_1Nobody")
    assert raised.value.status == 404
    assert not OrganizerPayout.objects.exists()


def test_lines_that_cannot_be_read_leave_the_payout_recorded(account, fund, pay_out, sandbox, quick):
    fund()
    payout_id = pay_out()
    fail(sandbox, "/v1/balance_transactions", "error_500", times=5, method="GET")
    payout = sync_payout(account, payout_id)
    assert (payout.status, payout.lines_synced_at) == ("paid", None)
    sandbox.control("DELETE", "/_sandbox/faults", {})
    assert sync_payout(account, payout_id).lines.count() == 1


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize(
    "point",
    ["payout.fetched", "payout.recorded", "payout.lines_fetched", "payout.lines_recorded"],
)
def test_dying_at_any_point_and_starting_again_converges(point, account, fund, pay_out):
    fund()
    payout_id = pay_out()

    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    install_hook(die)
    try:
        with pytest.raises(Killed):
            sync_payout(account, payout_id)
    finally:
        install_hook(None)
    payout = sync_payout(account, payout_id)
    assert (payout.status, payout.lines.count()) == ("paid", 1)
    assert (LedgerTransaction.objects.count(), audited()) == (2, ["payout.created", "payout.paid"])


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_record_one_payout(account, fund, pay_out):
    fund()
    payout_id = pay_out()
    run_together([lambda: sync_payout(account, payout_id)] * 8)
    payout = OrganizerPayout.objects.get()
    assert (payout.status, payout.lines.count(), books(account)) == ("paid", 1, (-4550, 0, 4550))
    assert (LedgerTransaction.objects.count(), audited()) == (2, ["payout.created", "payout.paid"])


# --- the platform's own


def test_the_platforms_own_payout_goes_to_its_bank_and_may_fail_later(fund, sandbox):
    fund(50_000, fee=20_000)
    payout_id = control(sandbox, "payouts", account="platform", outcome="paid")["id"]
    payout = sync_platform_payout(payout_id)
    assert sync_platform_payout(payout_id).pk == payout.pk
    assert payout.status == "paid"
    stood = [
        balance(each, currency="usd")
        for each in (chart.platform(), chart.clearing_payout_platform(), chart.bank_platform())
    ]
    assert stood == [-payout.amount, 0, payout.amount]
    control(sandbox, f"payouts/{payout_id}", outcome="failed")
    sync_platform_payout(payout_id)
    assert PlatformPayout.objects.get().status == "failed"
    assert balance(chart.bank_platform(), currency="usd") == balance(chart.platform(), currency="usd") == 0
    assert audited() == ["payout.created", "payout.paid", "payout.failed"]
