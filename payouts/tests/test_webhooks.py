"""Payout events: delivered once, often, in every order, early, late or for nobody, they end in the same rows."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect.models import ConnectedAccount, StripeEvent
from connect.tasks import process_due_events
from connect.tests.webhook_calls import PLATFORM, deliver, make_event
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import balance
from payouts.models import OrganizerPayout, PlatformPayout
from payouts.tests.conftest import control, fail

pytestmark = pytest.mark.django_db


def payout_event(account: ConnectedAccount, payout_id: str, name: str, **changes: Any) -> dict[str, Any]:
    """An event of the connect endpoint as Stripe sends it."""
    payload = {"object": {"id": payout_id, "object": "payout"}}
    facts = {"id": f"evt_{name}_{payout_id}", "account": account.stripe_account_id, "data": payload}
    return make_event(f"payout.{name}", **facts | changes)


def states() -> list[tuple[str, str]]:
    events = StripeEvent.objects.filter(type__startswith="payout.").order_by("id")
    return list(events.values_list("type", "status"))


def outcome(account: ConnectedAccount) -> dict[str, Any]:
    """What must be the same whatever came first."""
    payout, owner = OrganizerPayout.objects.get(), account.organization
    accounts = (chart.connected(owner), chart.clearing_payout(owner), chart.organizer(owner))
    return {
        "status": payout.status,
        "code": payout.failure_code,
        "paid_at": payout.paid_at,
        "failed_at": payout.failed_at,
        "lines": list(payout.lines.values_list("net_amount")),
        "books": [balance(each, currency="usd") for each in accounts],
    }


def test_the_events_of_a_scheduled_payout_end_as_paid(account, fund, sandbox, settle):
    fund()
    control(sandbox, "clock", advance_seconds=24 * 3600 + 60)
    settle()
    assert OrganizerPayout.objects.get().status == "pending"
    control(sandbox, "clock", advance_seconds=2 * 24 * 3600)
    settle()
    found = outcome(account)
    assert (found["status"], found["lines"], found["books"]) == ("paid", [(4550,)], [-4550, 0, 4550])
    assert ("payout.paid", "processed") in states()


def test_paid_then_failed(account, fund, pay_out, sandbox, settle):
    fund()
    payout_id = pay_out()
    settle()
    assert outcome(account)["status"] == "paid"
    control(sandbox, f"payouts/{payout_id}", outcome="failed", failure_code="account_closed")
    settle()
    found = outcome(account)
    assert (found["status"], found["code"], found["books"]) == ("failed", "account_closed", [0, 0, 0])


def test_when_it_was_paid_is_the_events_time(account, fund, pay_out):
    fund()
    payout_id = pay_out()
    at = timezone.now().replace(microsecond=0) - timedelta(minutes=3)
    deliver(payout_event(account, payout_id, "created"))
    deliver(payout_event(account, payout_id, "paid", created=int(at.timestamp())))
    process_due_events()
    assert OrganizerPayout.objects.get().paid_at == at


@pytest.mark.parametrize("order", list(permutations(["created", "paid", "failed"])), ids="-".join)
@pytest.mark.parametrize("one_by_one", [True, False], ids=["one by one", "together"])
def test_every_order_of_the_events_ends_in_the_same(order, one_by_one, account, fund, pay_out, sandbox):
    fund()
    payout_id = pay_out()
    control(sandbox, f"payouts/{payout_id}", outcome="failed", failure_code="account_closed")
    at = int(timezone.now().timestamp()) - 60
    for name in order:
        assert deliver(payout_event(account, payout_id, name, created=at)).status_code == 200
        if one_by_one:
            process_due_events()
    process_due_events()
    found = outcome(account)
    assert (found["status"], found["code"], found["books"]) == ("failed", "account_closed", [0, 0, 0])
    assert found["paid_at"].timestamp() == at
    assert (found["failed_at"] is not None, found["lines"]) == (True, [(4550,)])


def test_the_same_event_fifty_times_is_one_payout(account, fund, pay_out):
    fund()
    payout_id = pay_out()
    for _ in range(50):
        assert deliver(payout_event(account, payout_id, "paid")).status_code == 200
    for number in range(3):
        deliver(payout_event(account, payout_id, "paid", id=f"evt_again_{number}"))
    process_due_events()
    assert (OrganizerPayout.objects.count(), LedgerTransaction.objects.count()) == (1, 2)
    assert AuditEntry.objects.filter(action__startswith="payout.").count() == 2
    assert set(AuditEntry.objects.filter(action="payout.paid").values_list("actor_kind")) == {("webhook",)}


def test_an_event_of_an_account_that_is_not_known_yet_waits(account, fund, pay_out):
    fund()
    payout_id = pay_out()
    full = account.stripe_account_id
    ConnectedAccount.objects.update(stripe_account_id="acct_1Later")
    deliver(payout_event(account, payout_id, "paid"))
    process_due_events()
    assert states() == [("payout.paid", "received")]
    ConnectedAccount.objects.update(stripe_account_id=full)
    StripeEvent.objects.update(due_at=timezone.now())
    process_due_events()
    assert states() == [("payout.paid", "processed")]


def test_a_payout_that_is_not_there_is_ignored(account):
    deliver(payout_event(account, "po_1Nobody", "paid"))
    deliver(make_event("payout.paid", account=None, data={"object": {"id": "po_2"}}), path=PLATFORM)
    process_due_events()
    assert [status for _type, status in states()] == ["ignored", "ignored"]
    assert not OrganizerPayout.objects.exists()


def test_an_event_is_tried_again_when_stripe_does_not_answer(account, fund, pay_out, sandbox, quick):
    fund()
    payout_id = pay_out()
    fail(sandbox, "/v1/payouts", "error_500", times=20, method="GET")
    deliver(payout_event(account, payout_id, "paid"))
    process_due_events()
    assert states() == [("payout.paid", "received")]
    sandbox.control("DELETE", "/_sandbox/faults", {})
    StripeEvent.objects.update(due_at=timezone.now())
    process_due_events()
    assert (states(), OrganizerPayout.objects.count()) == ([("payout.paid", "processed")], 1)


def test_a_payout_of_a_detached_account_is_followed_on(account, fund, pay_out, settle):
    fund()
    pay_out()
    ConnectedAccount.objects.update(detached_at=timezone.now())
    settle()
    assert OrganizerPayout.objects.get().status == "paid"


def test_the_platforms_own_payouts_come_by_the_platforms_endpoint(fund, sandbox, settle):
    fund(50_000, fee=20_000)
    control(sandbox, "payouts", account="platform", outcome="paid")
    settle()
    payout = PlatformPayout.objects.get()
    assert (payout.status, balance(chart.bank_platform(), currency="usd")) == ("paid", payout.amount)
    assert not OrganizerPayout.objects.exists()
