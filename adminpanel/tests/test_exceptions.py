"""Staff's exceptions: what differs between Stripe and the books, who is at it, and what a movement was."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import AuditEntry, Organization, User
from accounts.tests.factories import PASSWORD
from ledger.models import LedgerTransaction, LedgerViolation
from payouts.models import BalanceTransaction, MoneyException
from payouts.services.reconciliation.suspense import suspend_unknown

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("differences are planted")]
LIST = "/admin/exceptions/"


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    client.get(LIST)  # the session is noted once
    return client


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def differ(name: str, **more: Any) -> MoneyException:
    given = {
        "kind": MoneyException.Kind.MISSING_HERE,
        "subject": f"stripe:platform:usd:{name}",
        "books": "stripe:platform",
        "currency": "usd",
        "expected_amount": -2500,
        "found_amount": 0,
        "ids": [name],
        "words": f"Stripe moved -$25.00 for {name} of acct_1PabcdefghijX7Qz.",
    }
    return MoneyException.objects.create(**{**given, **more})


@pytest.fixture
def unknown(db: None) -> MoneyException:
    """A movement of no known kind, which stands in suspense."""
    BalanceTransaction.objects.create(
        books="stripe:platform",
        stripe_id="txn_radar",
        type="stripe_fee",
        status="available",
        amount=-4200,
        fee_amount=0,
        net_amount=-4200,
        currency="usd",
        created_at=now(),
        available_at=now(),
        description="Radar for Fraud Teams",
    )
    suspend_unknown(["txn_radar"])
    posted = LedgerTransaction.objects.get(kind="unmatched")
    ids = ["txn_radar", f"ledger:{posted.pk}"]
    return differ("txn_radar", kind="unknown", ids=ids, expected_amount=-4200, found_amount=-4200)


def test_what_has_waited_longest_comes_first_beside_the_rules_that_are_broken(
    desk: Client, staff: User
) -> None:
    assert "The first comparison runs within the hour." in words_of(desk.get(LIST))
    second = differ("txn_2", first_seen_at=now() - timedelta(hours=5))
    first = differ("txn_1", first_seen_at=now() - timedelta(days=2))
    with CaptureQueriesContext(connection) as few:
        page = desk.get(LIST)
    assert [row.exception for row in page.context["list"].rows] == [first, second]
    for words in ("At Stripe, not in the ledger txn_1", "2 days ago", "-$25.00 Ledger $0.00 -$25.00"):
        assert words in words_of(page), words
    for number in range(20):
        differ(f"txn_more{number}")
        LedgerViolation.objects.create(
            code="I05", subject=f"order:M-00000{number:02}", detail="owed 1", needs_full=False
        )
    with CaptureQueriesContext(connection) as many:
        page = desk.get(LIST)
    assert (len(few), len(many)) == (6, 6)
    assert "Rules of the ledger that are broken" in words_of(page)
    assert "/admin/transactions/M-0000007/" in page.content.decode()
    MoneyException.objects.exclude(pk=first.pk).update(cleared_at=now())
    assert "Cleared 21" in words_of(desk.get(f"{LIST}?tab=cleared&page=2"))
    assert desk.get(f"{LIST}?tab=unknown").context["list"].tab == "open"


def test_one_is_acknowledged_with_a_note_that_the_next_one_reads(desk: Client, staff: User) -> None:
    one = differ("txn_1")
    page = words_of(desk.get(f"{LIST}{one.pk}/"))
    assert "Nothing of it was imported from Stripe. In the ledger" in page
    assert "acct_1PabcdefghijX7Qz" not in page
    assert "Explain it" not in page
    empty = desk.post(f"{LIST}{one.pk}/", {"reason": " "})
    assert "Say what is being done about it" in words_of(empty)
    noted = desk.post(f"{LIST}{one.pk}/", {"reason": "Asked Stripe, case 12"}, follow=True)
    page = words_of(noted)
    for words in ("Noted. It stays open", "Somebody is at it", "Asked Stripe, case 12", "admin@example.com"):
        assert words in page, words
    entry = AuditEntry.objects.get(subject=f"money-exception:{one.pk}")
    assert (entry.actor, entry.actor_kind, entry.reason) == (staff, "staff", "Asked Stripe, case 12")
    assert "Somebody is at it 1" in words_of(desk.get(LIST))
    assert desk.get(f"{LIST}{'9' * 25}/").status_code == 404


def test_what_a_movement_was_is_booked_by_whoever_has_just_given_the_password(
    desk: Client, unknown: MoneyException
) -> None:
    path = f"{LIST}{unknown.pk}/"
    with CaptureQueriesContext(connection) as seen:
        page = words_of(desk.get(path))
    assert len(seen) == 7
    for words in ("Explain it", "Radar for Fraud Teams", "Movement at Stripe without an explanation yet"):
        assert words in page, words
    assert desk.post(f"{path}explain/")["Location"].startswith("/account/reauthenticate/")
    desk.post("/account/reauthenticate/", {"password": PASSWORD})
    assert "What was this movement of -$42.00?" in words_of(desk.get(f"{path}explain/"))
    for wrong in ({}, {"account": "revenue:platform", "reason": "x"}, {"account": "expense:stripe_fees"}):
        assert "There is a problem" in words_of(desk.post(f"{path}explain/", wrong))
    wish = {"account": "expense:stripe_fees", "reason": "Invoice of October"}
    assert "Booked." in words_of(desk.post(f"{path}explain/", wish, follow=True))
    explained = LedgerTransaction.objects.get(kind="explained")
    assert "expense:stripe_fees" in {entry.account.code for entry in explained.entries.all()}
    assert "Nothing of this stands in suspense" in words_of(desk.get(f"{path}explain/"))
    again = desk.post(f"{path}explain/", wish)
    assert "Nothing of this stands in suspense" in words_of(again)
    assert LedgerTransaction.objects.filter(kind="explained").count() == 1


def test_a_movement_of_an_organizers_balance_says_whose_it_becomes(
    desk: Client, organization: Organization
) -> None:
    books = f"stripe:connected:{organization.pk}"
    one = differ("txn_1", books=books, subject=f"{books}:usd:txn_1")
    assert f"The balance of {organization.name} at Stripe" in words_of(desk.get(f"{LIST}{one.pk}/"))
