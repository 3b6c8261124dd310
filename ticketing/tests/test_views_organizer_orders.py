"""The organizer's list of orders: what it finds, a page at a time, at what cost; and the table for spreadsheets."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from maly.spreadsheets import make_harmless
from ticketing.models import Event, Order, Payment, TicketType
from ticketing.selectors import organizer_orders
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
LIST = "/dashboard/orders/"
EXPORT = "/dashboard/orders/export.csv"
HOSTILE = '=cmd|"/C calc"!A0<script>alert(1)</script>'


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def free(organization: Organization) -> TicketType:
    event = EventFactory(organization=organization, title="Seed Swap", slug="seed-swap")
    return TicketTypeFactory(event=event, name="Free entry", price_amount=0, capacity=1000)


def book(ticket_type: TicketType, *, name: str = "Ada Obi", email: str = "ada@example.com") -> Order:
    """An order of a free ticket, complete at once."""
    items = [Item(ticket_type.public_id, 1)]
    return start_checkout(ticket_type.event, items=items, email=email, name=name).order


def codes(client: Client, query: str = "") -> list[str]:
    answer = client.get(LIST + query)
    assert answer.status_code == 200, answer.status_code
    return [row.order.code for row in answer.context["list"].rows]


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def rows_of(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(EXPORT + query)
    assert answer.status_code == 200, answer.status_code
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_the_first_visit_says_what_to_do_next(client: Client) -> None:
    page = words_of(client.get(LIST))
    assert "No orders yet" in page
    assert "Export CSV" not in page


def test_every_filter_finds_its_orders_and_no_other(
    client: Client, free: TicketType, general: TicketType, sell: Callable[..., Order]
) -> None:
    paid = sell((general, 2), email="paid@example.com")
    booked = book(free, name="Rui Costa", email="rui@example.net")
    assert codes(client) == [booked.code, paid.code]
    assert codes(client, "?event=night-market") == [paid.code]
    assert codes(client, "?type=Free+entry") == [booked.code]
    assert codes(client, "?type=Free+entry&type=General+admission") == [booked.code, paid.code]
    Order.objects.filter(pk=booked.pk).update(status="disputed", created_at=now() - timedelta(days=8))
    assert codes(client, "?status=disputed") == [booked.code]
    assert codes(client, "?status=disputed&status=paid") == [booked.code, paid.code]
    assert codes(client, "?date=7d") == [paid.code]
    assert codes(client, "?date=30d&status=paid") == [paid.code]


def test_the_search_knows_code_name_address_and_card(
    client: Client, general: TicketType, free: TicketType, sell: Callable[..., Order]
) -> None:
    paid = sell((general, 1), email="paid@example.com")
    booked = book(free, name="Rui Costa", email="rui@example.net")
    last4 = Payment.objects.get().card_last4
    searches = {paid.code.lower(): paid, "rui COSTA": booked, "EXAMPLE.net": booked, last4: paid}
    for search, order in searches.items():
        assert codes(client, f"?q={search}") == [order.code], search
    assert codes(client, "?q=4243") == []
    assert "No orders match." in words_of(client.get(f"{LIST}?q=nobody"))


def test_an_active_filter_is_a_chip_that_takes_it_away(client: Client, free: TicketType) -> None:
    book(free)
    page = client.get(f"{LIST}?status=paid&status=refunded&event=seed-swap&q=ada")
    chips = {chip.label: chip for chip in page.context["list"].chips}
    assert chips["Status"].value == "Paid, Refunded"
    assert chips["Status"].query == "q=ada&event=seed-swap"
    assert chips["Event"].value == "Seed Swap"
    assert "Clear filters" in words_of(page)
    assert client.get(LIST).context["list"].chips == []


@pytest.mark.parametrize(
    "query", ["?status=nonsense", "?date=1000y", "?before=%00", "?q=%00", "?event=%00x", "?before=M-ZZZZZZZ"]
)
def test_an_odd_address_still_shows_a_page(client: Client, free: TicketType, query: str) -> None:
    book(free)
    assert client.get(LIST + query).status_code == 200
    assert client.get(EXPORT + query).status_code == 200


def test_pages_go_there_and_back_and_lose_nothing(
    client: Client, free: TicketType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organizer_orders, "PAGE_SIZE", 2)
    made = [book(free).code for _number in range(5)]
    newest_first = made[::-1]
    pages, query = [], "?status=paid"
    while query != "?":
        page = client.get(LIST + query).context["list"]
        pages.append([row.order.code for row in page.rows])
        query = f"?{page.older_query}"
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    back = client.get(f"{LIST}?{page.newer_query}").context["list"]
    assert [row.order.code for row in back.rows] == newest_first[2:4]
    first = client.get(f"{LIST}?{back.newer_query}").context["list"]
    assert [row.order.code for row in first.rows] == newest_first[:2]
    assert (first.newer_query, bool(first.older_query)) == ("", True)
    # What is booked meanwhile moves nothing from one page to the next.
    book(free)
    assert codes(client, f"?{first.older_query}") == newest_first[2:4]


def test_the_list_costs_the_same_for_one_order_and_for_a_page(
    client: Client, free: TicketType, django_assert_num_queries: Any
) -> None:
    book(free)
    client.get(LIST)  # which notes the session
    for _round in range(2):
        # session, user, memberships; orders, their lines, how many, events and ticket types to choose, disputes
        with django_assert_num_queries(9):
            client.get(f"{LIST}?q=a&status=paid&event=seed-swap&type=Free+entry&date=30d")
        for _number in range(5):
            book(free)


def test_nobody_elses_order_is_found(client: Client, free: TicketType) -> None:
    foreign = TicketTypeFactory(name="Elsewhere", price_amount=0)
    other = book(foreign)
    own = book(free)
    for query in ("", f"?q={other.code}", f"?event={foreign.event.slug}", f"?before={other.code}"):
        assert other.code not in codes(client, query)
    assert "Elsewhere" not in client.get(LIST).content.decode()
    assert [row["order"] for row in rows_of(client)] == [own.code]


def test_the_table_holds_the_filtered_orders_with_their_money(
    client: Client,
    event: Event,
    general: TicketType,
    sell: Callable[..., Order],
    organizer: User,
    settle: Callable[[], None],
) -> None:
    Event.objects.update(fee_absorption="pass_to_buyer")
    order = sell((general, 2))
    ticket = order.tickets.first()
    assert ticket
    request_refund(order, actor=organizer, reason="Ill", tickets=[ticket.code])
    settle()
    (row,) = rows_of(client, "?status=partly_refunded")
    assert rows_of(client, "?status=paid") == []
    assert (row["order"], row["status"], row["tickets"]) == (
        order.code,
        "Partly refunded",
        "2 General admission",
    )
    money = ("total", "platform_fee", "processing_fee", "to_organizer", "refunded", "currency")
    assert [row[name] for name in money] == ["109.16", "5.50", "3.66", "100.00", "54.58", "USD"]


def test_the_table_is_read_in_batches_and_is_whole(
    client: Client, free: TicketType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organizer_orders, "BATCH", 2)
    made = [book(free).code for _number in range(5)]
    assert [row["order"] for row in rows_of(client)] == made[::-1]


def test_what_a_buyer_typed_is_neither_markup_nor_a_formula(client: Client, free: TicketType) -> None:
    TicketType.objects.update(name="+1+1")
    Event.objects.update(title="@SUM(1)")
    book(TicketType.objects.select_related("event").get(), name=HOSTILE)
    page = client.get(LIST).content.decode()
    assert "<script>alert" not in page
    (row,) = rows_of(client)
    assert row["buyer"] == f"'{HOSTILE}"
    assert row["event"] == "'@SUM(1)"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1"])
def test_no_text_becomes_a_formula(text: str) -> None:
    assert make_harmless(text) == f"'{text}"
    assert make_harmless("Ada =1") == "Ada =1"


def test_a_scanner_sees_no_orders_and_a_newcomer_begins_at_home(scanner: User, buyer: User) -> None:
    client = Client()
    client.force_login(scanner)
    assert client.get(LIST).status_code == 403
    assert client.get(EXPORT).status_code == 403
    client.force_login(buyer)
    assert client.get(LIST)["Location"] == "/dashboard/"
    assert client.get(EXPORT).status_code == 404
