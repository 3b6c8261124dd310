"""What the ledger's tests share: faults that get past the triggers, movements, threads."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from ledger import chart
from ledger.chart import Account
from ledger.models import LedgerTransaction
from ledger.services.posting import credit, debit, post
from ledger.services.sealing import seal_transactions

NOON = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    """A folder of the test's own for exported heads."""
    settings.MALY_DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def plant(db: None) -> Callable[..., None]:
    """Run a statement as somebody could who goes round every trigger and foreign key."""

    def run(statement: str, parameters: Any = None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(statement, parameters)
            cursor.execute("SET session_replication_role = origin")

    return run


def move(source: str, to: Account, of: Account, amount: int, **fields: Any) -> LedgerTransaction:
    """Post a simple movement, committed if the test commits."""
    fields = {"currency": "usd", "occurred_at": NOON, **fields}
    with transaction.atomic():
        return post("movement", source=source, lines=[debit(to, amount), credit(of, amount)], **fields)


def seal_all(expected: int) -> None:
    """Seal until so many transactions have been. A test beside this one may be mistaken for a poster for a moment."""
    sealed = 0
    for _ in range(500):
        sealed += seal_transactions()
        if sealed >= expected:
            break
    assert sealed == expected


def check_now() -> None:
    """Let the constraint triggers speak that would speak at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def run_together(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the jobs in threads that start at once, each with its connection; their results or exceptions, in order."""
    results: list[Any] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(number: int) -> None:
        try:
            start.wait(30)
            results[number] = jobs[number]()
        except Exception as error:  # noqa: BLE001  it is the result
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


class Poster(threading.Thread):
    """Posts in a transaction that stays open until it is told to end."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.has_posted, self.may_commit = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                move(self.source, chart.bank_platform(), chart.clearing_payout_platform(), 100)
                self.has_posted.set()
                assert self.may_commit.wait(30), "Nobody let it commit."
        finally:
            connection.close()

    def open(self) -> None:
        self.start()
        assert self.has_posted.wait(30)

    def commit(self) -> None:
        self.may_commit.set()
        self.join(30)
