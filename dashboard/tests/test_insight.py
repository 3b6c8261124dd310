"""Insight: figures that add up, small numbers that stay small, and who may look."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.errors import PremiumRequired
from accounts.models import Entitlement, Organization, User
from accounts.premium import PREMIUM
from dashboard.selectors import insight
from dashboard.selectors.insight import sales_insight
from ticketing.models import Event, Order, OrderLine, TicketType
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("orders as rows alone")]
# A Friday, 8 pm in New York, where the events are.
NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def premium(organizer: User) -> Entitlement:
    return Entitlement.objects.create(user=organizer, kind=PREMIUM, until=NOW + timedelta(days=30))


@pytest.fixture
def events(organization: Organization) -> list[Event]:
    return [
        EventFactory(organization=organization, slug=name, title=title, currency=currency)
        for name, title, currency in (
            ("market", "Market", "usd"),
            ("films", "=Films", "usd"),
            ("yen", "Yen", "jpy"),
        )
    ]


@pytest.fixture
def order(events: list[Event]) -> Callable[..., Order]:
    types: dict[int, TicketType] = {}

    def make(event: Event, ago: timedelta, quantity: int = 1, **fields: Any) -> Order:
        """An order of $10.00 tickets, completed so long ago unless its status says otherwise."""
        ticket_type = types.setdefault(event.pk, TicketTypeFactory(event=event))
        amount = fields.pop("each", 1000) * quantity
        moment = NOW - ago
        status = fields.pop("status", "paid")
        made = Order.objects.create(
            event=event,
            organization=event.organization,
            **{"email": "ada@example.com", "name": "Ada", "currency": "usd", **fields},
            status=status,
            subtotal_amount=amount,
            platform_fee_amount=0,
            processing_fee_amount=0,
            total_amount=amount,
            fee_absorption="absorb",
            created_at=moment,
            completed_at=moment if status in ("paid", "refunded") else None,
        )
        line = {"name": "GA", "quantity": quantity, "unit_price_amount": 1000, "unit_total_amount": 1000}
        OrderLine.objects.create(order=made, ticket_type=ticket_type, **line)
        return made

    return make


def test_every_way_to_add_up_comes_to_the_same(
    organization: Organization,
    premium: Entitlement,
    events: list[Event],
    order: Callable[..., Order],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market, films, yen = events
    order(market, timedelta(0), 3)  # Friday, 8 pm
    order(market, timedelta(days=7), 2, email="ADA@example.com")
    order(films, timedelta(weeks=11), 1, email="ada@example.com", refunded_amount=1000, status="refunded")
    order(films, timedelta(hours=20), 4, email="bo@example.com", each=0)  # Friday, midnight
    order(market, timedelta(weeks=12), 5, email="cy@example.com")  # before the period
    order(yen, timedelta(days=1), 7, currency="jpy")
    for status in ("expired", "cancelled", "awaiting_payment"):
        order(market, timedelta(days=1), status=status)
    page = sales_insight(organization, currency="usd")
    assert (page.orders, page.tickets, page.paid_amount, page.refunded_amount) == (4, 10, 6000, 1000)
    assert len(page.weeks) == 12
    assert [row.tickets for row in page.weeks][-2:] == [2, 7]
    assert page.weeks[0].tickets == 1
    assert [(row.event.title, row.tickets, row.paid_amount) for row in page.events] == [
        ("Market", 5, 5000),
        ("=Films", 5, 1000),
    ]
    assert sum(row.tickets for row in page.days) == sum(row.tickets for row in page.hours) == 10
    assert (str(page.best_day.name), page.best_day.tickets) == ("Friday", 10)
    assert [row.tickets for row in page.hours] == [4, 0, 0, 0, 0, 0, 5, 1]  # in summer it was 9 pm
    assert (page.buyers.count, page.buyers.of, page.buyers.percent) == (1, 2, None)
    assert (page.holds.count, page.holds.of, page.given_back, page.not_paid) == (3, 5, 1, 1)
    year = sales_insight(organization, currency="usd", period="52")
    assert (year.orders, len(year.weeks)) == (5, 52)
    assert sales_insight(organization, currency="jpy").paid_amount == 7000
    monkeypatch.setattr(insight, "MOST_EVENTS", 1)
    few = sales_insight(organization, currency="usd")
    assert (len(few.events), few.event_count) == (1, 2)  # the page says that it doesn't show all


def test_a_share_is_told_once_there_are_enough(
    organization: Organization, premium: Entitlement, events: list[Event], order: Callable[..., Order]
) -> None:
    for number in range(20):
        order(events[0], timedelta(days=1), email=f"{number}@example.com")
    order(events[1], timedelta(weeks=40), email="7@example.com")
    page = sales_insight(organization)
    assert (page.buyers.count, page.buyers.percent) == (1, 5)
    assert page.holds.percent == 100


def test_it_is_premiums_and_says_so(
    organization: Organization,
    organizer: User,
    manager: User,
    events: list[Event],
    order: Callable[..., Order],
    client: Client,
) -> None:
    order(events[1], timedelta(days=1))
    with pytest.raises(PremiumRequired):
        sales_insight(organization)
    client.force_login(organizer)
    page = client.get("/dashboard/insight/").content.decode()
    assert "Insight is part of Premium" in page
    assert "$10.00" not in page
    assert client.get("/dashboard/insight/insight.csv")["Location"] == "/dashboard/insight/"
    Entitlement.objects.create(user=organizer, kind=PREMIUM, until=NOW + timedelta(days=1))
    client.force_login(manager)  # of an organization that somebody premium owns
    assert "$10.00" in client.get("/dashboard/insight/?currency=xxx&period=-1").content.decode()
    answer = client.get("/dashboard/insight/insight.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 13
    assert rows[-1] == {
        "kind": "event",
        "name": "'=Films",
        "orders": "1",
        "tickets": "1",
        "paid": "10.00",
        "refunded": "0.00",
        "currency": "USD",
    }


def test_somebody_who_sells_nothing_yet_is_told_so(buyer: User, client: Client) -> None:
    client.force_login(buyer)
    assert "No sales yet" in client.get("/dashboard/insight/").content.decode()
    assert client.get("/dashboard/insight/insight.csv").status_code == 404
