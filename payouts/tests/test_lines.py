"""What a payout is made of: Stripe's own lines, and our allocation where Stripe doesn't say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect import gateway
from connect.stripe_objects import BalanceTransaction, PayoutSchedule
from payouts.models import OrganizerPayout, PayoutLine
from payouts.services import lines
from payouts.services.lines import Part, choose_parts
from payouts.services.payouts import sync_payout
from payouts.tests.conftest import control, requests_to, run_together
from payouts.tests.factories import OrganizerPayoutFactory

pytestmark = pytest.mark.django_db


def take(account: Any, amount: int, key: str) -> OrganizerPayout:
    """A manual payout, followed as its first event would."""
    made = gateway.create_payout(
        account.stripe_account_id, amount=amount, currency="usd", request="", idempotency_key=key
    )
    return sync_payout(account, made.id)


def shares(payout: OrganizerPayout) -> list[tuple[int, int, int]]:
    return list(payout.lines.values_list("amount", "fee_amount", "net_amount"))


def test_an_automatic_payout_has_stripes_lines_with_their_orders(sell, pay_out, account):
    orders = [sell(), sell(2)]
    payout = sync_payout(account, pay_out())
    rows = [(line.order, line.type, line.amount, line.fee_amount) for line in payout.lines.all()]
    assert rows == [(orders[0], "payment", 5000, 450), (orders[1], "payment", 10000, 870)]
    assert {line.allocated for line in payout.lines.all()} == {False}
    assert sum(line.net_amount for line in payout.lines.all()) == payout.amount
    assert payout.lines_synced_at is not None


def test_a_refund_is_a_line_of_its_order_even_in_a_later_payout(sell, pay_out, account, sandbox):
    order, other = sell(), sell()
    charge = order.payments.get().charge_id
    control(sandbox, f"charges/{charge}/refund", amount=1000, reverse_transfer=True)
    sandbox.pump()
    control(sandbox, "clock", advance_seconds=3 * 24 * 3600)
    sandbox.pump()
    for made in reversed(gateway.list_payouts(account.stripe_account_id, created_after=order.created_at)):
        sync_payout(account, made.id)
    back = PayoutLine.objects.get(type="payment_refund")
    assert (back.order, back.net_amount) == (order, -1000)
    assert PayoutLine.objects.filter(order=other).count() == 1


def test_what_a_dispute_took_and_gave_back_are_lines_of_its_order(
    sell, fund, pay_out, account, sandbox, settle
):
    fund(500_000, fee=100_000)  # so that our own balance bears a transfer
    order = sell()
    made = control(sandbox, f"charges/{order.payments.get().charge_id}/dispute")
    settle()
    control(sandbox, f"disputes/{made['id']}", outcome="won")
    settle()
    sync_payout(account, pay_out())
    rows = PayoutLine.objects.filter(order=order).values_list(
        "type", "net_amount", "dispute__stripe_dispute_id"
    )
    assert set(rows) == {
        ("payment", 4550, None),
        ("payment_refund", -4550, made["id"]),
        ("payment", 4550, made["id"]),
    }


def test_the_lines_of_an_automatic_payout_wait_until_stripe_itemises_it(fund, account, sandbox):
    fund()
    control(sandbox, "clock", advance_seconds=24 * 3600 + 60)
    (made,) = gateway.list_payouts(account.stripe_account_id, created_after=account.created_at)
    assert (made.status, made.is_itemised) == ("pending", False)
    assert sync_payout(account, made.id).lines_synced_at is None
    assert not PayoutLine.objects.exists()
    control(sandbox, "clock", advance_seconds=2 * 3600)
    assert sync_payout(account, made.id).lines.count() == 1


def test_a_manual_payout_takes_the_oldest_money_and_splits_the_last_of_it(manual, fund):
    fund()  # 45.50
    fund()
    fund()
    first, second = take(manual, 6000, "payout-1"), take(manual, 7650, "payout-2")
    assert shares(first) == [(5000, 450, 4550), (1593, 143, 1450)]
    assert shares(second) == [(3407, 307, 3100), (5000, 450, 4550)]
    assert {line.allocated for line in PayoutLine.objects.all()} == {True}
    by_movement: dict[str, int] = {}
    for line in PayoutLine.objects.all():
        by_movement[line.balance_transaction_id] = (
            by_movement.get(line.balance_transaction_id, 0) + line.amount
        )
    assert set(by_movement.values()) == {5000}


def test_money_that_has_not_settled_is_not_allocated(manual, fund):
    fund(2000, fee=0, card="4242424242424242")
    fund(3000, fee=0)
    assert shares(take(manual, 3000, "payout-1")) == [(3000, 0, 3000)]


def test_what_was_refunded_counts_against_what_came_in(manual, sell, sandbox):
    order, other = sell(), sell()
    charge = order.payments.get().charge_id
    control(sandbox, f"charges/{charge}/refund", amount=1000, reverse_transfer=True)
    sandbox.pump()
    payout = take(manual, 3000, "payout-1")
    rest = take(manual, 2 * 4550 - 1000 - 3000, "payout-2")
    both = [*payout.lines.all(), *rest.lines.all()]
    assert sum(line.net_amount for line in payout.lines.all()) == 3000
    assert sum(line.net_amount for line in rest.lines.all()) == rest.amount
    assert sum(line.net_amount for line in both if line.order == order) == 4550 - 1000
    assert sum(line.net_amount for line in both if line.order == other) == 4550


def test_lines_are_found_once(manual, fund, sandbox):
    fund()
    payout = take(manual, 4550, "payout-1")
    asked = len(requests_to(sandbox, "/v1/balance_transactions", "GET"))
    sync_payout(manual, payout.stripe_payout_id)
    lines.sync_lines(payout)
    assert payout.lines.count() == 1
    assert len(requests_to(sandbox, "/v1/balance_transactions", "GET")) == asked + 1


def test_what_a_failed_payout_took_is_free_for_the_next_one(manual, fund, sandbox):
    fund()
    first = take(manual, 4550, "payout-1")
    control(sandbox, f"payouts/{first.stripe_payout_id}", outcome="canceled")
    sync_payout(manual, first.stripe_payout_id)
    second = take(manual, 4550, "payout-2")
    assert shares(first) == shares(second) == [(5000, 450, 4550)]


@pytest.mark.broken_books("payouts of a factory, which nothing posts")
def test_payouts_without_lines_get_theirs_in_the_order_they_were_made(manual, fund):
    fund(1000, fee=0)
    fund(2000, fee=0)
    first, second = (
        gateway.create_payout(
            manual.stripe_account_id, amount=amount, currency="usd", request="", idempotency_key=key
        )
        for amount, key in [(1000, "payout-1"), (2000, "payout-2")]
    )
    OrganizerPayoutFactory(
        connected_account=manual,
        stripe_payout_id=first.id,
        status="pending",
        automatic=False,
        created_at=first.created_at,
    )
    later = sync_payout(manual, second.id)
    earlier = OrganizerPayout.objects.get(stripe_payout_id=first.id)
    assert (shares(earlier), shares(later)) == ([(1000, 0, 1000)], [(2000, 0, 2000)])


def test_after_automatic_payouts_manual_ones_take_only_what_is_left(account, fund, pay_out):
    fund(1000, fee=0)
    sync_payout(account, pay_out())
    gateway.update_payout_schedule(account.stripe_account_id, PayoutSchedule(interval="manual"))
    fund(2000, fee=0)
    assert shares(take(account, 2000, "payout-1")) == [(2000, 0, 2000)]


def test_money_back_from_a_failed_automatic_payout_is_what_the_next_manual_one_pays(
    account, fund, pay_out, sandbox
):
    fund(1000, fee=0)
    sync_payout(account, pay_out())
    fund(2000, fee=0)
    failed = sync_payout(account, pay_out("failed"))
    control(sandbox, f"accounts/{account.stripe_account_id}", complete=True)  # another bank account
    gateway.update_payout_schedule(account.stripe_account_id, PayoutSchedule(interval="manual"))
    payout = take(account, 2000, "payout-1")
    (line,) = payout.lines.all()
    assert (line.type, line.source_id, line.net_amount) == ("payout_failure", failed.stripe_payout_id, 2000)


def test_an_automatic_payout_takes_over_what_manual_ones_left(manual, fund, pay_out):
    fund(1000, fee=0)
    fund(2000, fee=0)
    take(manual, 500, "payout-1")
    gateway.update_payout_schedule(manual.stripe_account_id, PayoutSchedule(interval="daily"))
    automatic = sync_payout(manual, pay_out())
    assert sum(line.net_amount for line in automatic.lines.all()) == automatic.amount == 2500
    gateway.update_payout_schedule(manual.stripe_account_id, PayoutSchedule(interval="manual"))
    fund(700, fee=0)
    assert shares(take(manual, 700, "payout-2")) == [(700, 0, 700)]


@pytest.mark.broken_books("a payout whose amount is not what its lines are")
def test_lines_that_do_not_explain_a_payout_are_kept_and_logged(manual, fund, caplog):
    fund(1000, fee=0)
    payout = take(manual, 1000, "payout-1")
    OrganizerPayout.objects.update(amount=1500, lines_synced_at=None)
    payout.lines.all().delete()
    payout = sync_payout(manual, payout.stripe_payout_id)
    assert shares(payout) == [(1000, 0, 1000)]
    assert "payout_not_explained" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_payouts_allocated_at_once_never_take_the_same_money(manual, fund):
    for _ in range(4):
        fund(1000, fee=0)
    made = [
        gateway.create_payout(
            manual.stripe_account_id, amount=2000, currency="usd", request="", idempotency_key=key
        )
        for key in ("payout-1", "payout-2")
    ]
    run_together([lambda each=each: sync_payout(manual, each.id) for each in made * 3])
    assert [shares(each) for each in OrganizerPayout.objects.all()] == [[(1000, 0, 1000)] * 2] * 2
    assert len(set(PayoutLine.objects.values_list("balance_transaction_id", flat=True))) == 4


# --- the choice alone

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def part(net: int, *, fee: int = 0, minute: int = 0, name: str = "") -> Part:
    movement = BalanceTransaction(
        id=name or f"txn_{minute}",
        type="payment",
        status="available",
        amount=net + fee,
        fee=fee,
        net=net,
        currency="usd",
        source_id=None,
        transfer_id=None,
        payment_id=None,
        reversal_id=None,
        description="",
        created_at=NOON + timedelta(minutes=minute),
        available_at=NOON + timedelta(minutes=minute),
    )
    return Part(movement, net, fee)


@pytest.mark.parametrize(
    ("amount", "nets", "chosen"),
    [
        (100, [100, 50], [100]),
        (120, [100, 50], [100, 20]),
        (120, [100, -30, 80], [-30, 100, 50]),
        (20, [-30, 100], [-30, 50]),
        (500, [100, 50], [100, 50]),
        (100, [], []),
        (100, [0, 100], [0, 100]),
    ],
)
def test_what_was_taken_counts_and_then_the_oldest_until_the_amount_is_reached(amount, nets, chosen):
    payout = OrganizerPayout(amount=amount, created_at=NOON + timedelta(days=1))
    parts = choose_parts(payout, [part(net, minute=place) for place, net in enumerate(nets)])
    assert [each.net for each in parts] == chosen


def test_what_came_in_after_the_payout_was_made_is_not_in_it():
    payout = OrganizerPayout(amount=100, created_at=NOON + timedelta(minutes=1))
    assert [each.net for each in choose_parts(payout, [part(60), part(70, minute=2)])] == [60]


def test_a_split_movement_keeps_its_fee_in_proportion():
    payout = OrganizerPayout(amount=30, created_at=NOON + timedelta(days=1))
    (chosen,) = choose_parts(payout, [part(90, fee=10)])
    assert (chosen.net, chosen.fee) == (30, 3)


@given(
    st.lists(st.tuples(st.integers(-500, 5000), st.integers(0, 400)), max_size=12),
    st.lists(st.integers(1, 6000), max_size=6),
)
def test_however_money_is_split_over_payouts_nothing_is_lost_or_paid_twice(movements, amounts):
    unpaid = [part(net, fee=fee, minute=place) for place, (net, fee) in enumerate(movements)]
    made: list[Part] = []
    for amount in amounts:
        if amount > sum(each.net for each in unpaid):
            continue  # Stripe refuses it
        payout = OrganizerPayout(amount=amount, created_at=NOON + timedelta(days=1))
        chosen = choose_parts(payout, unpaid)
        assert sum(each.net for each in chosen) == amount
        taken = {each.transaction.id: each for each in chosen}
        left = []
        for each in unpaid:
            gone = taken.get(each.transaction.id, Part(each.transaction, 0, 0))
            if each.transaction.id not in taken or each.net != gone.net:
                left.append(Part(each.transaction, each.net - gone.net, each.fee - gone.fee))
        made += chosen
        unpaid = left
    for kind in ("net", "fee"):
        whole = sum(net if kind == "net" else fee for net, fee in movements)
        assert sum(getattr(each, kind) for each in [*made, *unpaid]) == whole
    assert all(each.fee >= 0 for each in [*made, *unpaid])
