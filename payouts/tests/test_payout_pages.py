"""The organizer's pages of payouts: what comes next, what went wrong, what each is made of."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory
from connect import gateway
from connect.models import ConnectedAccount
from connect.stripe_objects import PayoutSchedule
from ledger import chart
from payouts.models import BalanceComparison, OrganizerPayout, PayoutLine, PayoutStatus
from payouts.selectors import payout_contents, payout_list
from payouts.selectors.next_payout import next_payout_day
from payouts.services.payouts import sync_payout
from payouts.services.requests import request_payout
from payouts.tests.conftest import control, fail
from payouts.tests.factories import OrganizerPayoutFactory
from payouts.wording.payouts import line_in_words, schedule_in_words
from ticketing.models import Event, Order
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db
LIST = "/dashboard/payouts/"
NOW = f"{LIST}?now=1"


@pytest.fixture
def client(connected_organization: Organization) -> Client:
    """An ADMIN of Harbour Arts."""
    client = Client()
    client.force_login(MembershipFactory(organization=connected_organization, role=Role.ADMIN).user)
    return client


@pytest.fixture
def paid_out(
    account: ConnectedAccount, pay_out: Callable[..., str], settle: Callable[[], None]
) -> Callable[..., OrganizerPayout]:
    """Have Stripe pay out by its schedule, and follow it."""

    def run(outcome: str = "paid", **more: Any) -> OrganizerPayout:
        payout = sync_payout(account, pay_out(outcome, **more))
        settle()
        return payout

    return run


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def page_of(payout: OrganizerPayout) -> str:
    return f"{LIST}{payout.stripe_payout_id}/"


def rows_of(client: Client, payout: OrganizerPayout) -> list[dict[str, str]]:
    answer = client.get(f"{page_of(payout)}payout.csv")
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


# --- what comes next


@pytest.mark.parametrize(
    ("schedule", "today", "expected"),
    [
        (PayoutSchedule(interval="daily"), date(2026, 11, 19), date(2026, 11, 20)),
        (PayoutSchedule(interval="daily"), date(2026, 11, 20), date(2026, 11, 23)),
        (PayoutSchedule(interval="daily"), date(2026, 11, 21), date(2026, 11, 23)),
        (PayoutSchedule(interval="weekly", weekly_anchor="monday"), date(2026, 11, 22), date(2026, 11, 23)),
        (PayoutSchedule(interval="weekly", weekly_anchor="monday"), date(2026, 11, 23), date(2026, 11, 30)),
        (PayoutSchedule(interval="monthly", monthly_anchor=31), date(2026, 11, 22), date(2026, 11, 30)),
        (PayoutSchedule(interval="monthly", monthly_anchor=31), date(2026, 11, 30), date(2026, 12, 31)),
        (PayoutSchedule(interval="monthly", monthly_anchor=30), date(2027, 1, 31), date(2027, 2, 28)),
        (PayoutSchedule(interval="monthly", monthly_anchor=5), date(2026, 12, 5), date(2027, 1, 5)),
        (PayoutSchedule(interval="manual"), date(2026, 11, 22), None),
        (PayoutSchedule(interval="weekly", weekly_anchor="sunday"), date(2026, 11, 22), None),
    ],
)
def test_the_day_of_the_next_payout_follows_the_schedule(
    schedule: PayoutSchedule, today: date, expected: date | None
) -> None:
    assert next_payout_day(schedule, today) == expected


def test_a_schedule_is_said_in_words() -> None:
    said = [
        schedule_in_words(PayoutSchedule(interval="daily")),
        schedule_in_words(PayoutSchedule(interval="weekly", weekly_anchor="friday")),
        schedule_in_words(PayoutSchedule(interval="monthly", monthly_anchor=5)),
        schedule_in_words(PayoutSchedule(interval="monthly", monthly_anchor=31)),
        schedule_in_words(PayoutSchedule(interval="manual")),
    ]
    assert said == [
        "Daily",
        "Weekly, on Fridays",
        "Monthly, on day 5",
        "Monthly, on day 31; in shorter months on the last",
        "Only when you ask for it",
    ]


def test_the_first_visit_says_when_payouts_begin(client: Client, sandbox: Any) -> None:
    page = words_of(client.get(NOW))
    assert "No payouts yet" in page
    assert "nothing to pay out yet" in page


def test_without_stripe_there_is_a_way_to_it(organizer: User, organization: Organization) -> None:
    client = Client()
    client.force_login(organizer)
    page = words_of(client.get(LIST))
    assert "Connect Stripe to be paid" in page
    assert "Next payout" not in page


def test_what_comes_next_is_what_stripe_has(
    client: Client, account: ConnectedAccount, sell: Callable[..., Order]
) -> None:
    weekly = PayoutSchedule(interval="weekly", weekly_anchor="monday")
    gateway.update_payout_schedule(str(account.stripe_account_id), weekly)
    sell()
    assert client.get(LIST).context["list"].next.available == []
    answer = client.get(NOW)
    found = answer.context["list"].next
    assert [(each.amount, each.currency) for each in found.available] == [(4550, "usd")]
    page = words_of(answer)
    assert "Weekly, on Mondays" in page
    assert f"{found.on:%a} {found.on.day} {found.on:%b %Y}, about $45.50" in page
    assert "to account ····6789" in page
    assert "Balance updated just now" in page


def test_when_stripe_is_away_the_page_has_the_last_known_balance(
    client: Client, account: ConnectedAccount, sandbox: Any, quick: None
) -> None:
    seen_at = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
    BalanceComparison.objects.create(
        books=chart.connected(account.organization).code,
        currency="usd",
        stripe_amount=128450,
        imported_amount=128450,
        ledger_amount=128450,
        in_flight_amount=0,
        compared_at=seen_at,
    )
    OrganizerPayoutFactory(connected_account=account)
    fail(sandbox, f"/v1/accounts/{account.stripe_account_id}", "error_500", times=10, method="GET")
    page = words_of(client.get(NOW))
    assert "We couldn’t reach Stripe" in page
    assert "Your balance was $1,284.50 on Fri 20 Nov 2026, 2:02 pm UTC." in page
    assert "$10.00" in page


# --- the list


def test_the_list_says_each_status_in_words_and_filters_by_it(
    client: Client, account: ConnectedAccount
) -> None:
    made = {
        status: OrganizerPayoutFactory(
            connected_account=account, status=status, failure_code="account_closed"
        )
        for status in PayoutStatus.values
    }
    page = words_of(client.get(LIST))
    for word in ("Scheduled", "On its way", "Paid", "Failed", "Cancelled"):
        assert word in page
    for status, payout in made.items():
        rows = client.get(f"{LIST}?status={status}").context["list"].rows
        assert [row.payout for row in rows] == [payout]
    assert len(client.get(f"{LIST}?status=nonsense").context["list"].rows) == len(made)


def test_a_status_that_no_payout_has_leads_back(client: Client, account: ConnectedAccount) -> None:
    OrganizerPayoutFactory(connected_account=account)
    assert "No payout has this status." in words_of(client.get(f"{LIST}?status=failed"))


def test_a_failed_payout_says_why_until_another_was_made(client: Client, account: ConnectedAccount) -> None:
    ago = timezone.now() - timedelta(days=3)
    OrganizerPayoutFactory(
        connected_account=account,
        status="failed",
        failure_code="account_closed",
        created_at=ago,
        amount=93800,
    )
    page = words_of(client.get(LIST))
    assert "The payout of $938.00 failed" in page
    assert page.count("The bank account has been closed.") == 2
    assert "Update bank details" in page
    OrganizerPayoutFactory(connected_account=account)
    assert "Update bank details" not in words_of(client.get(LIST))


def test_money_taken_from_the_bank_is_called_so(client: Client, account: ConnectedAccount) -> None:
    payout = OrganizerPayoutFactory(connected_account=account, amount=-500)
    assert "Taken from your bank" in words_of(client.get(LIST))
    assert "Stripe takes this from your bank" in words_of(client.get(page_of(payout)))


def test_no_day_is_promised_while_payouts_are_stopped(
    client: Client, account: ConnectedAccount, sell: Callable[..., Order], sandbox: Any
) -> None:
    sell()
    control(sandbox, f"accounts/{account.stripe_account_id}", outcome="past_due")
    answer = client.get(NOW)
    assert (answer.context["list"].next.is_stopped, answer.context["list"].next.on) == (True, None)
    assert "Stripe doesn’t pay out at the moment" in words_of(answer)


def test_what_is_on_its_way_and_what_was_paid_this_year_are_summed(
    client: Client, account: ConnectedAccount
) -> None:
    this_year = timezone.now()
    for status, amount in (("pending", 100), ("in_transit", 200), ("paid", 400), ("failed", 800)):
        OrganizerPayoutFactory(connected_account=account, status=status, amount=amount, created_at=this_year)
    OrganizerPayoutFactory(connected_account=account, amount=1600, created_at=this_year - timedelta(days=400))
    (figures,) = client.get(LIST).context["list"].figures
    assert (figures.on_its_way_amount, figures.paid_amount, figures.paid_count) == (300, 400, 1)


def test_pages_go_there_and_back_and_keep_the_filter(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payout_list, "PAGE_SIZE", 2)
    made = [OrganizerPayoutFactory(connected_account=account) for _number in range(5)][::-1]
    pages, query = [], "status=paid"
    while query:
        page = client.get(f"{LIST}?{query}").context["list"]
        pages.append([row.payout for row in page.rows])
        query = page.older_query
    assert pages == [made[:2], made[2:4], made[4:]]
    assert page.newer_query == "status=paid&page=2"
    assert client.get(f"{LIST}?page=999").context["list"].number == 3
    for odd in ("?page=-1", "?page=x", "?status=%00", "?page=99999999999999999999"):
        assert client.get(LIST + odd).status_code == 200


# --- one payout


def test_a_payout_says_what_it_is_made_of(
    client: Client,
    sell: Callable[..., Order],
    organizer: User,
    settle: Callable[[], None],
    paid_out: Callable[..., OrganizerPayout],
) -> None:
    first, second = sell(), sell(2)
    ticket = second.tickets.first()
    assert ticket
    request_refund(second, actor=organizer, reason="Ill", tickets=[ticket.code])
    settle()
    payout = paid_out()
    answer = client.get(page_of(payout))
    contents = answer.context["contents"]
    assert (contents.order_count, contents.sales_amount, contents.refund_count) == (2, 15000, 1)
    parts = (
        contents.sales_amount + contents.less_fees_amount + contents.refunds_amount + contents.other_amount
    )
    assert parts == payout.amount
    assert contents.unexplained_amount == 0
    page = words_of(answer)
    assert first.code in page
    assert "Made by your schedule" in page
    assert "works it out" not in page
    rows = rows_of(client, payout)
    assert [row["what"] for row in rows] == ["Sale", "Sale", "Refund"]
    assert {row["order"] for row in rows} == {first.code, second.code}
    assert {(row["event"], row["currency"], row["allocated_by_us"]) for row in rows} == {
        ("Night Market", "USD", "no")
    }


def test_a_payout_by_hand_says_that_its_parts_are_worked_out(
    client: Client,
    manual: ConnectedAccount,
    sell: Callable[..., Order],
    organizer: User,
    settle: Callable[[], None],
) -> None:
    sell(2)
    payout = request_payout(manual.organization, amount=5000, currency="usd", actor=organizer)
    sync_payout(manual, payout.stripe_payout_id)
    settle()
    page = words_of(client.get(page_of(payout)))
    assert "Stripe doesn’t say what a payout made by hand consists of" in page
    assert f"Asked for by {organizer}" in page
    assert [row["allocated_by_us"] for row in rows_of(client, payout)] == ["yes"]


def test_a_payout_that_failed_after_it_was_paid_shows_both(
    client: Client,
    account: ConnectedAccount,
    sell: Callable[..., Order],
    sandbox: Any,
    settle: Callable[[], None],
    paid_out: Callable[..., OrganizerPayout],
) -> None:
    sell()
    payout = paid_out()
    assert "within five working days" in words_of(client.get(page_of(payout)))
    control(sandbox, f"payouts/{payout.stripe_payout_id}", outcome="failed", failure_code="account_closed")
    settle()
    page = words_of(client.get(NOW))
    assert "Scheduled payouts are stopped until the bank details are updated." in page
    assert "Bank ····6789" in page
    answer = client.get(page_of(payout))
    assert "to account ····6789, STRIPE TEST BANK" in words_of(answer)
    steps = [step.words for step in answer.context["contents"].history]
    assert steps == [
        "Made by your schedule",
        "Paid into the bank",
        "Failed: the money is back in your balance",
    ]
    assert "The bank account has been closed." in words_of(answer)


def test_a_payout_whose_parts_are_not_known_says_so(client: Client, account: ConnectedAccount) -> None:
    payout = OrganizerPayoutFactory(connected_account=account, status="in_transit")
    page = words_of(client.get(page_of(payout)))
    assert "Stripe hasn’t said yet" in page
    assert "Should arrive in your bank" in page


def test_lines_come_in_pages_and_the_table_is_whole(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(payout_contents, "PAGE_SIZE", 2)
    monkeypatch.setattr(payout_contents, "BATCH", 2)
    now = timezone.now()
    payout = OrganizerPayoutFactory(connected_account=account, amount=600, lines_synced_at=now)
    for number in range(5):
        PayoutLine.objects.create(
            payout=payout,
            balance_transaction_id=f"txn_{number}",
            type="adjustment",
            amount=100,
            fee_amount=0,
            net_amount=100,
            currency="usd",
            occurred_at=now + timedelta(seconds=number),
        )
    client.get(page_of(payout))  # which notes the session
    # session, user, payout with its organization, membership; sums, the page, its request
    with django_assert_num_queries(7):
        contents = client.get(f"{page_of(payout)}?page=3").context["contents"]
    assert [row.line.balance_transaction_id for row in contents.rows] == ["txn_4"]
    assert (contents.other_amount, contents.unexplained_amount) == (500, 100)
    rows = rows_of(client, payout)
    assert [row["balance_transaction"] for row in rows] == [f"txn_{number}" for number in range(5)]
    assert {row["what"] for row in rows} == {"Correction by Stripe"}


def test_what_a_dispute_took_and_gave_back_is_no_refund_and_no_sale(
    client: Client,
    sell: Callable[..., Order],
    fund: Callable[..., Any],
    organizer: User,
    sandbox: Any,
    settle: Callable[[], None],
    paid_out: Callable[..., OrganizerPayout],
) -> None:
    fund(500_000, fee=100_000)  # so that our own balance bears a transfer
    refunded, disputed = sell(), sell()
    request_refund(refunded, actor=organizer, reason="Ill")
    made = control(sandbox, f"charges/{disputed.payments.get().charge_id}/dispute")
    settle()
    taken = paid_out()
    page = words_of(client.get(page_of(taken)))
    assert "2 orders" in page
    assert "1 refund −$50.00" in page
    assert "1 dispute −$45.50" in page
    assert "Buyer paid −$45.50" not in page
    assert [row["what"] for row in rows_of(client, taken)].count("Dispute") == 1
    control(sandbox, f"disputes/{made['id']}", outcome="won")
    settle()
    returned = paid_out()
    answer = client.get(page_of(returned))
    assert "1 dispute won $45.50" in words_of(answer)
    contents = answer.context["contents"]
    assert (contents.order_count, contents.sales_amount, contents.returned_amount) == (0, 0, 4550)
    (row,) = rows_of(client, returned)
    assert (row["what"], row["order"], row["net"]) == ("Dispute won", disputed.code, "45.50")
    url = f"/api/organizations/{taken.organization.slug}/payouts/{taken.stripe_payout_id}"
    assert [line["dispute"] for line in client.get(url).json()["lines"]].count(made["id"]) == 1
    for payout in (taken, returned):
        contents = client.get(page_of(payout)).context["contents"]
        parts = ("sales", "less_fees", "refunds", "disputes", "returned", "other")
        assert sum(getattr(contents, f"{part}_amount") for part in parts) == payout.amount


def test_a_movement_that_nobody_has_heard_of_has_a_name() -> None:
    assert line_in_words("something_new", amount=100, is_disputed=False) == "Other movement at Stripe"


def test_no_title_becomes_markup_or_a_formula(
    client: Client, sell: Callable[..., Order], paid_out: Callable[..., OrganizerPayout]
) -> None:
    sell()
    Event.objects.update(title="=SUM(1)<script>alert(1)</script>")
    payout = paid_out()
    assert "<script>alert" not in client.get(page_of(payout)).content.decode()
    assert rows_of(client, payout)[0]["event"].startswith("'=SUM(1)")
