"""Staff's payouts: failures first, everybody's by status and organization, and one with what its organizer was told."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Organization, User
from adminpanel.selectors.payouts import MOST_FAILED, PAGE_SIZE
from maly.tests.house import House
from payouts.models import OrganizerPayout, PlatformPayout
from payouts.tests.factories import ConnectedAccountFactory, OrganizerPayoutFactory
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db
ROWS_ALONE = pytest.mark.broken_books("payouts of a factory, which nothing posts")
LIST, API = "/admin/payouts/", "/api/admin/payouts"


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    client.get(LIST)  # the session is noted once
    return client


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def shown(answer: Any) -> list[OrganizerPayout]:
    return [row.payout for row in answer.context["list"].rows]


@ROWS_ALONE
def test_failures_come_first_until_a_bank_takes_the_money_again(desk: Client) -> None:
    assert "They show here as soon as Stripe sends an organizer’s money" in words_of(desk.get(LIST))
    account, made = ConnectedAccountFactory(organization__name="Harbour Arts"), now() - timedelta(days=3)
    failed = {"status": "failed", "failure_code": "account_closed", "connected_account": account}
    first = OrganizerPayoutFactory(**failed, created_at=made, failed_at=made)
    OrganizerPayoutFactory(**failed, created_at=made, failed_at=made, currency="eur")
    PlatformPayout.objects.create(
        stripe_payout_id="po_ours",
        amount=700,
        currency="usd",
        status="paid",
        automatic=True,
        arrival_date=now(),
        created_at=now(),
    )
    page = desk.get(LIST)
    assert len(page.context["list"].failed) == 2
    for words in ("Failed, and nothing paid since", "The bank account has been closed.", "All of ours $7.00"):
        assert words in words_of(page), words
    OrganizerPayoutFactory(connected_account=account)  # in dollars
    (left,) = desk.get(LIST).context["list"].failed
    assert left.payout.currency == "eur"
    assert "the organizer was paid since" in words_of(desk.get(f"{LIST}{first.stripe_payout_id}/"))
    OrganizerPayoutFactory(connected_account=account, currency="eur")
    assert "No payout has failed that wasn’t made up for." in words_of(desk.get(LIST))
    for _number in range(MOST_FAILED + 1):
        OrganizerPayoutFactory(status="failed", failure_code="no_account", created_at=now())
    page = desk.get(LIST)
    assert len(page.context["list"].failed) == MOST_FAILED
    assert "All that failed" in words_of(page)


@ROWS_ALONE
def test_pages_and_filters_show_each_payout_once_in_as_many_queries_for_few_as_for_many(
    desk: Client, api: Callable[..., Client], staff: User
) -> None:
    one, other = ConnectedAccountFactory(), ConnectedAccountFactory(organization__slug="elsewhere")
    moment = now() - timedelta(days=1)
    for number in range(2 * PAGE_SIZE + 5):
        status = "failed" if number % 10 == 0 else "paid"
        made = moment + timedelta(minutes=number // 8)
        account = other if number % 3 == 0 else one
        OrganizerPayoutFactory(connected_account=account, status=status, created_at=made)
    OrganizerPayoutFactory.create_batch(2, connected_account=one)
    OrganizerPayoutFactory(connected_account=other)
    known = list(OrganizerPayout.objects.order_by("-created_at", "-pk"))
    seen, answer = [], desk.get(LIST)
    while True:
        seen += shown(answer)
        if not answer.context["list"].older_query:
            break
        answer = desk.get(f"{LIST}?{answer.context['list'].older_query}")
    assert seen == known
    while answer.context["list"].newer_query:
        answer = desk.get(f"{LIST}?{answer.context['list'].newer_query}")
    assert shown(answer) == known[:PAGE_SIZE]
    for query, fits in (
        ({"organization": "elsewhere"}, lambda row: row.organization_id == other.organization_id),
        ({"status": "failed"}, lambda row: row.status == "failed"),
        (
            {"status": "failed", "organization": "elsewhere"},
            lambda row: row.status == "failed" and row.organization_id == other.organization_id,
        ),
    ):
        expected = [row for row in known if fits(row)]
        with CaptureQueriesContext(connection) as queries:
            assert shown(desk.get(LIST, query)) == expected[:PAGE_SIZE], query
        assert len(queries) == 4 + ("organization" in query)
        asked = api(staff).get(API, {**query, "page_size": 100}).json()["results"]
        assert [row["id"] for row in asked] == [row.stripe_payout_id for row in expected]
        assert {row["account"] for row in asked} <= {one.masked_id, other.masked_id}
    assert shown(desk.get(LIST, {"q": known[3].stripe_payout_id})) == [known[3]]
    assert "There is a problem" in words_of(desk.get(LIST, {"organization": "nobody"}))
    assert "No payouts match." in words_of(desk.get(LIST, {"status": "canceled"}))
    for odd in ({"before": "x"}, {"after": "9" * 30}, {"before": "0"}):
        assert shown(desk.get(LIST, odd)) == known[:PAGE_SIZE]
    assert api(staff).get(API, {"status": "lost"}).status_code == 400
    with CaptureQueriesContext(connection) as queries:
        desk.get(LIST)
    assert len(queries) == 6


def test_one_payout_says_why_it_failed_and_what_the_organizer_was_told(
    connected_organization: Organization,
    organizer: User,
    sandbox: Any,
    settle: Callable[[], None],
    desk: Client,
) -> None:
    house = House(connected_organization, organizer, sandbox, settle)
    seat = TicketTypeFactory(event__organization=connected_organization)
    order = house.sell(seat, 1)
    paid_out = house.pay_out()
    house.sell(seat, 1)
    failed = house.pay_out("failed")
    with CaptureQueriesContext(connection) as queries:
        page = desk.get(f"{LIST}{failed}/")
    assert len(queries) == 8
    for words in (
        "Payout of $45.50",
        "It failed, and nothing was paid since",
        "Stripe makes no scheduled payout until the organizer updates the bank details",
        "Made by the schedule",
        "Payout failed organizer@example.com",
        "Sent",
    ):
        assert words in words_of(page), words
    text = page.content.decode()
    account = house.account
    assert str(account.stripe_account_id) not in text
    assert str(account.masked_id) in text
    with CaptureQueriesContext(connection) as queries:
        paid = desk.get(f"{LIST}{paid_out}/")
    assert len(queries) == 7
    assert f"/admin/transactions/{order.code}/" in paid.content.decode()
    assert desk.get(f"{LIST}po_missing/").status_code == 404
