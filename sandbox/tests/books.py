"""The audit of a sandbox's books, after any sequence of payments, refunds, disputes and payouts."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sandbox.resources.balance_transactions import PAID_OUT_WITH
from sandbox.server import Sandbox

Rows = list[dict[str, Any]]
PAYOUTS = ("payout", "payout_failure", "payout_cancel")


def assert_books_balance(sandbox: Sandbox) -> None:
    """Every balance is the sum of its balance transactions, every object agrees with them, no money is made."""
    with sandbox.world.state.lock:
        rows = sandbox.world.state.values("balance_transaction")
        _check_balances(sandbox, rows)
        for currency in {row["currency"] for row in rows}:
            _check_whole(sandbox, [row for row in rows if row["currency"] == currency], currency)
        _check_parts(sandbox)
        _check_payouts(sandbox)


def _check_balances(sandbox: Sandbox, rows: Rows) -> None:
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: {"pending": 0, "available": 0})
    for row in rows:
        assert row["net"] == row["amount"] - row["fee"]
        assert row["fee"] == sum(line["amount"] for line in row["fee_details"])
        assert sandbox.world.state.look_up(row["source"]), row
        sums[sandbox.world.state.owner_of(row["id"]), row["currency"]][row["status"]] += row["net"]
    assert dict(sums) == sandbox.world.totals


def _check_whole(sandbox: Sandbox, rows: Rows, currency: str) -> None:
    """What all hold is what buyers gave, less what Stripe took and banks got; between accounts nothing is lost."""

    def total(keep: Callable[[dict[str, Any]], bool]) -> int:
        return sum(row["amount"] for row in rows if keep(row))

    def fees(kind: str) -> int:
        return sum(line["amount"] for row in rows for line in row["fee_details"] if line["type"] == kind)

    moved = ("transfer", "transfer_refund", "payment", "payment_refund")
    assert total(lambda row: row["type"] in moved) == 0
    application = ("application_fee", "application_fee_refund")
    given_back_alone = total(lambda row: row["reporting_category"] == "fee")
    assert total(lambda row: row["type"] in application) + given_back_alone == fees("application_fee")
    buyers = ("charge", "refund", "refund_failure")
    gave = total(lambda row: row["type"] in buyers or row["reporting_category"].startswith("dispute"))
    paid_out = total(lambda row: row["type"] in PAYOUTS)
    held = sum(sum(one.values()) for (_, of), one in sandbox.world.totals.items() if of == currency)
    assert held == gave - fees("stripe_fee") + paid_out


def _check_parts(sandbox: Sandbox) -> None:
    """What was given back of a thing is the sum of its parts, and never more than the thing."""
    state = sandbox.world.state
    live = [one for one in state.values("refund") if one["status"] not in ("failed", "canceled")]
    for kind, parts, parent, given in (
        ("charge", live, "charge", "amount_refunded"),
        ("transfer", state.values("transfer_reversal"), "transfer", "amount_reversed"),
        ("application_fee", state.values("fee_refund"), "fee", "amount_refunded"),
    ):
        sums: dict[str, int] = defaultdict(int)
        for part in parts:
            sums[part[parent]] += part["amount"]
        for whole in state.values(kind):
            assert 0 <= whole[given] == sums[whole["id"]] <= whole["amount"]
            flag = "reversed" if kind == "transfer" else "refunded"
            assert whole[flag] == (whole[given] == whole["amount"])


def _check_payouts(sandbox: Sandbox) -> None:
    """The lines of an automatic payout are its amount; a payout has what its status says, and no more."""
    state = sandbox.world.state
    lines: dict[str, Rows] = defaultdict(list)
    by_source: dict[str, list[str]] = defaultdict(list)
    for row in state.values("balance_transaction"):
        by_source[row["source"]].append(row["type"])
        if payout_id := state.get(PAID_OUT_WITH, row["id"]):
            lines[payout_id].append(row)
    for payout in state.values("payout"):
        own = lines[payout["id"]]
        if payout["automatic"]:
            assert sum(row["net"] for row in own if row["source"] != payout["id"]) == payout["amount"]
            owner = state.owner_of(payout["id"])
            assert all(state.owner_of(row["id"]) == owner for row in own)
        else:
            assert own == []
        more = {"failed": ["payout_failure"], "canceled": ["payout_cancel"]}.get(payout["status"], [])
        assert by_source[payout["id"]] == ["payout", *more]
