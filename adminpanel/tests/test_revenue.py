"""The report of revenue: the ledger's own sums in every currency, as a page, for spreadsheets and by the API."""

import csv
import io
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from adminpanel.checks_for_doctor import checks_for_doctor
from adminpanel.models import RevenueMark
from adminpanel.selectors.periods import Range, Step, range_before
from adminpanel.selectors.revenue import sum_revenue
from adminpanel.services.revenue import refresh_revenue
from ledger import chart
from ledger.services.posting import Line, credit, debit, post
from ledger.tests.test_grants import GRANTS

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("sales without their orders")]
PAGE, EXPORT, API = "/admin/revenue/", "/admin/revenue/export.csv", "/api/admin/revenue"


@pytest.fixture
def client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def book(
    currency: str, at: datetime, *lines: Line, kind: str = "sale", of: Organization | None = None
) -> None:
    with transaction.atomic():
        source = f"{kind}_{currency}_{at:%Y%m%d%H%M}"
        post(kind, source=source, currency=currency, organization=of, occurred_at=at, lines=list(lines))


def a_sale(of: Organization, currency: str, at: datetime, *, fee: int = 100, gross: int = 1000) -> None:
    lines = [
        debit(chart.platform(), gross),
        credit(chart.organizer(of), gross - fee),
        credit(chart.revenue_platform_fee(), fee),
    ]
    book(currency, at, *lines, of=of)


def rows_of(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


# --- what it says


def test_the_api_gives_each_part_by_currency_and_weeks_begin_on_monday(
    api: Callable[..., Client], staff: User, organization: Organization, settings: Any
) -> None:
    settings.PLATFORM_TIME_ZONE = "Europe/London"
    # Summer time ends on Sunday 25 October at 1:00 UTC: that day has 25 hours.
    for hour in (datetime(2026, 10, 24, 22, 59, tzinfo=UTC), datetime(2026, 10, 24, 23, 0, tzinfo=UTC),
                 datetime(2026, 10, 25, 23, 59, tzinfo=UTC), datetime(2026, 10, 26, 0, 0, tzinfo=UTC)):  # fmt: skip
        a_sale(organization, "usd", hour)
    a_sale(organization, "jpy", datetime(2026, 10, 26, 12, 0, tzinfo=UTC), fee=7)
    refresh_revenue()
    client = api(staff)

    def ask(**query: str) -> list[Any]:
        answer = client.get(API, {"date_from": "2026-10-24", "date_to": "2026-10-31", **query})
        assert answer.status_code == 200, answer.content
        return [
            (row["period_start"], row["currency"], row["order_count"], row["platform_fees"])
            for row in answer.json()["results"]
        ]

    assert ask() == [
        ("2026-10-24", "usd", 1, 100),
        ("2026-10-25", "usd", 2, 200),
        ("2026-10-26", "jpy", 1, 7),
        ("2026-10-26", "usd", 1, 100),
    ]
    assert ask(period="weekly")[0] == ("2026-10-19", "usd", 3, 300)
    assert ask(period="monthly") == [("2026-10-01", "jpy", 1, 7), ("2026-10-01", "usd", 4, 400)]
    row = client.get(API, {"date_from": "2026-10-26", "date_to": "2026-10-26"}).json()["results"][1]
    assert row == {
        "period_start": "2026-10-26",
        "currency": "usd",
        "order_count": 1,
        "gmv": 1000,
        "platform_fees": 100,
        "stripe_fees": 0,
        "refunds": 0,
        "net": 100,
        "organizer_revenue": 900,
    }


def test_a_day_without_a_refresh_since_is_as_right_as_any(client: Client, organization: Organization) -> None:
    refresh_revenue()
    a_sale(organization, "usd", timezone.now(), fee=100)
    book(
        "usd",
        timezone.now(),
        debit(chart.expense_stripe_fees(), 130),
        credit(chart.platform(), 130),
        kind="stripe_fee",
    )
    book(
        "usd",
        timezone.now(),
        debit(chart.platform(), 499),
        credit(chart.revenue_premium(), 499),
        kind="premium",
    )
    report = client.get(PAGE).context["report"]
    assert (report.total.collected, report.total.premium, report.total.net) == (100, 499, 469)
    said = client.get(PAGE).content.decode()
    assert "−$1.30" in said  # Stripe's fee
    assert "$4.69" in said


# --- what it may be asked


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"date_from": "2026-11-02", "date_to": "2026-11-01"}, "date_to"),
        ({"date_from": "yesterday"}, "date_from"),
        ({"date_from": "0001-01-01"}, "date_from"),
        ({"date_to": "9999-12-31"}, "date_from"),
        ({"date_from": "2011-01-01", "date_to": "2026-11-01"}, "date_to"),
        ({"period": "hourly"}, "period"),
        ({"currency": "xxx"}, "currency"),
    ],
)
def test_a_range_that_is_none_is_refused_with_its_field(
    client: Client, organization: Organization, query: dict[str, str], field: str
) -> None:
    a_sale(organization, "usd", timezone.now())
    page = client.get(PAGE, query)
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert (page.context["report"], "Error: Revenue" in page.content.decode()) == (None, True)
    assert client.get(EXPORT, query).headers["Location"].startswith(PAGE)
    if "currency" not in query:  # the API gives every one
        refused = client.get(API, query)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["attr"] == field


def test_the_page_costs_the_same_however_much_there_is(
    client: Client, organization: Organization, django_assert_num_queries: Any
) -> None:
    assert "No sales yet" in client.get(PAGE).content.decode()
    now = timezone.now()
    a_sale(organization, "usd", now)
    for _round in range(2):
        with django_assert_num_queries(5):
            assert client.get(PAGE).status_code == 200
        for days in range(1, 8):
            a_sale(organization, "eur", now - timedelta(days=days))
    with django_assert_num_queries(5):
        empty = client.get(PAGE, {"currency": "eur", "date_from": "2020-01-01", "date_to": "2020-01-31"})
    assert "Nothing was paid on these days" in empty.content.decode()


def test_the_csv_has_every_part_and_its_columns_add_up(client: Client, organization: Organization) -> None:
    a_sale(organization, "jpy", datetime(2026, 10, 26, 12, 0, tzinfo=UTC), fee=7)
    query = {"date_from": "2026-10-24", "date_to": "2026-11-03", "period": "weekly", "currency": "jpy"}
    head, *rows = rows_of(client.get(EXPORT, query))
    assert [row[:2] for row in rows] == [
        ["2026-10-24", "2026-10-25"],
        ["2026-10-26", "2026-11-01"],
        ["2026-11-02", "2026-11-03"],
    ]
    said = dict(zip(head, rows[1], strict=True))
    assert (said["Currency"], said["Paid by buyers"], said["Kept"]) == ("JPY", "1000", "7")
    parts = ("Platform fees", "Processing recovered", "Premium", "Stripe's fees", "Dispute fees", "Losses")
    assert sum(Decimal(said[part]) for part in parts) == Decimal(said["Kept"])


# --- ranges, and the views' keeping


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        ("2026-11-01", "2026-11-22", ("2026-10-01", "2026-10-22")),
        ("2026-03-01", "2026-03-30", ("2026-02-01", "2026-02-28")),
        ("2026-10-01", "2026-10-31", ("2026-09-01", "2026-09-30")),
        ("2026-07-01", "2026-09-30", ("2026-04-01", "2026-06-30")),
        ("2024-01-01", "2024-02-29", ("2023-01-01", "2023-02-28")),
        ("2026-11-09", "2026-11-15", ("2026-11-02", "2026-11-08")),
    ],
)
def test_a_range_is_compared_with_what_people_would_compare_it_with(
    since: str, until: str, before: tuple[str, str]
) -> None:
    chosen = Range(date.fromisoformat(since), date.fromisoformat(until))
    found = range_before(chosen)
    assert (str(found.since), str(found.until)) == before
    for step in Step.values:
        parts = chosen.parts(step)
        assert (parts[0].since, parts[-1].until) == (chosen.since, chosen.until)
        assert sum(part.days for part in parts) == chosen.days


def test_the_doctor_says_when_the_views_are_not_kept_up(organization: Organization, settings: Any) -> None:
    assert checks_for_doctor() == []
    a_sale(organization, "usd", timezone.now())
    refresh_revenue()
    assert checks_for_doctor() == []
    settings.PLATFORM_TIME_ZONE = "Asia/Tokyo"
    assert "days of UTC" in checks_for_doctor()[0]
    RevenueMark.objects.update(refreshed_at=timezone.now() - timedelta(minutes=40))
    assert "40 minutes ago" in checks_for_doctor()[0]


def test_the_role_that_owns_nothing_reads_and_refreshes_the_views_and_writes_none(
    organization: Organization,
) -> None:
    a_sale(organization, "usd", timezone.now())
    role = f"maly_app_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}; {GRANTS.replace('maly_app', role)} SET LOCAL ROLE {role}")
        assert refresh_revenue()
        assert sum_revenue()["usd"].net == 100
        for statement in (
            "UPDATE adminpanel_revenuemark SET last_id = 0",
            "DELETE FROM platform_daily_revenue",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(statement)
        cursor.execute("RESET ROLE")
