"""The organizer's pages of statements: the months, one of them, and its files."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory
from payouts.services.statements import read_statement
from payouts.views import statements as statement_views
from ticketing.models import Event, Order
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db
LIST = "/dashboard/statements/"


@pytest.fixture
def client(connected_organization: Organization) -> Client:
    """An ADMIN of Harbour Arts."""
    client = Client()
    client.force_login(MembershipFactory(organization=connected_organization, role=Role.ADMIN).user)
    return client


@pytest.fixture
def month() -> str:
    return f"{timezone.now():%Y-%m}"


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_this_month_is_always_there(client: Client, month: str) -> None:
    assert f"{timezone.now():%B %Y}" in words_of(client.get(LIST))
    assert "Nothing moved in this month." in words_of(client.get(f"{LIST}{month}/"))


def test_a_statement_shows_each_movement_and_its_sums_add_up(
    client: Client,
    connected_organization: Organization,
    sell: Callable[..., Order],
    organizer: User,
    settle: Callable[[], None],
    month: str,
) -> None:
    order = sell(2)
    ticket = order.tickets.first()
    assert ticket
    request_refund(order, actor=organizer, reason="Ill", tickets=[ticket.code])
    settle()
    answer = client.get(f"{LIST}{month}/")
    (part,) = answer.context["parts"]
    assert part.statement.opening + sum(each.totals.net for each in part.sections) == part.statement.closing
    closing = read_statement(connected_organization, month, currency="usd").closing
    assert part.statement.closing == closing
    page = words_of(answer)
    assert "$100.00" in page
    assert "Refunded to the buyer" in page
    assert order.code in page


def test_a_long_month_says_where_the_rest_is(
    client: Client, sell: Callable[..., Order], month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_views, "SHOWN", 1)
    sell()
    sell()
    page = words_of(client.get(f"{LIST}{month}/"))
    assert "These are the first 1 of 2." in page
    assert "$91.00" in page


def test_the_files_are_those_of_the_api(
    client: Client, sell: Callable[..., Order], month: str, connected_organization: Organization
) -> None:
    sell()
    table = client.get(f"{LIST}{month}/statement.csv")
    assert table["Content-Disposition"] == f'attachment; filename="statement-harbour-arts-{month}.csv"'
    assert table.content.decode("utf-8-sig").startswith("date_utc,section")
    document = client.get(f"{LIST}{month}/statement.pdf")
    assert document["Content-Type"] == "application/pdf"
    assert document.content.startswith(b"%PDF")


@pytest.mark.parametrize("month", ["2020-01", "2999-01", "nonsense", "2026-13", "%00"])
@pytest.mark.parametrize("end", ["", "statement.csv", "statement.pdf"])
def test_a_month_that_has_no_statement_isnt_found(client: Client, month: str, end: str) -> None:
    assert client.get(f"{LIST}{month}/{end}").status_code == 404


def test_a_title_is_never_markup(client: Client, sell: Callable[..., Order], month: str) -> None:
    sell()
    Event.objects.update(title="<script>alert(1)</script>")
    assert "<script>alert" not in client.get(f"{LIST}{month}/").content.decode()
