"""The invariant of payouts has planted faults that it alone catches."""

import pytest
from django.db import connection

from ledger.services.verification import verify_ledger
from payouts.models import OrganizerPayout
from payouts.services.payouts import sync_payout, sync_platform_payout
from payouts.tests.conftest import control

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("faults are planted")]

PAID = "stripe_payout_id IN (SELECT stripe_payout_id FROM payouts_organizerpayout WHERE status = 'paid')"
FAULTS = {
    "I21": {
        "another amount": f"UPDATE payouts_organizerpayout SET amount = amount + 1 WHERE {PAID}",
        "another currency": f"UPDATE payouts_organizerpayout SET currency = 'eur' WHERE {PAID}",
        "a failure that isn't posted": f"UPDATE payouts_organizerpayout SET status = 'failed' WHERE {PAID}",
        "a payment that isn't posted": "UPDATE payouts_organizerpayout SET status = 'paid' WHERE status = 'failed'",
        "a payout that nobody posted": "UPDATE payouts_organizerpayout SET stripe_payout_id = 'po_1Other'"
        " WHERE status = 'failed'",
        "a payout that is gone": "DELETE FROM payouts_organizerpayout WHERE status = 'failed'",
        "our own of another amount": "UPDATE payouts_platformpayout SET amount = amount - 1",
        "our own that is gone": "DELETE FROM payouts_platformpayout",
    },
}


@pytest.fixture
def world(account, fund, pay_out, sandbox):
    """A payout that is paid, one that failed, and one of our own."""
    fund(50_000, fee=20_000)
    sync_payout(account, pay_out())
    fund()
    sync_payout(account, pay_out("failed"))
    sync_platform_payout(control(sandbox, "payouts", account="platform", outcome="paid")["id"])


def test_what_the_services_wrote_is_clean(world):
    assert verify_ledger().violations == []
    assert verify_ledger(is_full=False).violations == []


@pytest.mark.parametrize("words", FAULTS["I21"])
def test_a_planted_fault_is_caught_by_the_invariant_alone(words, world):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(FAULTS["I21"][words])
        cursor.execute("SET session_replication_role = origin")
    assert {violation.code for violation in verify_ledger().violations} == {"I21"}


def test_a_fault_since_the_last_clean_mark_is_caught_by_an_incremental_run(world):
    assert verify_ledger().violations == []
    OrganizerPayout.objects.filter(status="paid").update(amount=1)
    found = verify_ledger(is_full=False)
    assert not found.is_full
    assert [violation.code for violation in found.violations] == ["I21"]
    assert all(violation.subject and violation.detail for violation in found.violations)
