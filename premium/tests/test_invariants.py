"""Each invariant of Premium has planted faults that it alone catches."""

import pytest
from django.db import connection

from ledger.services.verification import verify_ledger
from premium.models import PremiumInvoice

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("faults are planted")]

REFUNDED = "WHERE refunded_amount BETWEEN 1 AND charged_amount - 1"
OTHER = "WHERE kind = 'premium_sale' AND source = (SELECT min(charge_id) FROM premium_premiuminvoice)"
SALE = f"SELECT id FROM ledger_ledgertransaction {OTHER}"  # noqa: S608
OLD = "created_at = now() - interval '1 hour'"
EXTRA = "(SELECT id FROM premium_subscription WHERE is_extra)"
FAULTS = {
    "I40": {
        "a charge that isn't posted": "UPDATE ledger_ledgertransaction SET kind = 'other'" + f" {OTHER}",
        "a charge of another source": "UPDATE ledger_ledgertransaction SET source = 'ch_1Other'"
        + f" {OTHER}",
        "another fee": "UPDATE premium_premiuminvoice SET stripe_fee_amount = stripe_fee_amount + 1",
        "a refund of another id": "UPDATE premium_premiumrefund SET stripe_refund_id = 're_1Other'"
        " WHERE idempotency_key IS NULL",
        "a refund on its way that is posted": "UPDATE premium_premiumrefund SET status = 'pending'",
        "a dispute of another amount": "UPDATE premium_premiumdispute SET withdrawn_amount = withdrawn_amount - 1",
        "a lost dispute that isn't booked as lost": "UPDATE ledger_ledgertransaction SET kind = 'other'"
        " WHERE kind = 'premium_dispute_lost'",
        "a dispute that is gone": "DELETE FROM premium_premiumdispute",
    },
    "I41": {
        "a refund that isn't summed up": f"UPDATE premium_premiuminvoice SET refunded_amount = 0 {REFUNDED}",
    },
    "I42": {
        "entitled for longer": "UPDATE accounts_entitlement SET until = until + interval '1 day'",
        "entitled to nothing": "DELETE FROM accounts_entitlement",
        "entitled without a subscription": "UPDATE premium_subscription SET status = 'unpaid' WHERE NOT is_extra",
    },
    "I43": {
        "a subscription too many that lives": f"UPDATE premium_subscription SET status = 'active', {OLD}"
        " WHERE is_extra",
        "one whose money was kept": f"WITH old AS (UPDATE premium_subscription SET {OLD} WHERE is_extra)"
        f" UPDATE premium_premiuminvoice SET subscription_id = {EXTRA} WHERE subscription_id <> {EXTRA}",
    },
}
CASES = [(code, words) for code, faults in FAULTS.items() for words in faults]


@pytest.fixture
def world(subscribe, subscribe_twice, buyer, stranger, organizer, sandbox, settle):
    """A charge that was refunded in part, one that was lost to a dispute, and a subscription too many."""
    subscribe(buyer)
    refunded = PremiumInvoice.objects.get()
    sandbox.control("POST", f"/_sandbox/charges/{refunded.charge_id}/refund", {"amount": 1000})
    subscribe(stranger)
    lost = PremiumInvoice.objects.get(user=stranger)
    _status, dispute = sandbox.control("POST", f"/_sandbox/charges/{lost.charge_id}/dispute", {})
    settle()
    sandbox.control("POST", f"/_sandbox/disputes/{dispute['id']}", {"outcome": "lost"})
    subscribe_twice(organizer)
    settle()


def test_faults_are_caught_by_their_invariant_alone(world):
    """One world for all of them: each fault is planted in a savepoint of its own."""
    assert verify_ledger().violations == []
    assert verify_ledger(is_full=False).violations == []
    for code, words in CASES:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SAVEPOINT fault")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(FAULTS[code][words])
            cursor.execute("SET LOCAL session_replication_role = origin")
            found = {violation.code for violation in verify_ledger().violations}
            cursor.execute("ROLLBACK TO SAVEPOINT fault")
        assert found == {code}, words
    PremiumInvoice.objects.filter(refunded_amount=1000).update(charged_amount=2901)
    assert [violation.code for violation in verify_ledger(is_full=False).violations] == ["I40"]
