"""Each invariant has a planted fault that it alone catches: in a full run, and in an incremental one if it is new."""

from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.models import Organization
from accounts.tests.factories import OrganizationFactory
from ledger import chart, registry
from ledger.models import LedgerMark, LedgerTransaction
from ledger.services.posting import reverse
from ledger.services.verification import verify_ledger
from ledger.tests.conftest import NOON, Poster, move, seal_all

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.broken_books("faults are planted")]

# In transaction 3, which isn't sealed, unless it says otherwise; the first two are.
UNSEALED = "(SELECT max(id) FROM ledger_ledgertransaction WHERE kind = 'movement')"
FAULTS = {
    "I01": {
        "a changed amount": "UPDATE ledger_ledgerentry SET amount = amount + 1"
        f" WHERE transaction_id = {UNSEALED} AND amount > 0",
    },
    "I02": {
        "a lost entry": f"DELETE FROM ledger_ledgerentry WHERE transaction_id = {UNSEALED} AND amount > 0",
        "a transaction without entries": f"DELETE FROM ledger_ledgerentry WHERE transaction_id = {UNSEALED}",
    },
    "I03": {
        "another currency": f"UPDATE ledger_ledgertransaction SET currency = 'eur' WHERE id = {UNSEALED}",
        "an entry without its account": "UPDATE ledger_ledgerentry SET account_id = 0"
        f" WHERE transaction_id = {UNSEALED} AND amount > 0",
        "an entry without its transaction": f"DELETE FROM ledger_ledgertransaction WHERE id = {UNSEALED}",
    },
    "I04": {
        "a checkpoint that adds up to more": "UPDATE ledger_ledgercheckpoint SET balance = balance + 1"
        " WHERE sequence = 2 AND balance > 0",
        "an early checkpoint that adds up to more": "UPDATE ledger_ledgercheckpoint SET balance = balance + 1"
        " WHERE sequence = 1 AND balance > 0",
        "a checkpoint that is gone": "DELETE FROM ledger_ledgercheckpoint WHERE sequence = 2 AND balance > 0",
        "all checkpoints gone": "DELETE FROM ledger_ledgercheckpoint",
    },
    "I06": {
        "another subject": "UPDATE ledger_ledgertransaction SET subject = 'order:other'"
        " WHERE source = 'po_1'",
        "another organization": "UPDATE ledger_ledgertransaction SET organization_id = 1"
        " WHERE source = 'po_2'",
        "another account's name": "UPDATE ledger_ledgeraccount SET code = 'bank:other'"
        " WHERE code = 'bank:platform'",
        "a head of another chain": "INSERT INTO ledger_ledgerhead (day, sequence, hash)"
        " VALUES ('2026-09-01', 2, repeat('a', 64))",
        "a head after the chain's end": "INSERT INTO ledger_ledgerhead (day, sequence, hash)"
        " VALUES ('2026-09-01', 9, repeat('a', 64))",
        "a seal that was written anew": "UPDATE ledger_ledgerseal"
        " SET hash = encode(sha256(convert_to(previous_hash || 'x', 'UTF8')), 'hex') WHERE sequence = 2",
        "a seal that follows another": "UPDATE ledger_ledgerseal SET previous_hash = repeat('a', 64)"
        " WHERE sequence = 1",
        "a transaction below the floor that no seal has": "UPDATE ledger_ledgertransaction SET xact_id = 3"
        f" WHERE id = {UNSEALED}",
    },
    "I29": {
        "a reversal of something else": "UPDATE ledger_ledgertransaction SET reverses_id = (SELECT id"
        " FROM ledger_ledgertransaction"
        " WHERE source = 'po_2') WHERE kind = 'movement_reversal'",
    },
}
CASES = [(code, words) for code, faults in FAULTS.items() for words in faults]
# What an incremental run isn't meant to find: it was there at the last mark, or it takes a look at everything.
OLD = {
    "an early checkpoint that adds up to more",
    "another subject",
    "a seal that follows another",
    "a transaction below the floor that no seal has",
    "an entry without its transaction",
}


@pytest.fixture
def books(organization: Organization) -> None:
    """Two sealed movements in batches of their own, then one unsealed, and an unsealed reversal of one of its own."""
    _move("po_1", 100)
    seal_all(1)
    assert verify_ledger().violations == []
    _move("po_2", 20)
    seal_all(1)
    undone = move("po_5", chart.platform(), chart.revenue_premium(), 7)
    with transaction.atomic():
        reverse(undone, source="po_5", occurred_at=NOON)
    _move("po_3", 3)


def _move(source: str, amount: int) -> LedgerTransaction:
    return move(source, chart.bank_platform(), chart.clearing_payout_platform(), amount)


def test_the_books_are_clean_without_a_fault(books: None) -> None:
    assert verify_ledger(is_full=False).violations == []
    assert verify_ledger().violations == []


@pytest.mark.parametrize(("code", "words"), CASES)
def test_a_planted_fault_is_caught_by_its_own_invariant_alone(
    books: None, plant: Callable[..., None], code: str, words: str
) -> None:
    plant(FAULTS[code][words])
    if words not in OLD:
        found = verify_ledger(is_full=False)
        assert not found.is_full
        assert {violation.code for violation in found.violations} == {code}
    found = verify_ledger()
    assert {violation.code for violation in found.violations} == {code}
    assert all(violation.subject and violation.detail for violation in found.violations)


def test_a_deleted_seal_leaves_a_gap(books: None, plant: Callable[..., None]) -> None:
    plant("DELETE FROM ledger_ledgerseal WHERE sequence = 1")
    found = {violation.subject: violation.detail for violation in verify_ledger().violations}
    assert found["seal:2"] == "a seal before it is missing"


def test_a_deleted_sealed_transaction_is_missed(books: None, plant: Callable[..., None]) -> None:
    plant("DELETE FROM ledger_ledgertransaction WHERE source = 'po_1'")
    found = {violation.subject: violation.detail for violation in verify_ledger().violations}
    assert found["seal:1"] == "its transaction is gone"


def test_any_one_change_to_a_sealed_transaction_is_found(books: None, plant: Callable[..., None]) -> None:
    changes = {
        "kind": "'movemenu'",
        "source": "'po_2 '",
        "subject": "' '",
        "currency": "'jpy'",
        "occurred_at": "occurred_at + interval '1 microsecond'",
        "posted_at": "posted_at - interval '1 microsecond'",
        "reverses_id": "1",
        "organization_id": str(OrganizationFactory().pk),
    }
    for column, value in changes.items():
        before = LedgerTransaction.objects.filter(source__startswith="po_2").values().get()
        plant(f"UPDATE ledger_ledgertransaction SET {column} = {value} WHERE id = {before['id']}")
        assert "seal:2" in {violation.subject for violation in verify_ledger().violations}, column
        plant(
            f"UPDATE ledger_ledgertransaction SET {column} = %s WHERE id = {before['id']}", [before[column]]
        )
        assert verify_ledger().violations == []


# --- marks


def test_a_clean_run_leaves_a_mark_and_a_dirty_one_none(books: None, plant: Callable[..., None]) -> None:
    marks = LedgerMark.objects.count()
    plant("UPDATE ledger_ledgerentry SET amount = amount + 1 WHERE amount = 3")
    assert verify_ledger(is_full=False).violations
    assert LedgerMark.objects.count() == marks
    plant("UPDATE ledger_ledgerentry SET amount = amount - 1 WHERE amount = 4")
    assert not verify_ledger(is_full=False).violations
    assert LedgerMark.objects.count() == marks + 1
    assert LedgerMark.objects.latest("pk").sequence == 2


def test_an_incremental_run_without_a_mark_is_a_full_one(organization: Organization) -> None:
    assert verify_ledger(is_full=False).is_full
    assert not verify_ledger(is_full=False).is_full


def test_another_set_of_rules_asks_for_a_full_run(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_ledger()
    more = {**registry._invariants, "X99": registry.Invariant("X99", "nothing", "SELECT 1, 1 WHERE false")}
    monkeypatch.setattr(registry, "_invariants", more)
    assert verify_ledger(is_full=False).is_full


def test_a_mark_of_another_cluster_asks_for_a_full_run(
    organization: Organization, plant: Callable[..., None]
) -> None:
    verify_ledger()
    plant("UPDATE ledger_ledgermark SET horizon = horizon + 2::bigint ^ 40")
    assert verify_ledger(is_full=False).is_full


def test_what_was_open_at_the_mark_is_looked_at_by_the_next_run(
    organization: Organization, plant: Callable[..., None]
) -> None:
    move("po_0", chart.bank_platform(), chart.clearing_payout_platform(), 3)
    poster = Poster("po_1")
    poster.open()
    move("po_2", chart.bank_platform(), chart.clearing_payout_platform(), 20)
    assert verify_ledger().violations == []
    poster.commit()
    plant("UPDATE ledger_ledgerentry SET amount = 101 WHERE amount = 100")
    (violation,) = verify_ledger(is_full=False).violations
    assert violation.code == "I01"


def test_two_rules_never_share_a_code() -> None:
    with pytest.raises(AssertionError, match="I01"):
        registry.invariant("I01", "something else", "SELECT 1, 1")
    with pytest.raises(AssertionError, match="changed_entry"):
        registry.relation("changed_entry", "SELECT 1")
