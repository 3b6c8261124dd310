"""The sealer: nothing is sealed that something older could still come before, and every seal hangs on the last."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organization
from ledger import chart
from ledger.models import LedgerCheckpoint, LedgerHead, LedgerSeal, LedgerTransaction
from ledger.services import sealing
from ledger.services.balances import balance, trial_balance
from ledger.services.heads import default_file, export_heads, find_lost_heads, read_heads
from ledger.services.verification import verify_ledger
from ledger.tasks import seal_ledger
from ledger.tests.conftest import Poster, move, run_together, seal_all
from maly.crash import install_hook

pytestmark = pytest.mark.django_db(transaction=True)


def _post(source: str, amount: int = 100) -> LedgerTransaction:
    return move(source, chart.bank_platform(), chart.clearing_payout_platform(), amount)


def _unsealed() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT transaction_id FROM ledger_unsealed")
        return {row[0] for row in cursor.fetchall()}


def test_seals_are_a_chain_over_the_bodies() -> None:
    posted = [_post(f"po_{number}") for number in range(3)]
    seal_all(3)
    seals = list(LedgerSeal.objects.order_by("sequence"))
    assert [seal.sequence for seal in seals] == [1, 2, 3]
    assert [seal.transaction for seal in seals] == posted
    previous = "0" * 64
    for seal in seals:
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM ledger_body WHERE transaction_id = %s", [seal.transaction_id])
            (body,) = cursor.fetchone()
        assert seal.previous_hash == previous
        assert seal.hash == hashlib.sha256((previous + body).encode()).hexdigest()
        previous = seal.hash
    assert verify_ledger().violations == []


def test_a_body_says_all_that_a_transaction_does(organization: Organization) -> None:
    posted = move(
        "ch_1",
        chart.platform(),
        chart.organizer(organization),
        4550,
        organization=organization,
        subject='order:"é',
    )
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'Asia/Tokyo'")
        cursor.execute("SELECT body FROM ledger_body")
        (body,) = cursor.fetchone()
        cursor.execute("SET TIME ZONE 'UTC'")
    posted_at = posted.posted_at
    micros = int(posted_at.timestamp()) * 10**6 + posted_at.microsecond
    assert body == (
        f'[{posted.pk}, "movement", "ch_1", {organization.pk}, "order:\\"é", "usd", 1788264000000000, '
        f'{micros}, null, [["stripe:platform", 4550], ["organizer:{organization.pk}", -4550]]]'
    )


def test_checkpoints_are_the_balances_after_each_batch() -> None:
    _post("po_1", 100)
    seal_all(1)
    _post("po_2", 20)
    _post("po_3", 3)
    seal_all(2)
    bank = LedgerCheckpoint.objects.filter(account__code="bank:platform").order_by("sequence")
    assert list(bank.values_list("sequence", "balance")) == [(1, 100), (3, 123)]
    assert balance(chart.bank_platform(), currency="usd") == 123


def test_batches_follow_each_other_to_the_end() -> None:
    for number in range(7):
        _post(f"po_{number}")
    assert sealing.seal_batch(0) == 0
    seen = []
    while _unsealed():
        seen.append(sealing.seal_batch(3))
        assert balance(chart.bank_platform(), currency="usd") == 700
    assert sum(seen) == 7
    assert max(seen) == 3
    assert verify_ledger().violations == []


def test_many_transactions_of_one_commit_are_sealed_batch_by_batch() -> None:
    with transaction.atomic():
        for number in range(5):
            _post(f"po_{number}")
    while _unsealed():
        sealing.seal_batch(2)
        assert balance(chart.bank_platform(), currency="usd") == 500
    assert LedgerSeal.objects.count() == 5
    assert verify_ledger().violations == []


def test_sealing_with_nothing_to_seal_does_nothing() -> None:
    assert sealing.seal_transactions() == 0
    _post("po_1")
    seal_all(1)
    assert sealing.seal_transactions() == 0
    assert LedgerCheckpoint.objects.count() == 2


def test_a_later_commit_waits_until_nothing_older_is_open() -> None:
    _post("po_0")
    older = Poster("po_older")
    older.open()
    younger = _post("po_younger")
    seal_all(1)
    assert sealing.seal_transactions() == 0
    assert _unsealed() == {younger.pk}
    assert balance(chart.bank_platform(), currency="usd") == 200
    older.commit()
    assert balance(chart.bank_platform(), currency="usd") == 300
    seal_all(2)
    sources = list(LedgerSeal.objects.order_by("sequence").values_list("transaction__source", flat=True))
    assert sources == ["po_0", "po_older", "po_younger"]
    assert balance(chart.bank_platform(), currency="usd") == 300
    assert verify_ledger().violations == []


def test_a_smaller_id_that_commits_after_a_bigger_one_is_not_lost() -> None:
    """Ids are given when a row is inserted, numbers of database transactions when they first write."""
    _post("po_0")
    first = Poster("po_first")
    first.open()
    second = _post("po_second")
    with transaction.atomic():
        inside = _post("po_third")
    first.commit()
    assert LedgerTransaction.objects.get(source="po_first").pk < second.pk < inside.pk
    seal_all(4)
    assert _unsealed() == set()
    assert balance(chart.bank_platform(), currency="usd") == 400


def test_a_transaction_of_another_database_of_the_cluster_is_not_waited_for() -> None:
    parameters = connection.get_connection_params() | {"dbname": "postgres"}
    keep = {name: parameters[name] for name in ("host", "port", "user", "dbname") if name in parameters}
    with psycopg.connect(**keep) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        _post("po_1")
        seal_all(1)


def test_two_sealers_are_one() -> None:
    for number in range(20):
        _post(f"po_{number}")
    sealed = 0
    for _ in range(100):
        results = run_together([lambda: sealing.seal_batch(5)] * 4)
        assert all(isinstance(result, int) for result in results), results
        sealed += sum(results)
        if sealed == 20:
            break
    assert list(LedgerSeal.objects.order_by("sequence").values_list("sequence", flat=True)) == [*range(1, 21)]
    assert verify_ledger().violations == []


def test_balances_are_right_at_every_moment_of_posting_and_sealing() -> None:
    posters, movements = 4, 15

    def post_many(poster: int) -> int:
        for number in range(movements):
            _post(f"po_{poster}_{number}")
        return movements

    def seal_and_read() -> list[int]:
        seen = []
        for _ in range(40):
            sealing.seal_batch(7)
            seen.append(sum(row.amount for row in trial_balance("usd")))
        return seen

    jobs = [
        *(lambda poster=poster: post_many(poster) for poster in range(posters)),
        seal_and_read,
        seal_and_read,
    ]
    *posted, first, second = run_together(jobs)
    assert posted == [movements] * posters
    assert set(first) | set(second) == {0}
    assert balance(chart.bank_platform(), currency="usd") == 100 * posters * movements
    while _unsealed():
        sealing.seal_transactions()
    assert balance(chart.bank_platform(), currency="usd") == 100 * posters * movements
    assert verify_ledger().violations == []


def test_a_sealer_that_dies_after_its_commit_has_sealed_once() -> None:
    _post("po_1")

    def die(name: str) -> None:
        raise SystemExit(name)

    install_hook(die)
    try:
        while not LedgerSeal.objects.exists():
            with pytest.raises(SystemExit):
                sealing.seal_transactions()
    finally:
        install_hook(None)
    assert sealing.seal_transactions() == 0
    assert LedgerSeal.objects.count() == 1
    assert verify_ledger().violations == []


def test_a_restored_dump_is_sealed_and_goes_on(plant: Callable[..., None]) -> None:
    """A dump brings numbers of its own cluster, which may be far ahead of the new one's."""
    _post("po_old_sealed")
    seal_all(1)
    _post("po_old")
    plant("UPDATE ledger_ledgertransaction SET xact_id = xact_id + 2::bigint ^ 40")
    plant("UPDATE ledger_ledgerseal SET horizon = horizon + 2::bigint ^ 40")
    _post("po_new")
    assert balance(chart.bank_platform(), currency="usd") == 300
    seal_all(2)
    assert balance(chart.bank_platform(), currency="usd") == 300
    _post("po_newer")
    assert balance(chart.bank_platform(), currency="usd") == 400
    seal_all(1)
    assert _unsealed() == set()
    assert verify_ledger().violations == []


# --- heads


def _tomorrow() -> list[object]:
    return list(export_heads(now=timezone.now() + timedelta(days=1)))


def test_the_last_seal_of_a_day_is_exported_once_the_day_is_over(data_dir: Path) -> None:
    _post("po_1")
    _post("po_2")
    seal_all(2)
    assert export_heads() == []
    (head,) = _tomorrow()
    last = LedgerSeal.objects.get(sequence=2)
    assert (head.day, head.sequence, head.hash) == (f"{last.sealed_at:%Y-%m-%d}", 2, last.hash)
    assert LedgerHead.objects.get().hash == last.hash
    assert read_heads(data_dir / "ledger" / "heads.jsonl") == [head]
    assert _tomorrow() == []
    assert len(default_file().read_text().splitlines()) == 1


def test_days_without_a_seal_have_no_head_and_every_other_day_has_its_own(plant: Callable[..., None]) -> None:
    for number in range(4):
        _post(f"po_{number}")
    seal_all(4)
    plant("UPDATE ledger_ledgerseal SET sealed_at = '2026-09-01 23:59:59+00' WHERE sequence <= 2")
    plant("UPDATE ledger_ledgerseal SET sealed_at = '2026-09-04 00:00:00+00' WHERE sequence = 3")
    heads = [(head.day, head.sequence) for head in export_heads()]
    assert heads == [("2026-09-01", 2), ("2026-09-04", 3)]


def test_a_crash_between_file_and_row_leaves_a_true_line_and_is_made_good() -> None:
    _post("po_1")
    seal_all(1)

    def die(name: str) -> None:
        raise SystemExit(name)

    install_hook(die)
    try:
        with pytest.raises(SystemExit, match="heads_written"):
            _tomorrow()
    finally:
        install_hook(None)
    assert not LedgerHead.objects.exists()
    assert len(_tomorrow()) == 1
    assert find_lost_heads(read_heads(default_file())) == []


def test_a_chain_whose_end_was_cut_off_and_written_anew_is_found_by_the_exported_head(
    plant: Callable[..., None],
) -> None:
    _post("po_1")
    cut = _post("po_2")
    seal_all(2)
    _tomorrow()
    for table in ("ledgerhead", "ledgerseal", "ledgercheckpoint", "ledgermark"):
        plant(f"DELETE FROM ledger_{table}")
    plant("DELETE FROM ledger_ledgerentry WHERE transaction_id = %s", [cut.pk])
    plant("DELETE FROM ledger_ledgertransaction WHERE id = %s", [cut.pk])
    _post("po_other")
    while _unsealed():
        sealing.seal_transactions()
    (violation,) = verify_ledger().violations
    assert violation.code == "I06"
    assert "exported" in violation.detail
    default_file().unlink()
    assert verify_ledger().violations == []  # the forged chain agrees with itself: hence the export


def test_beat_seals_and_exports() -> None:
    _post("po_1")
    for _ in range(500):
        seal_ledger()
        if LedgerSeal.objects.exists():
            break
    assert LedgerSeal.objects.get().transaction.source == "po_1"
