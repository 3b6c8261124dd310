"""A difference's life: written by a run, acknowledged, cleared when it is gone, opened again when it returns."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from maly.errors import Invalid
from payouts.models import BalanceTransaction, MoneyException, Reconciliation
from payouts.selectors.attention import count_attention, list_attention
from payouts.services.reconciliation.findings import acknowledge
from payouts.services.reconciliation.runs import reconcile
from payouts.services.reconciliation.suspense import explain
from payouts.tests.conftest import control
from sandbox.resources import balance_transactions
from ticketing.models import Refund

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("differences from Stripe are planted")]
NOW = timedelta(0)
Kind = MoneyException.Kind


@pytest.fixture
def spoil(sandbox, sell):
    """A sale whose charge Stripe has with another amount; called again it sets another one."""
    sell()
    state = sandbox.world.state
    charge = next(row for row in state.values("balance_transaction") if row["type"] == "charge")

    def run(amount: int) -> None:
        # Stripe's balance says the same as its movements.
        sandbox.world.totals["", "usd"]["available"] += amount - charge["amount"]
        charge["amount"], charge["net"] = amount, amount - charge["fee"]
        state.save(charge)

    return run


@pytest.fixture
def strange(sandbox):
    """Stripe moves money of a kind that nothing of ours knows; returns the movement's id."""

    def run(amount: int, *, account: str = "") -> str:
        world = sandbox.world
        with world.state.transaction():
            row = balance_transactions.post(
                world,
                account=account,
                kind="stripe_fee",
                category="fee",
                amount=amount,
                currency="usd",
                source=world.state.values("charge")[0]["id"],
                at_once=True,
            )
        return str(row["id"])

    return run


def open_kinds() -> list[str]:
    return [each.kind for each in reconcile(grace=NOW).open]


def test_a_difference_clears_itself_and_opens_again(spoil):
    spoil(6000)
    assert open_kinds() == [Kind.AMOUNT]
    first = MoneyException.objects.get()
    assert (first.expected_amount, first.found_amount) == (6000, 5000)
    assert (first.currency, first.books) == ("usd", "stripe:platform")
    spoil(5000)
    assert open_kinds() == []
    first.refresh_from_db()
    assert first.cleared_at is not None
    spoil(6000)
    assert open_kinds() == [Kind.AMOUNT]
    again = MoneyException.objects.get()
    assert (again.pk, again.times_opened, again.cleared_at) == (first.pk, 2, None)
    assert again.first_seen_at == first.first_seen_at


def test_a_run_that_finds_it_again_changes_only_when_it_was_seen(spoil, staff):
    spoil(6000)
    reconcile(grace=NOW)
    acknowledge(MoneyException.objects.get(), actor=staff, note="Asked Stripe.")
    before = MoneyException.objects.values().get()
    reconcile(grace=NOW)
    after = MoneyException.objects.values().get()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"last_seen_at"}


def test_what_was_acknowledged_is_asked_about_again_when_its_amount_changes(spoil, staff):
    spoil(6000)
    reconcile(grace=NOW)
    acknowledge(MoneyException.objects.get(), actor=staff, note="Asked Stripe.")
    spoil(7000)
    reconcile(grace=NOW)
    again = MoneyException.objects.get()
    assert (again.acknowledged_at, again.note) == (None, "Asked Stripe.")


def test_an_acknowledgement_needs_a_note_and_is_audited(spoil, staff):
    spoil(6000)
    reconcile(grace=NOW)
    exception = MoneyException.objects.get()
    with pytest.raises(Invalid):
        acknowledge(exception, actor=staff, note="  ")
    acknowledge(exception, actor=staff, note="Asked Stripe.")
    entry = AuditEntry.objects.get(action="money_exception.acknowledged")
    assert (entry.actor, entry.reason) == (staff, "Asked Stripe.")
    assert MoneyException.objects.get().cleared_at is None


def test_what_is_too_young_is_neither_written_nor_cleared(spoil):
    spoil(6000)
    assert reconcile().open == []
    assert reconcile(grace=NOW).open != []
    assert [each.kind for each in reconcile().open] == [Kind.AMOUNT]


def test_a_run_over_one_account_leaves_the_others_alone(spoil, account):
    spoil(6000)
    reconcile(grace=NOW)
    outcome = reconcile(account_id=account.stripe_account_id, grace=NOW)
    assert outcome.open == []
    assert MoneyException.objects.get().cleared_at is None
    assert [each.kind for each in reconcile(account_id="", grace=NOW).open] == [Kind.AMOUNT]
    assert Reconciliation.objects.count() == 1  # parts aren't what `doctor` asks for


# --- of no known kind


def test_a_movement_of_no_known_kind_is_booked_to_suspense(sell, strange):
    sell()
    movement = strange(-200)
    assert open_kinds() == [Kind.UNKNOWN]
    assert balance(chart.suspense_unmatched(), currency="usd") == 200
    assert verify_ledger().violations == []
    assert open_kinds() == [Kind.UNKNOWN]
    assert LedgerTransaction.objects.filter(kind="unmatched", source=movement).count() == 1


def test_staff_say_what_it_was_and_it_leaves_suspense(sell, strange, staff):
    sell()
    movement = strange(-200)
    reconcile(grace=NOW)
    exception = MoneyException.objects.get()
    explain(exception, account="expense:stripe_fees", actor=staff, reason="Stripe's monthly fee.")
    assert balance(chart.suspense_unmatched(), currency="usd") == 0
    assert balance(chart.expense_stripe_fees(), currency="usd") == 175 + 200
    assert open_kinds() == []
    assert verify_ledger().violations == []
    entry = AuditEntry.objects.get(action="money_exception.explained")
    assert (entry.actor, entry.after) == (staff, {"movement": movement, "account": "expense:stripe_fees"})
    with pytest.raises(Invalid):
        explain(exception, account="expense:stripe_fees", actor=staff, reason="Again.")


def test_on_an_organizers_balance_it_is_the_organizers(sell, strange, account, staff):
    sell()
    strange(700, account=account.stripe_account_id)
    reconcile(grace=NOW)
    assert verify_ledger().violations == []
    owed = balance(chart.organizer(account.organization), currency="usd")
    explain(MoneyException.objects.get(), account="bank:platform", actor=staff, reason="Stripe's credit.")
    assert balance(chart.organizer(account.organization), currency="usd") == owed - 700
    assert open_kinds() == []
    assert verify_ledger().violations == []


@pytest.mark.parametrize(("account", "reason"), [("revenue:premium", "Why not."), ("bank:platform", " ")])
def test_an_explanation_names_an_account_and_a_reason(account, reason, sell, strange, staff):
    sell()
    strange(-200)
    reconcile(grace=NOW)
    with pytest.raises(Invalid):
        explain(MoneyException.objects.get(), account=account, actor=staff, reason=reason)
    assert balance(chart.suspense_unmatched(), currency="usd") == 200


def test_a_kind_that_is_known_by_now_leaves_suspense_by_itself(sell, strange):
    sell()
    movement = strange(-200)
    reconcile(grace=NOW)
    BalanceTransaction.objects.filter(stripe_id=movement).update(type="payout", source_id="po_1Later")
    assert [each.kind for each in reconcile(grace=NOW, with_import=False).open] == [Kind.MISSING_HERE]
    assert balance(chart.suspense_unmatched(), currency="usd") == 0
    assert LedgerTransaction.objects.filter(kind="unmatched_reversal", source=movement).exists()


# --- in the admin


def test_the_list_begins_with_what_is_open(spoil, client, staff):
    spoil(6000)
    reconcile(grace=NOW)
    client.force_login(staff)
    address = reverse("admin:payouts_moneyexception_changelist")
    listed = client.get(address).content.decode()
    assert "$60.00" in listed
    assert "1 thing needs attention" in listed
    charge = MoneyException.objects.get().ids[0]
    assert "$60.00" in client.get(address, {"q": charge}).content.decode()
    assert "$60.00" not in client.get(address, {"q": "ch_other"}).content.decode()
    spoil(5000)
    reconcile(grace=NOW)
    assert "$60.00" not in client.get(address).content.decode()
    assert "$60.00" in client.get(address, {"state": "cleared"}).content.decode()
    assert "$60.00" in client.get(address, {"state": "all"}).content.decode()


def test_staff_acknowledge_with_a_note(spoil, act, staff):
    spoil(6000)
    reconcile(grace=NOW)
    exception = MoneyException.objects.get()
    assert "What is being done about it" in act("acknowledge_exceptions", exception, reason="")
    exception.refresh_from_db()
    assert exception.acknowledged_at is None
    assert "done." in act("acknowledge_exceptions", exception, reason="Asked Stripe.")
    exception.refresh_from_db()
    assert (exception.acknowledged_by, exception.note) == (staff, "Asked Stripe.")


def test_staff_explain_a_movement(sell, strange, act):
    sell()
    strange(-200)
    reconcile(grace=NOW)
    act(
        "explain_movements",
        MoneyException.objects.get(),
        account="expense:stripe_fees",
        reason="Monthly fee.",
    )
    assert balance(chart.suspense_unmatched(), currency="usd") == 0


def test_staff_without_the_permission_decide_nothing(spoil, client, staff):
    spoil(6000)
    reconcile(grace=NOW)
    staff.is_superuser = False
    staff.save()
    client.force_login(staff)
    chosen = {"action": "acknowledge_exceptions", "_selected_action": [MoneyException.objects.get().pk]}
    client.post(
        reverse("admin:payouts_moneyexception_changelist"), {**chosen, "nonce": "1", "reason": "Mine."}
    )
    assert MoneyException.objects.get().acknowledged_at is None


def test_one_page_lists_what_waits_for_staff_in_every_app(spoil, client, staff, sandbox, settle):
    spoil(6000)
    reconcile(grace=NOW)
    charge = sandbox.world.state.values("charge")[0]["id"]
    control(sandbox, f"charges/{charge}/refund", amount=700)
    settle()
    assert Refund.objects.get().needs_staff
    waiting = {group.title: group.count for group in list_attention() if group.count}
    assert waiting["Differences with Stripe"] == 1
    assert waiting["Refunds"] == 1
    assert count_attention() == sum(waiting.values())
    client.force_login(staff)
    page = client.get(reverse("admin:payouts_moneyexception_attention")).content.decode()
    assert Refund.objects.get().code in page
    assert "the ledger booked" in page
