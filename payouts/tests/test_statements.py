"""Statements: they come from the ledger, add up, and one month ends where the next begins."""

import csv
import io
import random
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import Organization
from connect.models import FeeAbsorption
from ledger import chart
from ledger.services.balances import balance
from ledger.services.posting import credit, debit, post
from maly.errors import NotFound
from maly.spreadsheets import make_harmless
from payouts.services.requests import request_payout
from payouts.services.statement_csv import write_csv
from payouts.services.statement_pdf import write_pdf
from payouts.services.statements import Section, Statement, list_months, read_statement, read_statements
from payouts.tests.conftest import AVAILABLE_LATER, control
from ticketing.models import Order, Payment
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory

pytestmark = pytest.mark.django_db

BASE = "/api/organizations/harbour-arts/statements"


def this_month() -> str:
    return f"{timezone.now():%Y-%m}"


def now_of(organization: Organization, currency: str = "usd") -> Statement:
    statement = read_statement(organization, this_month(), currency=currency)
    organizer, owed = chart.organizer(organization), chart.receivable_organizer(organization)
    assert statement.closing == -balance(organizer, currency=currency)
    assert statement.owed_closing == balance(owed, currency=currency)
    assert statement.owed_closing == statement.owed_opening + statement.totals.owed
    return statement


def sums(statement: Statement) -> dict[str, tuple[int, int, int, int]]:
    """Gross, fees, owed and net by section."""
    found: dict[str, tuple[int, int, int, int]] = {}
    for item in statement.items:
        assert item.net == item.gross + item.fees + item.owed
        before = found.get(item.section.value, (0, 0, 0, 0))
        added = zip(before, (item.gross, item.fees, item.owed, item.net), strict=True)
        found[item.section.value] = tuple(map(sum, added))
    return found


def at(year: int, month: int, day: int = 1, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def book(organization: Organization, kind: str, source: str, moment: datetime, **gains: int) -> None:
    """Post by hand: what the organizer gains, owes more, and pays in fees; the platform's balance takes the rest."""
    organizer, owed, fees = (gains.get(name, 0) for name in ("organizer", "owed", "fees"))
    cash = organizer + fees - owed

    def line(account: Any, amount: int) -> Any:
        return credit(account, amount) if amount > 0 else debit(account, -amount)

    post(
        kind,
        source=source,
        currency=gains.get("currency", "usd"),
        organization=organization,
        occurred_at=moment,
        lines=[
            line(chart.organizer(organization), organizer),
            line(chart.receivable_organizer(organization), -owed),
            line(chart.revenue_platform_fee(), fees),
            line(chart.platform(), -cash),
        ],
    )


# --- what it says


def test_sales_fees_refunds_and_payouts_of_a_month(sell, organizer, pay_out, settle, organization):
    sell()
    order = sell(2)
    request_refund(order, tickets=[order.tickets.first().code], actor=organizer, reason="Ill")
    pay_out()
    settle()
    statement = now_of(organization)
    assert sums(statement) == {
        "sales": (15_000, -450 - 870, 0, 4550 + 9130),
        "refunds": (-5000, 435, 0, -4565),
        "payouts": (-(4550 + 4565), 0, 0, -(4550 + 4565)),
    }
    assert (statement.opening, statement.closing, statement.on_its_way) == (0, 0, 0)
    sale = next(item for item in statement.items if item.order == order.code)
    assert (sale.event, sale.words) == ("Night Market", "Paid by the buyer")


def test_a_fee_that_the_buyer_pays_leaves_the_organizer_the_face_price(sell, event, organization):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save(update_fields=["fee_absorption"])
    sell()
    assert sums(now_of(organization)) == {"sales": (5458, -458, 0, 5000)}


def test_what_the_platform_fronted_and_took_back(sell, organizer, pay_out, settle, organization):
    order = sell()
    pay_out()
    settle()
    request_refund(order, actor=organizer, reason="Ill")
    statement = now_of(organization)
    assert sums(statement)["refunds"] == (-5000, 450, 4550, 0)
    assert (statement.closing, statement.owed_closing) == (0, 4550)
    sell(2)
    statement = now_of(organization)
    assert sums(statement)["receivables"] == (0, 0, -4550, -4550)
    assert (statement.closing, statement.owed_closing) == (9130 - 4550, 0)


def test_a_lost_dispute(sell, sandbox, settle, organization):
    order = sell()
    charge = Payment.objects.get(order=order).charge_id
    dispute = control(sandbox, f"charges/{charge}/dispute", reason="fraudulent")
    settle()
    control(sandbox, f"disputes/{dispute['id']}", outcome="lost")
    settle()
    assert sums(now_of(organization))["disputes"][3] == -4550


def test_a_payout_on_its_way_is_still_in_the_balance(sell, manual, organizer, organization, settle):
    sell()
    request_payout(organization, currency="usd", actor=organizer)
    statement = now_of(organization)
    assert (statement.closing, statement.on_its_way) == (4550, 4550)
    assert "payouts" not in sums(statement)


@pytest.mark.broken_books("postings of no row are made up")
def test_a_kind_that_nobody_has_named_stands_under_other(organization):
    book(organization, "goodwill_charge", "x_1", timezone.now(), organizer=-7, fees=7)
    (item,) = now_of(organization).items
    assert (item.section, item.words, item.net) == (Section.OTHER, "Goodwill charge", -7)


# --- months and currencies


@pytest.mark.broken_books("postings of no row are made up")
def test_a_month_is_one_of_utc_to_the_microsecond(organization):
    edge = at(2026, 3)
    book(organization, "sale", "ch_1", edge - timedelta(microseconds=1), organizer=100)
    book(organization, "sale", "ch_2", edge, organizer=1000)
    february, march = (
        read_statement(organization, month, currency="usd") for month in ("2026-02", "2026-03")
    )
    assert (february.opening, february.closing) == (0, 100)
    assert (march.opening, march.closing) == (100, 1100)
    assert february.is_complete


@pytest.mark.broken_books("postings of no row are made up")
def test_every_month_since_the_first_movement_is_listed_with_its_currencies(organization):
    assert [one.month for one in list_months(organization)] == [this_month()]
    book(organization, "sale", "ch_1", at(2026, 3, 5), organizer=100)
    book(organization, "sale", "ch_2", at(2026, 5, 5), organizer=100, currency="jpy")
    months = {one.month: one for one in list_months(organization)}
    assert (months["2026-03"].currencies, months["2026-05"].currencies) == (["usd"], ["jpy", "usd"])
    assert list(months)[-1] == "2026-03"
    assert not months[this_month()].is_complete


@pytest.mark.parametrize(
    "month", ["2026-02", "2099-01", "2026-13", "2026-00", "x", "26-03", "2026-03-01", "0000-01", "٢٠٢٦-٠٣"]
)
@pytest.mark.broken_books("postings of no row are made up")
def test_a_month_without_a_statement_is_not_found(organization, month):
    book(organization, "sale", "ch_1", at(2026, 3, 5), organizer=100)
    with pytest.raises(NotFound):
        read_statements(organization, month)


def test_another_organizations_money_is_in_no_statement(sell, stranger, organization):
    sell()
    other = Organization.objects.exclude(pk=organization.pk).first()
    assert now_of(other).items == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.broken_books("postings of no row are made up")
def test_each_month_ends_where_the_next_begins_and_all_add_up(seed, organization):
    chance = random.Random(seed)  # noqa: S311
    begin = at(2025, 11, 20)
    kinds = ["sale", "refund", "dispute_recovered", "receivable_recovered", "payout_paid", "unheard_of"]
    for number in range(60):
        moment = begin + timedelta(seconds=chance.randrange(200 * 86400))
        gains = {name: chance.randint(-9999, 9999) for name in ("organizer", "owed", "fees")}
        currency = chance.choice(["usd", "jpy", "kwd"])
        book(organization, chance.choice(kinds), f"x_{number}", moment, currency=currency, **gains)
    for currency in ("usd", "jpy", "kwd"):
        statements = [
            read_statement(organization, one.month, currency=currency)
            for one in reversed(list_months(organization))
        ]
        for before, after in zip(statements, statements[1:], strict=False):
            assert (before.closing, before.owed_closing) == (after.opening, after.owed_opening)
        for one in statements:
            assert one.closing == one.opening + sum(item.net for item in one.items)
            assert one.owed_closing == one.owed_opening + sum(item.owed for item in one.items)
        assert statements[0].opening == 0
        assert statements[-1].closing == -balance(chart.organizer(organization), currency=currency)


# --- CSV


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.broken_books("postings of no row are made up")
def test_the_csv_adds_up_in_decimals_of_its_currency(organization):
    book(organization, "sale", "ch_1", at(2026, 3, 5), organizer=4550, fees=450)
    book(organization, "sale", "ch_2", at(2026, 3, 6), organizer=985, fees=30, currency="jpy")
    book(organization, "sale", "ch_3", at(2026, 3, 7), organizer=1230, currency="kwd")
    rows = rows_of(write_csv(read_statements(organization, "2026-03")))
    by_currency = {row["currency"]: row for row in rows if row["reference"].startswith("ch_")}
    assert by_currency["USD"]["gross"] == "50.00"
    assert by_currency["USD"]["fees"] == "-4.50"
    assert (by_currency["JPY"]["net"], by_currency["KWD"]["net"]) == ("985", "1.230")
    assert [row["description"] for row in rows[-3:]] == [
        "Opening balance",
        "Paid by the buyer",
        "Closing balance",
    ]
    assert rows[-1]["balance"] == "45.50"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_cannot_become_a_formula(begin, sell, event, organization):
    event.title = f"{begin}1+1"
    event.save(update_fields=["title"])
    sell()
    (row,) = [row for row in rows_of(write_csv([now_of(organization)])) if row["order"]]
    assert row["event"] == f"'{begin}1+1"
    assert make_harmless("Night Market = fun") == "Night Market = fun"


# --- PDF


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_pdf_says_what_the_statement_says(sell, organizer, organization):
    order = sell(2)
    request_refund(order, tickets=[order.tickets.first().code], actor=organizer, reason="Ill")
    statement = now_of(organization)
    pdf = write_pdf([statement])
    text = text_of(pdf)
    for words in (
        "Harbour Arts",
        "$45.65",
        "−$50.00",
        order.code,
        "Night Market",
        "Page 1 of 1",
        "Balance so far",
    ):
        assert words in text
    facts = PdfReader(io.BytesIO(pdf))
    assert facts.metadata.title == f"Statement, {timezone.now():%B %Y} · Harbour Arts"
    assert facts.trailer["/Root"]["/Lang"].startswith("en")
    assert facts.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]


def test_every_font_is_embedded_and_names_show_in_any_script(organization, event, sell):
    organization.name = "Żółw Ñandú Ωμέγα Жук 音楽の夜 한국 עברית مهرجان"
    organization.save(update_fields=["name"])
    event.title = "音楽の夜 한국 עברית مهرجان الموسيقى"
    event.save(update_fields=["title"])
    sell()
    reader = PdfReader(io.BytesIO(write_pdf([now_of(organization)])))
    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    used = [font for font in fonts if "FontDescriptor" in str(font)]
    assert {re.sub(r"^/\w+\+", "", font["/BaseFont"]) for font in used} >= {"DejaVuSans", "DroidSansFallback"}
    assert all("/FontFile2" in font["/FontDescriptor"] for font in used)
    text = reader.pages[0].extract_text()
    assert "音楽の夜" in text
    assert "Ωμέγα Жук" in text


@pytest.mark.broken_books("postings of no row are made up")
def test_every_currency_begins_on_a_page_of_its_own(organization):
    book(organization, "sale", "ch_1", at(2026, 3, 5), organizer=4550, fees=450)
    book(organization, "sale", "ch_2", at(2026, 3, 6), organizer=985, currency="jpy")
    reader = PdfReader(io.BytesIO(write_pdf(read_statements(organization, "2026-03"))))
    assert len(reader.pages) == 2
    assert "¥985" in reader.pages[0].extract_text()
    assert "$45.50" in reader.pages[1].extract_text()


@pytest.mark.broken_books("postings of no row are made up")
def test_a_month_of_two_thousand_orders_is_quick_and_takes_as_many_statements_as_one_of_two(
    organization, django_assert_num_queries
):
    event = EventFactory(organization=organization)
    template = {
        "event": event,
        "organization": organization,
        "email": "a@example.com",
        "name": "A",
        "currency": "usd",
    }
    amounts = {
        "subtotal_amount": 5000,
        "platform_fee_amount": 275,
        "processing_fee_amount": 175,
        "total_amount": 5000,
    }
    orders = Order.objects.bulk_create(
        [Order(**template, **amounts, fee_absorption="absorb") for _ in range(2000)]
    )
    for number, order in enumerate(orders):
        post(
            "sale",
            source=f"ch_{number}",
            currency="usd",
            organization=organization,
            subject=f"order:{order.code}",
            occurred_at=at(2026, 3, 1 + number % 30),
            lines=[
                debit(chart.platform(), 5000),
                credit(chart.organizer(organization), 4550),
                credit(chart.revenue_platform_fee(), 450),
            ],
        )
    started = time.process_time()
    with django_assert_num_queries(7):
        (statement,) = read_statements(organization, "2026-03")
    read = time.process_time() - started
    pdf = write_pdf([statement])
    drawn = time.process_time() - started - read
    assert (len(statement.items), statement.closing) == (2000, 2000 * 4550)
    pages = len(PdfReader(io.BytesIO(pdf)).pages)
    print(f"read {read:.2f} s, drawn {drawn:.2f} s, {pages} pages, {len(pdf)} bytes")  # noqa: T201
    assert len(write_csv([statement]).splitlines()) == 2003
    # Processor time, so that a busy machine doesn't fail it.
    assert read < 2
    assert drawn < 10


# --- the API


def test_the_api_lists_months_and_shows_one(api, organizer, sell, organization):
    order = sell()
    (month,) = api(organizer).get(BASE).json()["results"]
    assert month == {"month": this_month(), "currencies": ["usd"], "is_complete": False}
    (shown,) = api(organizer).get(f"{BASE}/{this_month()}").json()["statements"]
    assert (shown["opening"], shown["closing"], shown["totals"]["fees"]) == (0, 4550, -450)
    assert (shown["items"][0]["order"], shown["items"][0]["section"]) == (order.code, "sales")


@pytest.mark.parametrize(
    ("wanted", "content_type"), [("csv", "text/csv; charset=utf-8"), ("pdf", "application/pdf")]
)
def test_the_api_gives_files_with_a_name(api, organizer, sell, wanted, content_type):
    sell()
    for headers in ({}, {"accept": content_type.split(";")[0]}):
        answer = api(organizer).get(f"{BASE}/{this_month()}?format={wanted}", headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (200, content_type)
        name = f'attachment; filename="statement-harbour-arts-{this_month()}.{wanted}"'
        assert (answer["Content-Disposition"], answer["Cache-Control"]) == (name, "private, no-store")


@pytest.mark.parametrize("query", ["format=xml", "currency=xxx", "currency=%00", "format=api"])
def test_a_wrong_question_is_a_400(api, organizer, query):
    assert api(organizer).get(f"{BASE}/{this_month()}?{query}").status_code == 400


@pytest.mark.parametrize("month", ["2020-01", "2026-13", "x", "%00", "2026-11%0A"])
def test_what_is_not_there_is_a_404(api, organizer, month):
    assert api(organizer).get(f"{BASE}/{month}").status_code == 404
    assert api(organizer).get(f"{BASE}/{this_month()}?currency=jpy").status_code == 404


def test_no_account_id_is_in_any_of_them(api, organizer, sell, pay_out, settle):
    sell(card=AVAILABLE_LATER)
    pay_out_answer = sell()
    settle()
    assert pay_out_answer
    for wanted in ("json", "csv"):
        body = api(organizer).get(f"{BASE}/{this_month()}?format={wanted}").content.decode()
        assert "acct_" not in body
