"""Posting and reversing: once for each kind and source, balanced, and by inserts alone."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization
from accounts.tests.factories import OrganizationFactory
from ledger import chart
from ledger.errors import AlreadyReversed, PostingConflict, UnbalancedPosting
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.services.balances import balance
from ledger.services.posting import Line, credit, debit, post, reverse
from ledger.tests.conftest import NOON, check_now, move

pytestmark = pytest.mark.django_db


def _lines(organization: Organization) -> list[Line]:
    return [
        debit(chart.platform(), 5000),
        credit(chart.organizer(organization), 4550),
        credit(chart.revenue_platform_fee(), 275),
        credit(chart.revenue_processing_recovered(), 175),
    ]


def _post(organization: Organization, source: str = "ch_1") -> LedgerTransaction:
    return post(
        "sale",
        source=source,
        currency="usd",
        lines=_lines(organization),
        organization=organization,
        subject="order:M-7K2QX4C",
        occurred_at=NOON,
    )


def test_a_posting_keeps_what_it_was_told(organization: Organization) -> None:
    posted = LedgerTransaction.objects.get(pk=_post(organization).pk)
    assert (posted.kind, posted.source, posted.subject) == ("sale", "ch_1", "order:M-7K2QX4C")
    assert (posted.organization, posted.currency, posted.occurred_at) == (organization, "usd", NOON)
    entries = [(entry.account.code, entry.amount) for entry in posted.entries.select_related("account")]
    assert entries == [
        ("stripe:platform", 5000),
        (f"organizer:{organization.pk}", -4550),
        ("revenue:platform_fee", -275),
        ("revenue:processing_recovered", -175),
    ]
    check_now()


def test_accounts_know_their_kind_and_whose_they_are(organization: Organization) -> None:
    _post(organization)
    kinds = dict(LedgerAccount.objects.values_list("code", "kind"))
    assert kinds["stripe:platform"] == "asset"
    assert kinds["revenue:platform_fee"] == "revenue"
    theirs = LedgerAccount.objects.get(organization=organization)
    assert (theirs.code, theirs.kind) == (f"organizer:{organization.pk}", "liability")


def test_a_currency_has_accounts_of_its_own(organization: Organization) -> None:
    move("a", chart.platform(), chart.organizer(organization), 100, currency="usd")
    move("b", chart.platform(), chart.organizer(organization), 900, currency="jpy")
    assert balance(chart.platform(), currency="usd") == 100
    assert balance(chart.platform(), currency="jpy") == 900


def test_the_same_again_is_the_first_posting(organization: Organization) -> None:
    assert _post(organization) == _post(organization)
    assert LedgerTransaction.objects.count() == 1
    assert LedgerEntry.objects.count() == 4


def test_the_order_of_the_lines_makes_no_difference_to_the_same(organization: Organization) -> None:
    first = _post(organization)
    turned = post(
        "sale",
        source="ch_1",
        currency="usd",
        lines=_lines(organization)[::-1],
        organization=organization,
        occurred_at=NOON + timedelta(days=1),
    )
    assert turned == first


def test_the_same_source_with_other_lines_is_a_conflict(organization: Organization) -> None:
    _post(organization)
    lines = [debit(chart.platform(), 1), credit(chart.organizer(organization), 1)]
    with pytest.raises(PostingConflict, match="Reverse that posting"):
        post("sale", source="ch_1", currency="usd", lines=lines, organization=organization, occurred_at=NOON)
    with pytest.raises(PostingConflict):
        post(
            "sale",
            source="ch_1",
            currency="eur",
            lines=_lines(organization),
            organization=organization,
            occurred_at=NOON,
        )
    with pytest.raises(PostingConflict):
        post(
            "sale",
            source="ch_1",
            currency="usd",
            lines=_lines(organization),
            organization=OrganizationFactory(),
            occurred_at=NOON,
        )
    assert LedgerEntry.objects.count() == 4


def test_one_source_has_one_posting_of_each_kind(organization: Organization) -> None:
    _post(organization)
    lines = [debit(chart.expense_stripe_fees(), 175), credit(chart.platform(), 175)]
    post("stripe_fee", source="ch_1", currency="usd", lines=lines, occurred_at=NOON)
    assert LedgerTransaction.objects.count() == 2


def test_lines_of_zero_are_dropped(organization: Organization) -> None:
    lines = [*_lines(organization), debit(chart.expense_stripe_fees(), 0), credit(chart.bank_platform(), 0)]
    posted = post(
        "sale", source="ch_1", currency="usd", lines=lines, organization=organization, occurred_at=NOON
    )
    assert posted == _post(organization)
    assert not LedgerAccount.objects.filter(code="bank:platform").exists()


@pytest.mark.parametrize("lines", [[], [debit(chart.platform(), 0), credit(chart.bank_platform(), 0)]])
def test_nothing_to_post_is_refused(lines: list[Line]) -> None:
    with pytest.raises(UnbalancedPosting, match="no lines"):
        post("sale", source="ch_1", currency="usd", lines=lines, occurred_at=NOON)


def test_debits_that_differ_from_credits_are_refused_and_leave_nothing(organization: Organization) -> None:
    with pytest.raises(UnbalancedPosting, match=r"stripe:platform \+5000"):
        post("sale", source="ch_1", currency="usd", lines=_lines(organization)[:3], occurred_at=NOON)
    assert not LedgerTransaction.objects.exists()
    assert not LedgerAccount.objects.exists()


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(UnbalancedPosting, match="never negative"):
        debit(chart.platform(), -1)
    with pytest.raises(UnbalancedPosting, match="never negative"):
        credit(chart.platform(), -1)


def test_a_currency_that_maly_does_not_know_is_refused(organization: Organization) -> None:
    with pytest.raises(ValueError, match="Unknown currency"):
        post("sale", source="ch_1", currency="xxx", lines=_lines(organization), occurred_at=NOON)


def test_a_posting_takes_two_statements_and_the_same_again_four(organization: Organization) -> None:
    with CaptureQueriesContext(
        connection,
    ) as first:
        _post(organization)
    with CaptureQueriesContext(connection) as known_accounts:
        _post(organization, "ch_2")
    with CaptureQueriesContext(connection) as again:
        _post(organization)
    assert (len(first), len(known_accounts), len(again)) == (2, 2, 4)


def test_a_posting_falls_with_the_transaction_of_its_row(organization: Organization) -> None:
    with transaction.atomic():
        _post(organization)
        transaction.set_rollback(True)
    assert not LedgerTransaction.objects.exists()
    assert not LedgerAccount.objects.exists()


# --- reversals


def test_a_reversal_is_the_mirror_image_and_names_what_it_reverses(organization: Organization) -> None:
    posted = _post(organization)
    mirrored = reverse(posted, source="re_1", occurred_at=NOON)
    assert (mirrored.kind, mirrored.source, mirrored.reverses) == ("sale_reversal", "re_1", posted)
    assert (mirrored.organization, mirrored.subject) == (organization, "order:M-7K2QX4C")
    assert [-entry.amount for entry in mirrored.entries.all()] == [
        entry.amount for entry in posted.entries.all()
    ]
    assert balance(chart.platform(), currency="usd") == 0
    check_now()


def test_reversing_twice_is_reversing_once(organization: Organization) -> None:
    posted = _post(organization)
    assert reverse(posted, source="re_1", occurred_at=NOON) == reverse(
        posted, source="re_1", occurred_at=NOON
    )
    assert LedgerTransaction.objects.count() == 2


def test_a_second_reversal_for_another_reason_is_refused(organization: Organization) -> None:
    posted = _post(organization)
    reverse(posted, source="re_1", occurred_at=NOON)
    with pytest.raises(AlreadyReversed):
        reverse(posted, source="re_2", occurred_at=NOON)


def test_one_source_does_not_reverse_two_postings_of_a_kind(organization: Organization) -> None:
    reverse(_post(organization), source="re_1", occurred_at=NOON)
    with pytest.raises(PostingConflict):
        reverse(_post(organization, "ch_2"), source="re_1", occurred_at=NOON)


def test_a_reversal_can_be_reversed_itself(organization: Organization) -> None:
    mirrored = reverse(_post(organization), source="re_1", occurred_at=NOON)
    reverse(mirrored, source="re_1", occurred_at=NOON)
    assert balance(chart.platform(), currency="usd") == 5000
