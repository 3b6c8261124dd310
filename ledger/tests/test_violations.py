"""What a verification finds broken is kept, logged and cleared: by a run that could have seen it."""

import logging
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from ledger import chart, tasks
from ledger.models import LedgerMark, LedgerViolation
from ledger.services.verification import Verification, Violation
from ledger.services.violations import LOGGED_AT_MOST, check_ledger, note_violations
from ledger.tests.conftest import check_now, move

pytestmark = pytest.mark.django_db


@pytest.fixture
def moved(organization: Organization) -> None:
    move("po_1", chart.bank_platform(), chart.clearing_payout_platform(), 100)
    check_now()


def _break(plant: Callable[..., None]) -> None:
    plant("UPDATE ledger_ledgerentry SET amount = 101 WHERE amount = 100")


def _mend(plant: Callable[..., None]) -> None:
    plant("UPDATE ledger_ledgerentry SET amount = 100 WHERE amount = 101")


def _found(*subjects: str, is_full: bool = True) -> Verification:
    violations = [Violation("I01", "sums to zero", subject, "sum 1") for subject in subjects]
    return Verification(violations, 1, is_full, 0)


def _open() -> list[str]:
    rows = LedgerViolation.objects.filter(cleared_at=None).order_by("pk")
    return list(rows.values_list("subject", flat=True))


def test_a_fault_is_kept_once_logged_and_cleared_when_it_is_mended(
    moved: None, plant: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    assert tasks.verify_changes() == 0
    _break(plant)
    assert tasks.verify_changes() == 1
    assert tasks.verify_changes() == 1
    row = LedgerViolation.objects.get()
    assert (row.code, row.detail, row.cleared_at) == ("I01", "sum 1", None)
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == [f"ledger_violation code=I01 subject={row.subject} detail=sum 1"]
    _mend(plant)
    assert tasks.verify_changes() == 0
    row.refresh_from_db()
    assert row.cleared_at is not None
    assert LedgerMark.objects.exists()


def test_the_nightly_run_looks_at_everything(moved: None, plant: Callable[..., None]) -> None:
    assert tasks.verify_books() == 0
    _break(plant)
    assert tasks.verify_books() == 1
    assert LedgerMark.objects.filter(is_full=True).count() == 1
    _mend(plant)


def test_a_fault_that_comes_back_is_a_row_of_its_own(db: None) -> None:
    note_violations(_found("order:1"))
    note_violations(_found())
    note_violations(_found("order:1"))
    assert LedgerViolation.objects.count() == 2
    assert _open() == ["order:1"]


def test_what_only_a_full_run_saw_is_cleared_by_a_full_run_only(db: None) -> None:
    note_violations(_found("order:old"))
    note_violations(_found("order:new", is_full=False))
    note_violations(_found(is_full=False))
    assert _open() == ["order:old"]
    note_violations(_found())
    assert _open() == []


def test_what_an_incremental_run_sees_too_is_cleared_by_one(db: None) -> None:
    note_violations(_found("order:1"))
    note_violations(_found("order:1", is_full=False))
    note_violations(_found(is_full=False))
    assert _open() == []


def test_two_faults_of_one_subject_are_one_row(db: None) -> None:
    note_violations(_found("order:1", "order:1"))
    assert LedgerViolation.objects.get().detail == "sum 1; sum 1"


def test_thousands_of_faults_do_not_drown_the_log(db: None, caplog: pytest.LogCaptureFixture) -> None:
    note_violations(_found(*(f"order:{number}" for number in range(LOGGED_AT_MOST + 5))))
    assert len(caplog.records) == LOGGED_AT_MOST + 1
    assert caplog.records[-1].getMessage() == "ledger_violations more=5"
    assert len(_open()) == LOGGED_AT_MOST + 5


def test_clean_books_leave_no_row(moved: None) -> None:
    assert check_ledger().violations == []
    assert not LedgerViolation.objects.exists()


def test_staff_sees_what_is_open_first_and_in_words(client: Client, staff: User) -> None:
    note_violations(_found("order:cleared"))
    note_violations(_found("order:open"))
    client.force_login(staff)
    address = reverse("admin:ledger_ledgerviolation_changelist")
    shown = client.get(address)
    assert [row.subject for row in shown.context["cl"].result_list] == ["order:open", "order:cleared"]
    assert "every transaction sums to zero" in shown.content.decode()
    assert client.get(address, {"state": "open"}).context["cl"].result_count == 1
    assert client.get(address, {"state": "cleared"}).context["cl"].result_count == 1
