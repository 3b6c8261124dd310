"""Importing Stripe's movements: all of them, once, wherever it was interrupted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connect import list_calls
from connect.errors import GatewayUnavailable
from connect.models import ConnectedAccount
from maly.crash import install_hook
from payouts.models import BalanceImport, BalanceTransaction, MoneyException
from payouts.services.reconciliation import runs
from payouts.services.reconciliation.imports import CLOSED, find_imports, import_account, import_movements
from payouts.services.reconciliation.runs import RunUnderWay, reconcile
from payouts.tests.conftest import control, fail, requests_to

pytestmark = pytest.mark.django_db
NOW = timedelta(0)
LISTS = "/v1/balance_transactions"


class Killed(Exception):
    """Stands for SIGKILL."""


def kill(name):
    if name == "reconciliation.page_kept":
        raise Killed


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(list_calls, "PAGE", 3)


def at_stripe(sandbox):
    return {row["id"] for row in sandbox.world.state.values("balance_transaction")}


def imported():
    return set(BalanceTransaction.objects.values_list("stripe_id", flat=True))


def test_every_movement_of_the_platform_and_of_each_account_is_kept(sell, sandbox, account):
    sell(2)
    sell(3)
    done = import_movements(find_imports())
    assert imported() == at_stripe(sandbox)
    assert done.rows == BalanceTransaction.objects.count() == 8
    payment = BalanceTransaction.objects.filter(type="payment").latest("pk")
    assert (payment.account_id, payment.books) == (
        account.stripe_account_id,
        f"stripe:connected:{account.organization_id}",
    )
    assert payment.amount - payment.fee_amount == payment.net_amount
    assert payment.application_fee_amount == payment.fee_amount > 0
    assert payment.transfer_id.startswith("tr_")
    assert payment.application_fee_id.startswith("fee_")
    charge = BalanceTransaction.objects.filter(type="charge").latest("pk")
    assert (charge.books, charge.application_fee_amount, charge.category) == ("stripe:platform", 0, "charge")


def test_the_next_import_asks_only_for_what_came_since(sell, sandbox, small_pages):
    for _sale in range(3):
        sell()
    first = find_imports("")[0]
    import_account(first)
    BalanceImport.objects.filter(account_id="").update(
        complete_at=timezone.now() + timedelta(hours=1, seconds=5)
    )
    before = len(requests_to(sandbox, LISTS, "GET"))
    assert import_account(find_imports("")[0]) == 0
    assert len(requests_to(sandbox, LISTS, "GET")) == before + 1


def test_what_is_imported_twice_is_kept_once_and_refreshed(sell, sandbox):
    sell()
    import_movements(find_imports())
    count = BalanceTransaction.objects.count()
    row = next(row for row in sandbox.world.state.values("balance_transaction") if row["type"] == "charge")
    row["description"] = "Changed"
    sandbox.world.state.save(row)
    import_movements(find_imports())
    assert BalanceTransaction.objects.count() == count
    assert BalanceTransaction.objects.get(stripe_id=row["id"]).description == "Changed"


def test_a_pending_movement_is_read_again_once_its_day_has_come(sell, sandbox):
    sell(card="4242424242424242")
    row = find_imports("")[0]
    import_account(row)
    pending = BalanceTransaction.objects.filter(account_id="", status="pending")
    assert pending.count() == 3
    control(sandbox, "clock", advance_seconds=3 * 86400)
    sandbox.pump()
    # Long ago for the next listing, and due by now.
    pending.update(available_at=timezone.now() - timedelta(minutes=1))
    row.complete_at = timezone.now() + timedelta(hours=2)
    import_account(row)
    assert not pending.exists()


def test_one_that_was_pending_for_weeks_is_asked_about_and_no_other(sell, sandbox):
    sell(card="4242424242424242")
    row = find_imports("")[0]
    import_account(row)
    control(sandbox, "clock", advance_seconds=3 * 86400)
    sandbox.pump()
    old = BalanceTransaction.objects.get(account_id="", type="charge")
    long_ago = timezone.now() - timedelta(days=20)
    BalanceTransaction.objects.filter(pk=old.pk).update(available_at=long_ago)
    assert [each.kind for each in reconcile(with_import=False, grace=NOW).open] == [
        MoneyException.Kind.OVERDUE
    ]
    row.complete_at = timezone.now() + timedelta(hours=2)
    import_account(row)
    old.refresh_from_db()
    assert old.status == "available"
    assert "overdue" not in [each.kind for each in reconcile(with_import=False, grace=NOW).open]


def test_killed_after_any_page_it_goes_on_behind_it(sell, sandbox, small_pages):
    for _sale in range(4):
        sell()
    for page in range(1, 4):
        install_hook(kill)
        try:
            with pytest.raises(Killed):
                import_account(find_imports("")[0])
        finally:
            install_hook(None)
        row = find_imports("")[0]
        assert row.complete_at is None
        assert row.listing_after in imported()
        assert BalanceTransaction.objects.count() == 3 * page
    sell()
    import_account(find_imports("")[0])
    ours = set(BalanceTransaction.objects.filter(account_id="").values_list("stripe_id", flat=True))
    assert ours == {one for one in at_stripe(sandbox) if not sandbox.world.state.owner_of(one)}
    done = find_imports("")[0]
    assert (done.listing_after, done.listing_began_at) == ("", None)
    assert done.complete_at is not None


def test_a_stripe_that_is_busy_is_waited_for(sell, sandbox, quick):
    sell()
    fail(sandbox, LISTS, "error_429", times=3, method="GET")
    assert import_movements(find_imports()).unread == []
    assert imported() == at_stripe(sandbox)


def test_an_account_that_cannot_be_read_now_is_passed_over(sell, sandbox, account):
    sell()
    fail(sandbox, LISTS, "error_500", method="GET")
    done = import_movements(find_imports())
    assert [row.account_id for row in done.unread] == [""]
    row = BalanceImport.objects.get(account_id="")
    assert (row.error, row.unreachable_since, row.complete_at) == (GatewayUnavailable.__name__, None, None)
    assert BalanceTransaction.objects.filter(account_id=account.stripe_account_id).exists()
    # What was never imported isn't compared, so nothing is said to be missing at Stripe.
    assert reconcile(with_import=False, grace=NOW).open == []
    assert import_movements(find_imports()).unread == []
    assert BalanceImport.objects.get(account_id="").error == ""


def test_an_account_that_was_closed_is_noted_and_not_asked(sell, sandbox, account):
    sell()
    reconcile(grace=NOW)
    ConnectedAccount.objects.update(deauthorized_at=timezone.now())
    before = len(requests_to(sandbox, LISTS, "GET"))
    outcome = reconcile(grace=NOW)
    assert [(row.account_id, row.error) for row in outcome.unread] == [(account.stripe_account_id, CLOSED)]
    assert outcome.open == []
    assert outcome.balances == ["stripe:platform"]
    asked = requests_to(sandbox, LISTS, "GET")[before:]
    assert asked
    assert {row["headers"]["stripe_account"] for row in asked} == {None}
    ConnectedAccount.objects.update(deauthorized_at=None)
    assert reconcile(grace=NOW).unread == []


def test_an_account_that_stripe_refuses_is_put_before_staff(sell, sandbox, account):
    sell()
    reconcile(grace=NOW)
    BalanceImport.objects.exclude(account_id="").update(account_id="acct_1Nobodys0000000")
    ConnectedAccount.objects.update(stripe_account_id="acct_1Nobodys0000000")
    outcome = reconcile(grace=NOW)
    assert [each.kind for each in outcome.open] == [MoneyException.Kind.UNREADABLE]
    assert outcome.open[0].ids == ["acct_1Nobodys0000000"]
    ConnectedAccount.objects.update(stripe_account_id=account.stripe_account_id)
    BalanceImport.objects.exclude(account_id="").update(account_id=account.stripe_account_id)
    assert reconcile(grace=NOW).open == []


@pytest.mark.django_db(transaction=True)
def test_two_runs_are_never_at_work_at_once(sell):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [runs.LOCK])
            with pytest.raises(RunUnderWay):
                reconcile(grace=NOW)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [runs.LOCK])
        assert reconcile(grace=NOW).open == []
    finally:
        other.close()
