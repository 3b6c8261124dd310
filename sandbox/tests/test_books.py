"""The sandbox's own books: they balance after every step of long random walks, and survive a restart."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.api import Request
from sandbox.server import Sandbox
from sandbox.tests.books import assert_books_balance
from sandbox.tests.conftest import KEY
from sandbox.tests.judge import judge_object

CARDS = ("4242424242424242", "4000000000000077", "4000000000000077", "4000000000000259")
EVIDENCE = ("winning_evidence", "losing_evidence", "I was there")
INTERVALS: tuple[dict[str, Any], ...] = (
    {"interval": "daily", "delay_days": 1},
    {"interval": "weekly", "weekly_anchor": "friday", "delay_days": 7},
    {"interval": "monthly", "monthly_anchor": 31},
    {"interval": "manual"},
)


class Walk:
    """A seeded walk through everything that moves money; every step is a call that may be refused."""

    def __init__(self, seed: int, journal: Path | None = None) -> None:
        self.random = random.Random(seed)
        self.sandbox = Sandbox(journal=journal, automatic=False)
        self.refused = self.done = 0
        self.accounts = [self._account() for _ in range(2)]

    def call(self, method: str, path: str, account: str = "", **fields: Any) -> dict[str, Any]:
        """Make an API call in this process; a refusal is a 400, and nothing else is allowed to go wrong."""
        headers = {"authorization": f"Bearer {KEY}"} | ({"stripe-account": account} if account else {})
        text = urlencode([(name, str(value).lower() if isinstance(value, bool) else value)
                          for name, value in fields.items()])  # fmt: skip
        query, body = (text, b"") if method == "GET" else ("", text.encode())
        response = self.sandbox.api.handle(Request(method, path, query, headers, body))
        assert response.status in (200, 400), response.body
        self.done += response.status == 200
        self.refused += response.status == 400
        return dict(json.loads(response.body))

    def control(self, path: str, **body: Any) -> Any:
        status, answer = self.sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status in (200, 400, 404), answer
        self.done += status == 200
        self.refused += status == 400
        return answer

    def _account(self) -> str:
        account = self.call(
            "POST", "/v1/accounts", country="US", **{"capabilities[transfers][requested]": True}
        )
        self.control(f"accounts/{account['id']}", complete=True)
        return str(account["id"])

    def one_of(self, kind: str) -> dict[str, Any]:
        own = [one for one in self.sandbox.world.state.values(kind) if one.get("payment_intent", True)]
        return dict(self.random.choice(own)) if own else {"id": "none", "amount": 1, "currency": "usd"}

    def part(self, amount: int) -> int:
        return self.random.choice((amount, max(1, amount // 3), self.random.randint(1, amount)))

    def coin(self) -> bool:
        return self.random.random() < 0.5

    # Steps

    def buy(self) -> None:
        amount = self.random.choice((5458, 5000, 101, self.random.randint(50, 20_000)))
        fee = self.random.choice((0, 1, amount // 10, amount))
        session = self.call("POST", "/v1/checkout/sessions", **{
            "mode": "payment",
            "line_items[0][quantity]": 1,
            "line_items[0][price_data][currency]": self.random.choice(("usd", "usd", "eur")),
            "line_items[0][price_data][unit_amount]": amount,
            "line_items[0][price_data][product_data][name]": "General",
            "payment_intent_data[transfer_data][destination]": self.random.choice(self.accounts),
            "success_url": "http://product.test/o",
        } | ({"payment_intent_data[application_fee_amount]": fee} if fee else {}))  # fmt: skip
        self.control(f"checkout/{session['id']}/pay", card=self.random.choice(CARDS))

    def refund(self) -> None:
        charge = self.one_of("charge")
        fields: dict[str, Any] = {"charge": charge["id"]}
        if self.coin():
            fields["amount"] = self.part(charge["amount"])
        if self.coin():
            fields |= {"reverse_transfer": True, "refund_application_fee": self.coin()}
        self.call("POST", "/v1/refunds", **fields)

    def refund_by_hand(self) -> None:
        self.control(f"charges/{self.one_of('charge')['id']}/refund", reverse_transfer=self.coin())

    def end_refund(self) -> None:
        status = self.random.choice(("succeeded", "failed", "canceled"))
        self.control(f"refunds/{self.one_of('refund')['id']}", status=status)

    def reverse(self) -> None:
        transfer = self.one_of("transfer")
        amount, with_fee = self.part(transfer["amount"]), self.coin()
        path = f"/v1/transfers/{transfer['id']}/reversals"
        if transfer["id"] != "none":
            self.call("POST", path, amount=amount, refund_application_fee=with_fee)

    def give_fee_back(self) -> None:
        fee = self.one_of("application_fee")
        if fee["id"] != "none":
            self.call("POST", f"/v1/application_fees/{fee['id']}/refunds", amount=self.part(fee["amount"]))

    def transfer(self) -> None:
        charge = self.one_of("charge")
        source = {"source_transaction": charge["id"]} if self.coin() and charge["id"] != "none" else {}
        account = self.random.choice(self.accounts)
        amount = self.part(charge["amount"])
        self.call(
            "POST", "/v1/transfers", amount=amount, currency=charge["currency"], destination=account, **source
        )

    def dispute(self) -> None:
        self.control(f"charges/{self.one_of('charge')['id']}/dispute", reason="fraudulent")

    def answer_dispute(self) -> None:
        dispute = self.one_of("dispute")
        if dispute["id"] == "none":
            return
        path = f"/v1/disputes/{dispute['id']}"
        if self.coin():
            text = self.random.choice(EVIDENCE)
            self.call("POST", path, **{"evidence[uncategorized_text]": text, "submit": self.coin()})
        elif self.coin():
            self.control(f"disputes/{dispute['id']}", outcome=self.random.choice(("won", "lost")))
        else:
            self.call("POST", f"{path}/close")

    def pay_out(self) -> None:
        account = self.random.choice([*self.accounts, "platform"])
        self.control("payouts", account=account, outcome=self.random.choice(("paid", "paid", "failed")))

    def pay_out_by_hand(self) -> None:
        account = self.random.choice([*self.accounts, ""])
        self.call("POST", "/v1/payouts", account, amount=self.random.randint(1, 4000), currency="usd")

    def end_payout(self) -> None:
        payout = self.one_of("payout")["id"]
        self.control(f"payouts/{payout}", outcome=self.random.choice(("paid", "failed", "canceled")))

    def mend(self) -> None:
        account = self.random.choice(self.accounts)
        self.control(f"accounts/{account}", complete=True)
        schedule = self.random.choice(INTERVALS)
        fields = {f"settings[payouts][schedule][{name}]": value for name, value in schedule.items()}
        self.call("POST", f"/v1/accounts/{account}", **fields)
        self.control("platform", bank_debits=self.coin())

    def wait(self) -> None:
        self.control("clock", advance_seconds=self.random.choice((1, 3601, 86_400, 2 * 86_400, 8 * 86_400)))

    def settle(self) -> None:
        self.sandbox.pump()

    def step(self) -> None:
        """Take one step, purchases and time more often than the rest."""
        steps: list[Callable[[], None]] = [
            self.buy, self.buy, self.buy, self.settle, self.wait, self.wait, self.refund, self.refund,
            self.refund_by_hand, self.end_refund, self.reverse, self.give_fee_back, self.transfer, self.dispute,
            self.answer_dispute, self.answer_dispute, self.pay_out, self.pay_out_by_hand, self.end_payout, self.mend,
        ]  # fmt: skip
        self.random.choice(steps)()


@pytest.mark.parametrize("seed", range(4))
def test_the_books_balance_after_every_step_of_a_random_walk(seed: int) -> None:
    walk = Walk(seed)
    started = time.monotonic()
    for _ in range(600):
        walk.step()
        assert_books_balance(walk.sandbox)
        if time.monotonic() - started > 5:
            break
    state = walk.sandbox.world.state
    kinds = ("charge", "refund", "transfer_reversal", "fee_refund", "dispute", "payout")
    assert all(state.values(kind) for kind in kinds)
    assert min(walk.done, walk.refused) > 60
    complaints = [one for kind in (*kinds, "transfer", "balance_transaction", "event", "account", "bank_account")
                  for stored in state.values(kind) for one in judge_object(stored)]  # fmt: skip
    assert complaints == []


def test_the_api_shows_the_balances_that_the_books_have() -> None:
    walk = Walk(7)
    for _ in range(80):
        walk.step()
    for account in ("", *walk.accounts):
        shown = walk.call("GET", "/v1/balance", account)
        sums: dict[tuple[str, str], int] = {}
        after: dict[str, Any] = {}
        while True:
            page = walk.call("GET", "/v1/balance_transactions", account, limit=100, **after)
            for row in page["data"]:
                key = (row["currency"], row["status"])
                sums[key] = sums.get(key, 0) + row["net"]
            if not page["has_more"]:
                break
            after = {"starting_after": page["data"][-1]["id"]}
        for status in ("available", "pending"):
            for line in shown[status]:
                assert line["amount"] == sums.get((line["currency"], status), 0)


def test_a_restart_keeps_the_books_and_what_is_due(tmp_path: Path) -> None:
    walk = Walk(11, tmp_path / "journal")
    for _ in range(120):
        walk.step()
    tables = ("balance_transaction", "payout", "refund", "dispute", "_payout_of", "_settings")

    def kept(sandbox: Sandbox) -> Any:
        state = sandbox.world.state
        found = {table: state.values(table) for table in tables}
        agenda = sorted(state.values("_task"), key=lambda task: task["id"])
        return json.loads(json.dumps([found, agenda, sorted(map(str, sandbox.world.totals.items()))]))

    before = kept(walk.sandbox)
    walk.sandbox.stop()
    again = Sandbox(journal=tmp_path / "journal", automatic=False)
    assert kept(again) == before
    again.control("POST", "/_sandbox/clock", {"advance_seconds": 40 * 86_400})
    assert_books_balance(again)
    again.stop()
