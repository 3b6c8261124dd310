"""What nobody told us is found out: lost events, payouts that are overdue, lines that came later."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.factories import MembershipFactory
from conftest import connect_to_stripe
from connect import gateway
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from payouts import tasks
from payouts.models import OrganizerPayout, PlatformPayout
from payouts.services.payouts import sync_payout
from payouts.services.sweeps import find_payouts, follow_payouts
from payouts.tests.conftest import control, fail, requests_to

pytestmark = pytest.mark.django_db


def test_payouts_whose_events_were_lost_are_found(account, fund, pay_out, sandbox):
    control(sandbox, "delivery", mode="drop")
    fund()
    pay_out()
    fund(2000, fee=0)
    pay_out("failed")
    sandbox.pump()
    assert not OrganizerPayout.objects.exists()
    assert find_payouts() == 2
    rows = OrganizerPayout.objects.order_by("amount").values_list("amount", "status")
    assert list(rows) == [(2000, "failed"), (4550, "paid")]
    assert find_payouts() == 0
    assert set(AuditEntry.objects.filter(action__startswith="payout.").values_list("actor_kind")) == {
        ("sweep",)
    }


def test_a_change_that_nobody_told_us_is_found(account, fund, pay_out, sandbox):
    fund()
    payout_id = pay_out()
    sync_payout(account, payout_id)
    control(sandbox, f"payouts/{payout_id}", outcome="failed")
    assert find_payouts() == 1
    assert OrganizerPayout.objects.get().status == "failed"


def test_the_platforms_own_payouts_are_found_too(fund, sandbox):
    fund(50_000, fee=20_000)
    control(sandbox, "payouts", account="platform", outcome="paid")
    assert find_payouts() == 1
    assert PlatformPayout.objects.get().status == "paid"


def test_one_account_that_cannot_be_read_stops_nobody_else(account, fund, pay_out, sandbox, quick):
    fund()
    pay_out()
    other = MembershipFactory(role="OWNER")
    connect_to_stripe(other.organization, other.user, sandbox)
    first = ConnectedAccount.objects.exclude(pk=account.pk).get()
    ConnectedAccount.objects.filter(pk=first.pk).update(stripe_account_id="acct_1Nobody")
    assert find_payouts() == 1


def test_closed_accounts_are_not_asked_about(account, sandbox):
    ConnectedAccount.objects.update(deauthorized_at=timezone.now())
    find_payouts()
    asked = [row["headers"]["stripe_account"] for row in requests_to(sandbox, "/v1/payouts", "GET")]
    assert account.stripe_account_id not in asked


def test_detached_accounts_are_followed_on(account, fund, pay_out):
    fund()
    pay_out()
    ConnectedAccount.objects.update(detached_at=timezone.now())
    assert get_current_account(account.organization).state == "disconnected"
    assert find_payouts() == 1


def hand_made(account: Any, amount: int = 1000) -> str:
    made = gateway.create_payout(
        account.stripe_account_id, amount=amount, currency="usd", request="", idempotency_key="payout-1"
    )
    sync_payout(account, made.id)
    return made.id


def test_a_payout_that_is_overdue_is_asked_about(manual, fund, sandbox):
    fund()
    hand_made(manual)
    assert follow_payouts() == 0
    control(sandbox, "clock", advance_seconds=3 * 24 * 3600)
    assert follow_payouts(now=timezone.now() + timedelta(days=3)) == 1
    assert OrganizerPayout.objects.get().status == "paid"
    assert follow_payouts(now=timezone.now() + timedelta(days=3)) == 0


def test_lines_that_were_not_there_yet_are_fetched(account, fund, sandbox):
    control(sandbox, "delivery", mode="drop")
    fund()
    control(sandbox, "clock", advance_seconds=24 * 3600 + 60)
    find_payouts()
    assert OrganizerPayout.objects.get().lines_synced_at is None
    control(sandbox, "clock", advance_seconds=2 * 3600)
    assert follow_payouts() == 1
    assert OrganizerPayout.objects.get().lines.count() == 1
    assert follow_payouts() == 0


def test_a_stripe_that_does_not_answer_is_asked_again_next_time(manual, fund, sandbox, quick):
    fund()
    hand_made(manual)
    in_days = timezone.now() + timedelta(days=3)
    fail(sandbox, "/v1/payouts", "error_500", times=20, method="GET")
    assert follow_payouts(now=in_days) == 0
    assert find_payouts() == 0
    sandbox.control("DELETE", "/_sandbox/faults", {})
    assert follow_payouts(now=in_days) == 1


def test_the_tasks_run_the_sweeps(account, fund, pay_out):
    fund()
    pay_out()
    assert tasks.find_payouts() == 1
    assert tasks.follow_payouts() == 0
    assert tasks.resolve_payout_requests() == 0
