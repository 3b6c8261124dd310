"""Stories for an accountant: what is debited, what is credited, and what the accounts say afterwards.

One $50.00 ticket of an organization that bears the fees itself: platform fee 2.75, processing recovered 1.75, so an
application fee of 4.50; the organizer gets 45.50; Stripe's own fee is 1.75.
"""

from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.models import Organization
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import trial_balance
from ledger.services.posting import Line, credit, debit, post, reverse
from ledger.services.verification import verify_ledger
from ledger.tests.conftest import NOON, check_now
from maly.money import parse_amount

pytestmark = pytest.mark.django_db

platform, platform_fee = chart.platform(), chart.revenue_platform_fee()
processing_recovered, stripe_fees = chart.revenue_processing_recovered(), chart.expense_stripe_fees()
OWN_INVARIANTS = ("I01", "I02", "I03", "I04", "I06", "I29")
Book = Callable[[str, str, list[Line], list[Line]], LedgerTransaction]


def cents(amount: str) -> int:
    return parse_amount(amount, "usd")


def dr(account: chart.Account, amount: str) -> Line:
    return debit(account, cents(amount))


def cr(account: chart.Account, amount: str) -> Line:
    return credit(account, cents(amount))


@pytest.fixture
def book(organization: Organization) -> Book:
    def write(kind: str, source: str, debits: list[Line], credited: list[Line]) -> LedgerTransaction:
        with transaction.atomic():
            return post(
                kind,
                source=source,
                currency="usd",
                lines=[*debits, *credited],
                organization=organization,
                subject="order:M-7K2QX4C",
                occurred_at=NOON,
            )

    return write


@pytest.fixture
def connected(organization: Organization) -> chart.Account:
    return chart.connected(organization)


@pytest.fixture
def organizer(organization: Organization) -> chart.Account:
    return chart.organizer(organization)


@pytest.fixture
def sold(book: Book, connected: chart.Account, organizer: chart.Account) -> None:
    """The sale as far as everything of it has arrived from Stripe."""
    book(
        "sale",
        "ch_1",
        [dr(platform, "50.00")],
        [cr(organizer, "45.50"), cr(platform_fee, "2.75"), cr(processing_recovered, "1.75")],
    )
    book("stripe_fee", "txn_1", [dr(stripe_fees, "1.75")], [cr(platform, "1.75")])
    book("transfer", "tr_1", [dr(connected, "50.00")], [cr(platform, "50.00")])
    book("application_fee", "fee_1", [dr(platform, "4.50")], [cr(connected, "4.50")])


def the_books_say(organization: Organization, **expected: str) -> None:
    """Compare every balance that isn't zero: assets and expenses as debits, what is owed and earned as credits."""
    check_now()
    # The apps' own rules would miss the orders and payouts that these stories leave out.
    assert [each for each in verify_ledger().violations if each.code in OWN_INVARIANTS] == []
    said = {}
    for row in trial_balance("usd"):
        amount = row.amount if row.kind in (chart.ASSET, chart.EXPENSE) else -row.amount
        name = row.code.replace(f":{organization.pk}", "").replace(":", "_").replace("-", "_")
        if amount:
            said[name] = amount
    negative = {name: -cents(amount[1:]) for name, amount in expected.items() if amount.startswith("-")}
    positive = {name: cents(amount) for name, amount in expected.items() if not amount.startswith("-")}
    assert said == {**positive, **negative}


def test_a_sale(sold: None, organization: Organization) -> None:
    the_books_say(
        organization,
        stripe_platform="2.75",  # the application fee of 4.50 less Stripe's 1.75
        stripe_connected="45.50",
        organizer="45.50",
        revenue_platform_fee="2.75",
        revenue_processing_recovered="1.75",
        expense_stripe_fees="1.75",
    )


def test_a_sale_before_its_transfer_is_known(
    book: Book, organizer: chart.Account, organization: Organization
) -> None:
    book("sale", "ch_1", [dr(platform, "50.00")], [cr(organizer, "45.50"), cr(platform_fee, "4.50")])
    the_books_say(organization, stripe_platform="50.00", organizer="45.50", revenue_platform_fee="4.50")


def test_a_full_refund_with_its_fee_leaves_the_organizer_at_nothing(
    sold: None, book: Book, connected: chart.Account, organizer: chart.Account, organization: Organization
) -> None:
    book(
        "refund",
        "re_1",
        [dr(organizer, "45.50"), dr(platform_fee, "2.75"), dr(processing_recovered, "1.75")],
        [cr(platform, "50.00")],
    )
    book("transfer_reversal", "trr_1", [dr(platform, "50.00")], [cr(connected, "50.00")])
    book("fee_refund", "fr_1", [dr(connected, "4.50")], [cr(platform, "4.50")])
    the_books_say(organization, stripe_platform="-1.75", expense_stripe_fees="1.75")


def test_a_full_refund_that_keeps_the_fee_is_borne_by_the_organizer(
    sold: None, book: Book, connected: chart.Account, organizer: chart.Account, organization: Organization
) -> None:
    book("refund", "re_1", [dr(organizer, "50.00")], [cr(platform, "50.00")])
    book("transfer_reversal", "trr_1", [dr(platform, "50.00")], [cr(connected, "50.00")])
    the_books_say(
        organization,
        stripe_platform="2.75",
        stripe_connected="-4.50",
        organizer="-4.50",
        revenue_platform_fee="2.75",
        revenue_processing_recovered="1.75",
        expense_stripe_fees="1.75",
    )


def test_a_refund_that_the_organizer_cannot_bear_is_recovered_from_its_next_sales(
    book: Book, connected: chart.Account, organizer: chart.Account, organization: Organization
) -> None:
    receivable = chart.receivable_organizer(organization)
    book("refund", "re_1", [dr(receivable, "50.00")], [cr(platform, "50.00")])
    the_books_say(organization, stripe_platform="-50.00", receivable_organizer="50.00")
    book("sale", "ch_2", [dr(platform, "80.00")], [cr(organizer, "80.00")])
    book("transfer", "tr_2", [dr(connected, "80.00")], [cr(platform, "80.00")])
    book(
        "recovery",
        "trr_2",
        [dr(platform, "50.00"), dr(organizer, "50.00")],
        [cr(connected, "50.00"), cr(receivable, "50.00")],
    )
    the_books_say(organization, stripe_connected="30.00", organizer="30.00")


def test_a_receivable_that_is_written_off_is_a_loss(book: Book, organization: Organization) -> None:
    receivable = chart.receivable_organizer(organization)
    book("refund", "re_1", [dr(receivable, "1.50")], [cr(platform, "1.50")])
    book("write_off", "re_1", [dr(chart.expense_refund_loss(), "1.50")], [cr(receivable, "1.50")])
    the_books_say(organization, stripe_platform="-1.50", expense_refund_loss="1.50")


def test_a_failed_refund_is_reversed_and_the_organizer_made_whole_by_a_new_transfer(
    sold: None, book: Book, connected: chart.Account, organizer: chart.Account, organization: Organization
) -> None:
    refund = book("refund", "re_1", [dr(organizer, "50.00")], [cr(platform, "50.00")])
    book("transfer_reversal", "trr_1", [dr(platform, "50.00")], [cr(connected, "50.00")])
    with transaction.atomic():
        reverse(refund, source="re_1", occurred_at=NOON)
    book("transfer", "tr_2", [dr(connected, "50.00")], [cr(platform, "50.00")])
    test_a_sale(None, organization)


@pytest.fixture
def disputed(sold: None, book: Book, organization: Organization) -> None:
    """A dispute of $50.00 with its fee of $15.00; the organizer's 45.50 are taken back until it is decided."""
    dispute, hold = chart.dispute("dp_1", organization), chart.dispute_hold("dp_1", organization)
    fees = chart.expense_dispute_fees()
    book("dispute", "dp_1", [dr(dispute, "50.00"), dr(fees, "15.00")], [cr(platform, "65.00")])
    book(
        "dispute_recovery",
        "trr_1",
        [dr(platform, "45.50"), dr(chart.organizer(organization), "45.50")],
        [cr(chart.connected(organization), "45.50"), cr(hold, "45.50")],
    )


def test_a_dispute_that_is_won_costs_its_fee(disputed: None, book: Book, organization: Organization) -> None:
    dispute, hold = chart.dispute("dp_1", organization), chart.dispute_hold("dp_1", organization)
    book("dispute_won", "dp_1", [dr(platform, "50.00")], [cr(dispute, "50.00")])
    book(
        "dispute_return",
        "tr_2",
        [dr(chart.connected(organization), "45.50"), dr(hold, "45.50")],
        [cr(platform, "45.50"), cr(chart.organizer(organization), "45.50")],
    )
    the_books_say(
        organization,
        stripe_platform="-12.25",
        stripe_connected="45.50",
        organizer="45.50",
        revenue_platform_fee="2.75",
        revenue_processing_recovered="1.75",
        expense_stripe_fees="1.75",
        expense_dispute_fees="15.00",
    )


def test_a_dispute_that_is_lost_costs_the_platform_what_the_organizer_did_not_get(
    disputed: None, book: Book, organization: Organization
) -> None:
    dispute, hold = chart.dispute("dp_1", organization), chart.dispute_hold("dp_1", organization)
    book(
        "dispute_lost",
        "dp_1",
        [dr(hold, "45.50"), dr(chart.expense_dispute_loss(), "4.50")],
        [cr(dispute, "50.00")],
    )
    the_books_say(
        organization,
        stripe_platform="-16.75",
        revenue_platform_fee="2.75",
        revenue_processing_recovered="1.75",
        expense_stripe_fees="1.75",
        expense_dispute_fees="15.00",
        expense_dispute_loss="4.50",
    )


def test_a_payout_is_on_its_way_until_it_is_paid_and_comes_back_when_it_fails(
    sold: None, book: Book, connected: chart.Account, organizer: chart.Account, organization: Organization
) -> None:
    clearing = chart.clearing_payout(organization)
    earned = {
        "stripe_platform": "2.75",
        "revenue_platform_fee": "2.75",
        "revenue_processing_recovered": "1.75",
        "expense_stripe_fees": "1.75",
    }
    book("payout", "po_1", [dr(clearing, "45.50")], [cr(connected, "45.50")])
    the_books_say(organization, **earned, organizer="45.50", clearing_payout="45.50")
    book("payout_paid", "po_1", [dr(organizer, "45.50")], [cr(clearing, "45.50")])
    the_books_say(organization, **earned)
    book("payout_failed", "po_1", [dr(connected, "45.50")], [cr(organizer, "45.50")])
    test_a_sale(None, organization)


def test_the_platforms_own_payout_ends_in_its_bank(
    sold: None, book: Book, organization: Organization
) -> None:
    book("payout", "po_9", [dr(chart.clearing_payout_platform(), "2.75")], [cr(platform, "2.75")])
    book(
        "payout_paid",
        "po_9",
        [dr(chart.bank_platform(), "2.75")],
        [cr(chart.clearing_payout_platform(), "2.75")],
    )
    the_books_say(
        organization,
        bank_platform="2.75",
        stripe_connected="45.50",
        organizer="45.50",
        revenue_platform_fee="2.75",
        revenue_processing_recovered="1.75",
        expense_stripe_fees="1.75",
    )


def test_money_that_nothing_explains_is_kept_apart(book: Book, organization: Organization) -> None:
    book("unmatched", "txn_9", [dr(chart.suspense_unmatched(), "9.00")], [cr(platform, "9.00")])
    the_books_say(organization, stripe_platform="-9.00", suspense_unmatched="9.00")


def test_a_premium_invoice_is_revenue_of_its_own(book: Book, organization: Organization) -> None:
    book("premium_invoice", "in_1", [dr(platform, "9.99")], [cr(chart.revenue_premium(), "9.99")])
    the_books_say(organization, stripe_platform="9.99", revenue_premium="9.99")
