"""Staff's transactions: every way to narrow them down, pages both ways, any id of Stripe's, and the plans behind it."""

import csv
import io
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now, timedelta

from accounts.models import Organization, User
from accounts.tests.factories import OrganizationFactory
from adminpanel.selectors.transactions import PAGE_SIZE
from adminpanel.tests.orders import copy_orders
from maly.tests.house import House
from ticketing.models import Order
from ticketing.tests.factories import EventFactory

pytestmark = pytest.mark.django_db
# To find 26 orders of a status that one in ten has.
MOST_READ = 300
LIST, API = "/admin/transactions/", "/api/admin/transactions"
ROWS_ALONE = pytest.mark.broken_books("orders as rows alone")


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def codes_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.status_code
    return [row.order.code for row in answer.context["list"].rows]


def table_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def paid_orders(**wanted: Any) -> list[str]:
    found = Order.objects.filter(completed_at__isnull=False, total_amount__gt=0, **wanted)
    return list(found.order_by("-completed_at", "-id").values_list("code", flat=True))


def test_every_id_of_stripe_leads_to_its_order(
    organization: Organization,
    organizer: User,
    sandbox: Any,
    settle: Callable[[], None],
    buyer: User,
    desk: Client,
    api: Callable[..., Client],
    staff: User,
) -> None:
    house = House(organization, organizer, sandbox, settle)
    names = house.furnish(buyer)
    order = Order.objects.get(code=names.order)
    payment, refund = order.payments.get(), order.refunds.get()
    disputed = Order.objects.get(disputes__stripe_dispute_id=names.dispute)
    unpaid = house.check_out(order.event.ticket_types.get(), 1, email="late@example.com")
    ids = {
        order.code: (order.code.lower(), order.code.removeprefix("M-"), names.ticket, refund.code),
        "stripe": (
            payment.session_id,
            payment.payment_intent_id,
            payment.charge_id,
            payment.transfer_id,
            payment.application_fee_id,
            payment.balance_transaction_id,
            refund.stripe_refund_id,
            refund.reversals.get().stripe_id,
            refund.fee_refunds.get().stripe_id,
        ),
    }
    for search in (*ids[order.code], *ids["stripe"]):
        assert codes_of(desk.get(LIST, {"q": f" {search} "})) == [order.code], search
    assert codes_of(desk.get(LIST, {"q": names.dispute})) == [disputed.code]
    assert codes_of(desk.get(LIST, {"q": "Late@Example.com"})) == [unpaid.code]
    in_payout = codes_of(desk.get(LIST, {"q": names.payout}))
    assert {order.code, disputed.code} <= set(in_payout)
    assert unpaid.code not in in_payout
    line = order.payout_lines.first()
    assert line is not None
    assert codes_of(desk.get(LIST, {"q": line.balance_transaction_id})) == [order.code]
    for nothing in ("pi_missing", "Ada Obi", "%", "M-ZZZZZZZ", "\x00", "cs_" + "x" * 190, "po_none"):
        assert unpaid.code not in codes_of(desk.get(LIST, {"q": nothing})), nothing
    assert codes_of(desk.get(LIST, {"q": names.dispute, "status": "paid"})) == []

    (shown,) = api(staff).get(API, {"search": payment.charge_id}).json()["results"]
    assert shown == {
        "order": order.code,
        "organization": organization.slug,
        "event": names.event,
        "status": "partly_refunded",
        "currency": "usd",
        "subtotal_amount": 10000,
        "total_amount": 10000,
        "application_fee_amount": 870,
        "platform_fee": 550,
        "stripe_fee_amount": 320,
        "organizer_amount": 9130,
        "refunded_amount": 5000,
        "payment_intent": payment.payment_intent_id,
        "completed_at": order.completed_at.isoformat().replace("+00:00", "Z") if order.completed_at else None,
    }
    with CaptureQueriesContext(connection) as seen:
        page = desk.get(f"{LIST}{order.code}/")
    assert len(seen) == 13
    text = page.content.decode()
    for told in ids["stripe"]:
        assert told in text, told
    account = house.account.stripe_account_id
    assert account
    assert account not in text
    assert house.account.masked_id in text
    assert "Refunded to the buyer" in text
    assert "organizer@example.com" in text
    with CaptureQueriesContext(connection) as seen:
        assert desk.get(f"{LIST}{disputed.code}/").content.decode().count(names.dispute) >= 2
    assert len(seen) == 13
    assert desk.get(f"{LIST}{unpaid.code}/").status_code == 200
    (row,) = table_of(desk.get(f"{LIST}export.csv", {"q": order.code}))
    assert (row["total"], row["stripe_fee"], row["organizer"]) == ("100.00", "3.20", "91.30")
    assert row["charge"] == payment.charge_id


@ROWS_ALONE
def test_pages_lead_on_and_back_over_all_of_them_once(
    desk: Client, api: Callable[..., Client], staff: User
) -> None:
    # Many in one minute, so that a page ends between orders that were paid at the same time.
    event = EventFactory()
    copy_orders(event, 3 * PAGE_SIZE, organizations=[event.organization], per_minute=7)
    known = paid_orders()
    seen, answer = [], desk.get(LIST)
    while True:
        seen += codes_of(answer)
        if not answer.context["list"].older_query:
            break
        answer = desk.get(f"{LIST}?{answer.context['list'].older_query}")
    assert seen == known
    back = [codes_of(answer)]
    while answer.context["list"].newer_query:
        answer = desk.get(f"{LIST}?{answer.context['list'].newer_query}")
        back.insert(0, codes_of(answer))
    assert sum(back, []) == known
    assert codes_of(desk.get(LIST, {"before": "M-missing"})) == known[:PAGE_SIZE]
    assert [row["order"] for row in table_of(desk.get(f"{LIST}export.csv"))] == known
    page = api(staff).get(API, {"page_size": 20}).json()
    by_cursor = []
    while True:
        by_cursor += [row["order"] for row in page["results"]]
        if not page["next"]:
            break
        page = api(staff).get(API, parse_qs(urlsplit(page["next"]).query)).json()
    assert by_cursor == known


@ROWS_ALONE
def test_filters_narrow_the_page_the_table_and_the_api_alike(
    desk: Client, api: Callable[..., Client], staff: User
) -> None:
    event = EventFactory()
    one, other = event.organization, OrganizationFactory(name="Elsewhere", slug="elsewhere")
    copy_orders(event, 60, organizations=[one, other])
    Order.objects.filter(code__lt="M-0000010").update(completed_at=now() - timedelta(days=10))
    week_ago, today = f"{now() - timedelta(days=7):%Y-%m-%d}", f"{now():%Y-%m-%d}"
    cases = [
        ({"organization": "elsewhere"}, {"organization": other}),
        ({"status": "refunded"}, {"status": "refunded"}),
        ({"organization": "elsewhere", "status": "disputed"}, {"organization": other, "status": "disputed"}),
        ({"date_from": week_ago}, {"completed_at__date__gte": week_ago}),
        ({"date_to": week_ago}, {"completed_at__date__lte": week_ago}),
        ({"date_from": today, "date_to": today}, {"completed_at__date": today}),
        ({"date_from": "0001-01-01", "date_to": "9999-12-31"}, {}),
        ({"status": "expired"}, {"status": "expired"}),
    ]
    for query, wanted in cases:
        known = paid_orders(**wanted)
        rows = api(staff).get(API, {**query, "page_size": 100}).json()["results"]
        assert [row["order"] for row in rows] == known, query
        if query != {"status": "expired"}:  # the page offers only what a paid order can be
            assert codes_of(desk.get(LIST, query)) == known[:PAGE_SIZE], query
            exported = desk.get(f"{LIST}export.csv", query)
            assert [row["order"] for row in table_of(exported)] == known, query
    assert (
        codes_of(desk.get(LIST, {"organization": "ELSEWHERE"})) == paid_orders(organization=other)[:PAGE_SIZE]
    )
    for wrong in (
        {"organization": "nobody"},
        {"date_from": "yesterday"},
        {"status": "lost"},
        {"date_from": today, "date_to": week_ago},
    ):
        page = desk.get(LIST, wrong)
        assert codes_of(page) == []
        assert "There is a problem" in page.content.decode(), wrong
        assert desk.get(f"{LIST}export.csv", wrong).status_code == 400
    for wrong in (
        {"organization": "nobody"},
        {"date_from": "yesterday"},
        {"status": "lost"},
        {"cursor": "x"},
    ):
        assert api(staff).get(API, wrong).status_code in (400, 404), wrong


@ROWS_ALONE
def test_a_page_reads_little_more_than_it_shows_however_many_orders_there_are(desk: Client) -> None:
    """Behind a million orders a page must not look through them: without any one of its indexes it would."""
    event = EventFactory()
    organizations = [event.organization, *OrganizationFactory.create_batch(39)]
    copy_orders(event, 20_000, organizations=organizations)
    known = paid_orders()
    # Refunds are long ago, and of one organization nothing was ever disputed.
    Order.objects.filter(status="refunded", completed_at__gt=now() - timedelta(days=12)).update(status="paid")
    Order.objects.filter(status="disputed", organization=organizations[7]).update(status="paid")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ticketing_order")
    days = {"date_from": day(5), "date_to": day(1)}
    parts: tuple[tuple[dict[str, str], ...], ...] = (
        ({}, {"organization": organizations[7].slug}),
        ({}, {"status": "paid"}, {"status": "disputed"}, {"status": "refunded"}),
        ({}, days, {"date_from": day(5)}, {"date_to": day(1)}),
        ({}, {"before": known[9_000]}, {"after": known[9_000]}),
    )
    asked = [{name: value for part in chosen for name, value in part.items()} for chosen in product(*parts)]
    asked += [{"q": "buyer7@example.com"}, {"q": "buyer7@example.com", **days}, {"q": known[9_000]}]
    desk.get(LIST)
    counts, bad = set(), []
    for query in asked:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(LIST, query).status_code == 200
        counts.add(len(seen) - ("organization" in query) - ("before" in query or "after" in query))
        bad += [f"{query}: {scan}" for sql in reads_of(seen) for scan in greedy_scans(sql)]
    assert bad == []
    assert counts == {4, 5}  # without a row, none of its payments


def day(ago: int) -> str:
    return f"{now() - timedelta(days=ago):%Y-%m-%d}"


def reads_of(seen: CaptureQueriesContext) -> list[str]:
    """The statements that read orders."""
    return [one["sql"] for one in seen.captured_queries if 'FROM "ticketing_order"' in one["sql"]]


def greedy_scans(sql: str) -> Iterator[str]:
    """The steps of a statement's plan that read orders one after the other, or far more than a page has."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        (((answer,),),) = cursor.fetchall()
    waiting = [answer["Plan"]]
    while waiting:
        step = waiting.pop()
        waiting += step.get("Plans", [])
        if step.get("Relation Name") == "ticketing_order":
            read = step["Actual Rows"] + step.get("Rows Removed by Filter", 0)
            if step["Node Type"] == "Seq Scan" or read > MOST_READ:
                yield f"{step['Node Type']} of {read} by {step.get('Index Name')}"
