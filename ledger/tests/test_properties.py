"""Any postings, repeats, conflicts, reversals and sealings, in any order, against a model of a few lines of Python."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import chart
from ledger.chart import Account
from ledger.errors import AlreadyReversed, PostingConflict, UnbalancedPosting
from ledger.models import LedgerEntry, LedgerTransaction
from ledger.services.balances import balance, trial_balance
from ledger.services.posting import Line, credit, debit, post, reverse
from ledger.services.sealing import seal_batch
from ledger.services.verification import verify_ledger
from ledger.tests.conftest import NOON, check_now

ACCOUNTS = [
    chart.platform(),
    chart.bank_platform(),
    chart.clearing_payout_platform(),
    chart.expense_stripe_fees(),
    chart.revenue_platform_fee(),
]
CURRENCIES = ["usd", "jpy", "kwd"]
amounts = st.one_of(st.integers(0, 3), st.integers(0, 10**14))
accounts = st.sampled_from(ACCOUNTS)


@st.composite
def balanced_lines(draw: st.DrawFn) -> list[Line]:
    """Lines that sum to zero, some of them zero, accounts occurring more than once."""
    sides = draw(st.lists(st.tuples(st.booleans(), accounts, amounts), max_size=5))
    lines = [(debit if is_debit else credit)(account, amount) for is_debit, account, amount in sides]
    rest = -sum(line.amount for line in lines)
    last = draw(accounts)
    return [*lines, debit(last, rest) if rest >= 0 else credit(last, -rest)]


postings = st.fixed_dictionaries(
    {
        "act": st.just("post"),
        "source": st.integers(1, 6),
        "currency": st.sampled_from(CURRENCIES),
        "lines": balanced_lines(),
        "day": st.integers(0, 9),
    }
)
reversals = st.fixed_dictionaries(
    {
        "act": st.just("reverse"),
        "of": st.integers(0, 9),
        "source": st.integers(1, 3),
        "day": st.integers(0, 9),
    }
)
sealings = st.fixed_dictionaries({"act": st.just("seal"), "limit": st.integers(1, 4)})


@dataclass
class Model:
    """The ledger as a list, in whose words the real one must agree."""

    prefix: str
    posted: dict[tuple[str, str], LedgerTransaction] = field(default_factory=dict)
    told: dict[int, tuple[str, datetime, list[tuple[str, int]]]] = field(default_factory=dict)
    reversed_by: dict[int, str] = field(default_factory=dict)

    def do(self, step: dict[str, Any]) -> None:
        if step["act"] == "post":
            self._post(step)
        elif step["act"] == "reverse":
            self._reverse(step)
        else:
            seal_batch(step["limit"])

    def _post(self, step: dict[str, Any]) -> None:
        source, when = f"{self.prefix}{step['source']}", NOON + timedelta(days=step["day"])
        lines = [(line.account.code, line.amount) for line in step["lines"] if line.amount]
        known = self.posted.get(("thing", source))
        try:
            with transaction.atomic():
                posted = post(
                    "thing", source=source, currency=step["currency"], lines=step["lines"], occurred_at=when
                )
        except UnbalancedPosting:
            assert not lines
        except PostingConflict:
            assert known
            currency, _, before = self.told[known.pk]
            assert currency != step["currency"] or sorted(before) != sorted(lines)
        else:
            assert posted == (known or posted)
            self.posted["thing", source] = posted
            self.told.setdefault(posted.pk, (step["currency"], when, lines))

    def _reverse(self, step: dict[str, Any]) -> None:
        if not self.posted:
            return
        original = list(self.posted.values())[step["of"] % len(self.posted)]
        source, when = f"{self.prefix}{step['source']}", NOON + timedelta(days=step["day"])
        kind = f"{original.kind}_reversal"
        try:
            with transaction.atomic():
                mirrored = reverse(original, source=source, occurred_at=when)
        except AlreadyReversed:
            assert self.reversed_by[original.pk] != source
        except PostingConflict:
            assert self.posted[kind, source].reverses_id != original.pk
        else:
            assert self.reversed_by.setdefault(original.pk, source) == source
            currency, _, lines = self.told[original.pk]
            self.posted[kind, source] = mirrored
            self.told.setdefault(mirrored.pk, (currency, when, [(code, -amount) for code, amount in lines]))

    def balances(self, at: datetime | None = None) -> dict[tuple[str, str], int]:
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for currency, when, lines in self.told.values():
            for code, amount in lines if at is None or when <= at else []:
                sums[code, currency] += amount
        return {key: amount for key, amount in sums.items() if amount}


def _real_balances(before: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    rows = [row for currency in CURRENCIES for row in trial_balance(currency)]
    sums = {(row.code, row.currency): row.amount - before.get((row.code, row.currency), 0) for row in rows}
    return {key: amount for key, amount in sums.items() if amount}


def _real_balances_at(at: datetime) -> dict[tuple[str, str], int]:
    pairs: list[tuple[Account, str]] = [(account, each) for account in ACCOUNTS for each in CURRENCIES]
    sums = {(account.code, each): balance(account, currency=each, at=at) for account, each in pairs}
    return {key: amount for key, amount in sums.items() if amount}


@pytest.mark.django_db
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.one_of(postings, postings, reversals), max_size=12), day=st.integers(-1, 10))
def test_the_ledger_agrees_with_a_model_at_every_moment(steps: list[dict[str, Any]], day: int) -> None:
    with transaction.atomic():
        model = Model("x_")
        for step in steps:
            model.do(step)
        check_now()
        assert LedgerTransaction.objects.count() == len(model.told)
        assert LedgerEntry.objects.count() == sum(len(lines) for _, _, lines in model.told.values())
        assert _real_balances({}) == model.balances()
        at = NOON + timedelta(days=day)
        assert _real_balances_at(at) == model.balances(at)
        assert verify_ledger().violations == []
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_sealing_in_between_changes_no_balance_and_no_answer() -> None:
    runs = 0

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=st.lists(st.one_of(postings, reversals, sealings), min_size=1, max_size=10))
    def run(steps: list[dict[str, Any]]) -> None:
        nonlocal runs
        runs += 1
        before = {
            (row.code, row.currency): row.amount for currency in CURRENCIES for row in trial_balance(currency)
        }
        model = Model(f"{runs}_")
        for step in steps:
            model.do(step)
            assert _real_balances(before) == model.balances()
        assert verify_ledger(is_full=False).violations == []

    run()
    while seal_batch():
        pass
    assert verify_ledger().violations == []
