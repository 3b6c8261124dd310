"""The look at the books after every test fails one that leaves them broken, and only such a one."""

from types import SimpleNamespace

import pytest

from maly.tests.books import audit_books
from ticketing.tests.planting import book, plant

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("what the look at the books finds is planted")]
ORDER = "(SELECT id FROM ticketing_order)"


def passed(*markers, nodeid="ticketing/tests/test_x.py", **funcargs):
    """What pytest knows of a test that has just passed."""
    return SimpleNamespace(
        fixturenames=("db", *funcargs),
        funcargs=funcargs,
        nodeid=nodeid,
        get_closest_marker=lambda name: name in markers or None,
    )


@pytest.fixture
def sold(general, sell):
    return sell((general, 1))


def test_books_that_are_right_pass(sold, sandbox):
    audit_books(passed(sandbox=sandbox))


def test_a_broken_invariant_is_named(sold, sandbox):
    plant(book("sale", "ch_other", ORDER, platform=100, revenue=-100))
    with pytest.raises(AssertionError, match="I19 no sale is posted without a payment"):
        audit_books(passed(sandbox=sandbox))


def test_a_test_that_says_why_it_breaks_them_passes(sold, sandbox):
    plant(book("sale", "ch_other", ORDER, platform=100, revenue=-100))
    audit_books(passed("broken_books", sandbox=sandbox))


def test_the_ledgers_own_tests_answer_for_its_own_rules_only(sold):
    plant(book("sale", "ch_other", ORDER, platform=100, revenue=-100))
    audit_books(passed(nodeid="ledger/tests/test_x.py"))
    plant(book("gift", "re_1", ORDER, platform=100, revenue=-99))
    with pytest.raises(AssertionError, match="I01"):
        audit_books(passed(nodeid="ledger/tests/test_x.py"))


def lose_a_refund(sold, sandbox):
    """Something happens at Stripe, and its events never come."""
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    charge_id = sold.payments.get().charge_id
    status, _ = sandbox.control("POST", f"/_sandbox/charges/{charge_id}/refund", {"amount": 100})
    assert status == 200


def test_money_at_stripe_that_the_ledger_does_not_have_is_found(sold, sandbox):
    lose_a_refund(sold, sandbox)
    with pytest.raises(AssertionError, match="The ledger has"):
        audit_books(passed(sandbox=sandbox))


def test_a_test_that_says_why_stripe_has_more_passes(sold, sandbox):
    lose_a_refund(sold, sandbox)
    audit_books(passed("unsettled", sandbox=sandbox))


def test_what_is_still_on_its_way_is_delivered_first(sold, sandbox):
    charge_id = sold.payments.get().charge_id
    sandbox.control("POST", f"/_sandbox/charges/{charge_id}/refund", {"amount": 100})
    audit_books(passed(sandbox=sandbox))
    sold.refresh_from_db()
    assert sold.refunded_amount == 100
