"""Stories for an accountant: one $45.50 payout, what is debited and credited, and what the accounts say then."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import trial_balance
from ledger.services.posting import credit, debit, post
from ledger.services.verification import verify_ledger
from payouts.models import OrganizerPayout, PlatformPayout
from payouts.postings import (
    payout_created,
    payout_paid,
    payout_sent_back_after_paid,
    payout_sent_back_on_its_way,
)
from payouts.tests.factories import OrganizerPayoutFactory

pytestmark = pytest.mark.django_db

NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def sold(organization) -> None:
    """$45.50 at Stripe, owed to the organizer, from before the story."""
    with transaction.atomic():
        post(
            "opening",
            source="opening",
            currency="usd",
            lines=[
                debit(chart.connected(organization), 4550),
                credit(chart.organizer(organization), 4550),
            ],
            occurred_at=NOON,
            organization=organization,
        )


FACTS: dict[str, Any] = {
    "stripe_payout_id": "po_1",
    "amount": 4550,
    "status": "pending",
    "created_at": NOON,
    "paid_at": NOON + timedelta(days=1),
    "failed_at": NOON + timedelta(days=3),
}


def payout_of(organization: Any, **facts: Any) -> OrganizerPayout:
    return OrganizerPayoutFactory(connected_account__organization=organization, **FACTS | facts)


def own_payout(**facts: Any) -> PlatformPayout:
    more = {"currency": "usd", "automatic": True, "arrival_date": NOON}
    return PlatformPayout.objects.create(**FACTS | more | facts)


def book(recipe: Any, payout: Any, status: str) -> LedgerTransaction:
    """Post with the status that the payout has from now on."""
    with transaction.atomic():
        payout.status = status
        payout.save()
        return recipe(payout)


def the_books_say(organization: Any, **expected: int) -> None:
    """Every balance that isn't zero: assets as debits, what is owed as credits."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert verify_ledger().violations == []
    said = {}
    for row in trial_balance("usd"):
        amount = row.amount if row.kind == chart.ASSET else -row.amount
        if amount:
            said[row.code.replace(f":{organization.pk}", "").replace(":", "_")] = amount
    assert said == expected


def test_a_payout_on_its_way_is_still_owed(sold, organization):
    book(payout_created, payout_of(organization), "pending")
    the_books_say(organization, clearing_payout=4550, organizer=4550)


def test_a_payout_that_is_paid_is_owed_no_more(sold, organization):
    payout = payout_of(organization)
    book(payout_created, payout, "pending")
    paid = book(payout_paid, payout, "paid")
    the_books_say(organization)
    assert (paid.organization, paid.subject) == (organization, "payout:po_1")
    assert paid.occurred_at == payout.paid_at


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_payout_that_is_sent_back_before_it_was_paid_is_at_stripe_again(status, sold, organization):
    payout = payout_of(organization)
    book(payout_created, payout, "pending")
    book(payout_sent_back_on_its_way, payout, status)
    the_books_say(organization, stripe_connected=4550, organizer=4550)


def test_a_payout_that_fails_after_it_was_paid_is_owed_again(sold, organization):
    payout = payout_of(organization)
    book(payout_created, payout, "pending")
    book(payout_paid, payout, "paid")
    book(payout_sent_back_after_paid, payout, "failed")
    the_books_say(organization, stripe_connected=4550, organizer=4550)


def test_a_payout_below_zero_comes_from_the_organizers_bank(sold, organization):
    payout = payout_of(organization, amount=-1000)
    book(payout_created, payout, "pending")
    the_books_say(organization, stripe_connected=5550, clearing_payout=-1000, organizer=4550)
    book(payout_paid, payout, "paid")
    the_books_say(organization, stripe_connected=5550, organizer=5550)


@pytest.fixture
def earned(db: None) -> None:
    """$50.00 of our own at Stripe."""
    with transaction.atomic():
        post(
            "earned",
            source="x_1",
            currency="usd",
            lines=[debit(chart.platform(), 5000), credit(chart.revenue_platform_fee(), 5000)],
            occurred_at=NOON,
        )


def test_our_own_payout_goes_to_our_bank(earned, organization):
    payout = own_payout()
    book(payout_created, payout, "pending")
    the_books_say(organization, stripe_platform=450, clearing_payout_platform=4550, revenue_platform_fee=5000)
    paid = book(payout_paid, payout, "paid")
    the_books_say(organization, stripe_platform=450, bank_platform=4550, revenue_platform_fee=5000)
    assert paid.organization is None


def test_our_own_payout_that_is_sent_back_is_at_stripe_again(earned, organization):
    first, second = own_payout(), own_payout(stripe_payout_id="po_2", amount=450)
    book(payout_created, first, "pending")
    book(payout_sent_back_on_its_way, first, "canceled")
    book(payout_created, second, "pending")
    book(payout_paid, second, "paid")
    book(payout_sent_back_after_paid, second, "failed")
    the_books_say(organization, stripe_platform=5000, revenue_platform_fee=5000)


def test_every_recipe_may_be_booked_twice(sold, organization):
    payout = payout_of(organization)
    steps = [
        (payout_created, "pending"),
        (payout_paid, "paid"),
        (payout_sent_back_after_paid, "failed"),
    ]
    once = [book(recipe, payout, status).pk for recipe, status in steps]
    assert [book(recipe, payout, status).pk for recipe, status in steps] == once
    the_books_say(organization, stripe_connected=4550, organizer=4550)
