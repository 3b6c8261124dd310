"""After every test that moved money the books are right: ours by every invariant, Stripe's by the sandbox's audit.

Where Stripe took part, everything that is still to be heard of is delivered first, and then both must say the same:
each `stripe:` account of the ledger is a balance at Stripe. A test that leaves either on purpose says why by a marker.
"""

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from sandbox.tests.books import assert_books_balance

if TYPE_CHECKING:
    from sandbox.server import Sandbox

DATABASE = {"db", "transactional_db", "live_server"}
# A test that delivers Stripe's events by a hand of its own may have lost some.
DELIVERING = ("conftest", "maly.tests.server")
# The ledger's own tests post what no row of another app tells of.
OF_THE_LEDGER = {"I01", "I02", "I03", "I04", "I06", "I29"}
MOVED = "SELECT EXISTS (SELECT FROM ticketing_order) OR EXISTS (SELECT FROM ledger_ledgertransaction)"
# Whatever here still waits for Stripe's answer or for staff: until then Stripe may know more than the books.
WAITING = """
SELECT EXISTS (SELECT FROM connect_stripeevent WHERE status IN ('received', 'dead'))
    OR EXISTS (SELECT FROM ticketing_payment WHERE status = 'succeeded' AND stripe_fee_amount IS NULL)
    OR EXISTS (SELECT FROM ticketing_refund WHERE status = 'requested')
    OR EXISTS (SELECT FROM ticketing_applicationfeerefund WHERE status = 'requested')
    OR EXISTS (SELECT FROM ticketing_transferreversal WHERE status = 'requested')
    OR EXISTS (SELECT FROM ticketing_organizertransfer WHERE status = 'requested')
    OR EXISTS (SELECT FROM premium_premiuminvoice WHERE charged_amount > 0 AND stripe_fee_amount IS NULL)
    OR EXISTS (SELECT FROM premium_planchange WHERE status = 'requested')
    OR EXISTS (SELECT FROM premium_premiumrefund WHERE status = 'requested')
    OR EXISTS (SELECT FROM premium_subscription WHERE is_extra AND status <> 'canceled')
"""
AT_STRIPE = """
SELECT account.currency, COALESCE(connected.stripe_account_id, ''), sum(entry.amount)
FROM ledger_ledgerentry entry JOIN ledger_ledgeraccount account ON account.id = entry.account_id
LEFT JOIN connect_connectedaccount connected
    ON connected.organization_id = account.organization_id AND connected.is_current
WHERE account.code LIKE 'stripe:%'
GROUP BY 1, 2
"""


def audit_books(item: pytest.Function) -> None:
    """Fail the test that has just passed if it leaves books that aren't right."""
    if not (item.get_closest_marker("django_db") or DATABASE & set(item.fixturenames)):
        return
    if connection.connection is None or connection.needs_rollback or not _ask(MOVED):
        return
    if item.get_closest_marker("broken_books"):
        return
    sandbox = item.funcargs.get("sandbox")
    if sandbox is not None:
        assert_books_balance(sandbox)
    _assert_clean(OF_THE_LEDGER if item.nodeid.startswith("ledger/") else None)
    if sandbox is not None and not item.get_closest_marker("unsettled"):
        _assert_same_as_stripe(sandbox)


def _assert_clean(codes: set[str] | None = None) -> None:
    from ledger.services.verification import verify_ledger

    broken = [each for each in verify_ledger().violations if codes is None or each.code in codes]
    found = [f"{each.code} {each.what}: {each.subject} ({each.detail})" for each in broken]
    assert not found, "The test leaves broken books (or mark it broken_books):\n" + "\n".join(found)


def _assert_same_as_stripe(sandbox: "Sandbox") -> None:
    """Deliver what is left; then, unless something still waits, Stripe's balances are the ledger's."""
    if sandbox.transport.__module__ not in DELIVERING:
        return
    sandbox.api.faults.clear()
    if _deliver_everything(sandbox):
        _assert_clean()
    if _ask(WAITING):
        return
    with connection.cursor() as cursor:
        cursor.execute(AT_STRIPE)
        ours = {(account, currency): int(amount) for currency, account, amount in cursor.fetchall() if amount}
    theirs = {
        (_name(sandbox, owner), currency): sum(held.values())
        for (owner, currency), held in sandbox.world.totals.items()
        if sum(held.values())
    }
    assert ours == theirs, f"The ledger has {ours}, Stripe has {theirs} (or mark the test unsettled)."


def _name(sandbox: "Sandbox", owner: str) -> str:
    """The owner of a balance as the ledger's query names it: empty for the platform."""
    return owner if owner.startswith("acct_") and sandbox.world.state.look_up(owner) else ""


def _deliver_everything(sandbox: "Sandbox") -> int:
    """Let Stripe's work be done and every event be heard; how many there were."""
    from connect.services.inbox import process_due

    total = 0
    for _round in range(10):
        now = sandbox.pump() + process_due()
        total += now
        if not now:
            break
    return total


def _ask(question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]
