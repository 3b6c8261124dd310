"""`manage.py verify_ledger`: silence is exit 0; every fault has its line."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization
from ledger import chart
from ledger.tests.conftest import move

pytestmark = pytest.mark.django_db


def _verify(*arguments: str) -> str:
    output = io.StringIO()
    call_command("verify_ledger", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def moved(organization: Organization) -> None:
    move("po_1", chart.bank_platform(), chart.clearing_payout_platform(), 100)


def test_clean_books_are_said_to_hold(moved: None) -> None:
    assert "invariants hold (" in _verify()
    assert "since the last clean run" not in _verify("--full")
    assert "since the last clean run" in _verify("--incremental")


def test_a_fault_is_named_and_the_exit_is_not_zero(moved: None, plant: Callable[..., None]) -> None:
    plant("SET CONSTRAINTS ALL IMMEDIATE; UPDATE ledger_ledgerentry SET amount = 101 WHERE amount = 100")
    output = io.StringIO()
    with pytest.raises(CommandError, match="1 violations of 1 invariants"):
        call_command("verify_ledger", stdout=output)
    assert output.getvalue().startswith("I01 every transaction sums to zero: transaction:")
    assert "sum 1" in output.getvalue()
    plant("UPDATE ledger_ledgerentry SET amount = 100 WHERE amount = 101")


def test_heads_kept_elsewhere_are_compared(moved: None, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text('{"day": "2026-09-01", "sequence": 7, "hash": "' + "a" * 64 + '"}\n')
    output = io.StringIO()
    with pytest.raises(CommandError, match="1 violations"):
        call_command("verify_ledger", heads=kept, stdout=output)
    assert "head:2026-09-01 (seal 7 isn't what was exported)" in output.getvalue()


@pytest.mark.parametrize("text", ["no json", "[1]", '{"day": "2026-09-01"}'])
def test_a_file_that_is_no_list_of_heads_is_refused_in_words(moved: None, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(text)
    with pytest.raises(CommandError, match="can't be read"):
        call_command("verify_ledger", heads=kept)


def test_a_file_that_is_not_there_is_refused_in_words(moved: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("verify_ledger", heads=tmp_path / "nowhere.jsonl")
