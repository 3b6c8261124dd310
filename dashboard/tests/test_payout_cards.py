"""The payment settings' cards about balance and payout schedule."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Organization, User
from connect import gateway
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from connect.stripe_objects import PayoutSchedule
from ledger import chart
from maly.templatetags.maly import event_time
from payouts.models import BalanceComparison, LastSeen
from payouts.services.holding import hold_payouts

pytestmark = pytest.mark.django_db
PAYMENTS = "/dashboard/settings/payments/"
NOW = f"{PAYMENTS}?now=1"
SCHEDULE = f"{PAYMENTS}schedule/"


@pytest.fixture
def account(connected_organization: Organization) -> ConnectedAccount:
    found = get_current_account(connected_organization)
    assert found is not None
    return found


@pytest.fixture
def client(organizer: User, account: ConnectedAccount) -> Client:
    client = Client()
    client.force_login(organizer)
    return client


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().split())


def at_stripe(account: ConnectedAccount) -> PayoutSchedule:
    return gateway.retrieve_account(str(account.stripe_account_id)).payout_schedule


@pytest.mark.parametrize(
    ("sent", "schedule", "words"),
    [
        ({"interval": "daily"}, PayoutSchedule(interval="daily"), "Daily"),
        (
            {"interval": "weekly", "weekly_anchor": "friday", "monthly_anchor": "77"},
            PayoutSchedule(interval="weekly", weekly_anchor="friday"),
            "Weekly, on Fridays",
        ),
        (
            {"interval": "monthly", "weekly_anchor": "sunday", "monthly_anchor": "31"},
            PayoutSchedule(interval="monthly", monthly_anchor=31),
            "Monthly, on day 31; in shorter months on the last",
        ),
        (
            {"interval": "manual", "monthly_anchor": ""},
            PayoutSchedule(interval="manual"),
            "Only when you ask",
        ),
    ],
)
def test_a_schedule_is_set_at_stripe_and_a_day_counts_for_its_own_interval_only(
    client: Client, account: ConnectedAccount, sent: dict[str, str], schedule: PayoutSchedule, words: str
) -> None:
    page = text_of(client.post(SCHEDULE, sent, follow=True))
    assert f"Saved. Payouts: {words}" in page
    assert at_stripe(account) == schedule


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose how often you are paid out."),
        ({"interval": "hourly"}, "hourly is not one of the available choices"),
        ({"interval": "weekly"}, "Choose a day."),
        ({"interval": "weekly", "weekly_anchor": "sunday"}, "sunday is not one of the available choices"),
        ({"interval": "monthly", "monthly_anchor": "32"}, "less than or equal to 31"),
        ({"interval": "monthly", "monthly_anchor": "0"}, "greater than or equal to 1"),
        ({"interval": "monthly"}, "Choose a day."),
    ],
)
def test_a_schedule_that_cannot_be_is_said_and_changes_nothing(
    client: Client, account: ConnectedAccount, sent: dict[str, str], words: str
) -> None:
    before = at_stripe(account)
    page = text_of(client.post(SCHEDULE, sent))
    assert words in page
    assert "There is a problem" in page
    assert at_stripe(account) == before
    assert not AuditEntry.objects.filter(action="payout_schedule.requested").exists()


def test_held_money_has_a_schedule_that_nobody_can_change(
    client: Client, account: ConnectedAccount, staff: User
) -> None:
    hold_payouts(account.organization, days_after_event=3, actor=staff, reason="A new organizer")
    page = text_of(client.get(PAYMENTS))
    assert "held until 3 days after each event" in page
    assert "Save schedule" not in page
    assert "held until 3 days after each event" in text_of(
        client.post(SCHEDULE, {"interval": "daily"}, follow=True)
    )
    assert at_stripe(account) == PayoutSchedule(interval="manual")


def test_when_stripe_is_away_the_page_is_still_useful(
    client: Client, account: ConnectedAccount, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    BalanceComparison.objects.create(
        books=chart.connected(account.organization).code,
        currency="usd",
        stripe_amount=128450,
        imported_amount=128450,
        ledger_amount=128450,
        in_flight_amount=0,
        compared_at=datetime(2026, 11, 20, 14, 2, tzinfo=UTC),
    )
    fault = {
        "method": "GET",
        "path": f"/v1/accounts/{account.stripe_account_id}",
        "effect": "error_500",
        "times": 9,
    }
    sandbox.control("POST", "/_sandbox/faults", fault)
    page = text_of(client.get(NOW))
    assert "Your balance was $1,284.50 on Fri 20 Nov 2026, 2:02 pm UTC." in page
    assert "so the schedule can’t be shown or changed" in page
    assert "Save fees" in page
    seen_at = timezone.now() - timedelta(minutes=2, seconds=5)
    see(account, available={"usd": 128450}, pending={"usd": 41200}, seen_at=seen_at)
    page = text_of(client.get(NOW))
    assert "We couldn’t reach Stripe. Try again in a minute." in page
    assert "$1,284.50" in page
    assert f"Updated 2 min ago, {event_time(seen_at, 'UTC')}." in page
    assert "Save schedule" in page


def test_the_page_waits_for_stripe_only_when_asked_to(
    client: Client, account: ConnectedAccount, sandbox: Any, django_assert_num_queries: Any
) -> None:
    client.get(PAYMENTS)  # which notes the session
    before = asked(sandbox)
    page = text_of(client.get(PAYMENTS))
    assert "Asking Stripe…" in page
    assert 'content="0; url=?now=1"' in page
    assert asked(sandbox) == before
    page = text_of(client.get(NOW))
    assert "Asking Stripe…" not in page
    assert "Updated just now" in page
    assert "url=?now=1" not in page
    assert asked(sandbox) - before == 2
    LastSeen.objects.update(available={"eur": 900, "usd": 128450}, pending={"eur": 0, "usd": 5})
    # session, user, memberships; account twice, last seen, hold, payouts; account, terms, price, absorption
    with django_assert_num_queries(12):
        page = text_of(client.get(PAYMENTS))
    assert '<dt>Available, EUR</dt><dd class="figure">€9.00</dd>' in page
    assert "url=?now=1" not in page
    assert "about <strong>€9.00 + $1,284.50</strong>, to ····6789." in page
    assert asked(sandbox) - before == 2


def test_a_bank_that_sent_a_payout_back_stops_the_next_ones(
    client: Client, account: ConnectedAccount, sandbox: Any
) -> None:
    see(account, available={"usd": 100}, bank_last4="2210", is_bank_usable=False)
    page = text_of(client.get(PAYMENTS))
    assert "a payout came back from your bank" in page
    assert "Update bank details" in page
    assert "Next payout" not in page


def test_a_manager_neither_sees_nor_sets_it(account: ConnectedAccount, manager: User) -> None:
    client = Client()
    client.force_login(manager)
    before = at_stripe(account)
    assert client.post(SCHEDULE, {"interval": "manual"}).status_code == 403
    assert client.get(SCHEDULE).status_code == 405
    assert at_stripe(account) == before


def test_before_onboarding_is_done_there_is_neither_card(
    organization: Organization, organizer: User, settle: Callable[[], None]
) -> None:
    client = Client()
    client.force_login(organizer)
    page = text_of(client.get(PAYMENTS))
    assert "Payout schedule" not in page
    assert "Refresh" not in page


def see(account: ConnectedAccount, **more: Any) -> LastSeen:
    """What Stripe was seen to say of the account."""
    facts = {"schedule": {"interval": "daily"}, "payouts_enabled": True, "seen_at": timezone.now(), **more}
    return LastSeen.objects.create(connected_account=account, **facts)


def asked(sandbox: Any) -> int:
    """How often Stripe was asked for something."""
    _status, rows = sandbox.control("GET", "/_sandbox/requests")
    return sum(row["method"] == "GET" and row["path"].startswith("/v1/") for row in rows)
