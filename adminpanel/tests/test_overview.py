"""The cockpit's first page: what waits, and this month beside the same days of the last, in one currency at a time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tests.factories import OrganizationFactory
from adminpanel.selectors.charts import draw_bars
from adminpanel.selectors.overview import read_overview
from adminpanel.selectors.periods import this_month, today
from adminpanel.selectors.revenue import count_tickets
from adminpanel.services.revenue import refresh_revenue
from adminpanel.tests.test_revenue import a_sale
from connect.models import ConnectedAccount, StripeEvent
from ledger.models import LedgerViolation
from maly.tests.house import House
from payouts.models import MoneyException
from ticketing.models import Dispute, Order, Ticket
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
PAGE, STATS = "/admin/", "/api/admin/stats"


@pytest.fixture
def client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def house(organization: Organization, organizer: User, sandbox: Any, settle: Callable[[], None]) -> House:
    return House(organization, organizer, sandbox, settle)


def dead_event(number: int) -> StripeEvent:
    now = timezone.now()
    return StripeEvent.objects.create(
        endpoint="platform", event_id=f"evt_{number}", type="charge.updated", livemode=False, payload={},
        stripe_created_at=now, status=StripeEvent.Status.DEAD,
    )  # fmt: skip


def copy_dispute(stripe_id: str) -> None:
    """One more that waits for an answer and for a decision; no money of it has moved."""
    copied = Dispute.objects.order_by("pk")[0]
    copied.pk, copied.stripe_dispute_id, copied.needs_staff = None, stripe_id, True
    copied.withdrawn_amount = copied.recovered_amount = copied.share_amount = 0
    copied.save()


@pytest.mark.broken_books("dead letters, a difference and a violation are made up")
def test_everything_that_waits_is_named_with_the_page_where_to_act(client: Client, house: House) -> None:
    house.furnish()  # a dispute is open
    house.sell(TicketTypeFactory(event=EventFactory(organization=house.organization)), 1)
    house.pay_out("failed")
    dead_event(1), dead_event(2)
    MoneyException.objects.create(kind=MoneyException.Kind.OVERDUE, subject="x:txn_2", words="It is gone.")
    LedgerViolation.objects.create(code="I05", subject="organization:x", detail="1", needs_full=False)
    ConnectedAccount.objects.create(
        organization=OrganizationFactory(name="Foundry Nights"), creation_key="k", stripe_account_id="acct_restricted",
        details_submitted=True, requirements={"past_due": ["external_account"]},
    )  # fmt: skip
    page = client.get(PAGE)
    notices = page.context["page"].notices
    titles = [notice.title for notice in notices]
    assert titles[0] == "1 dispute to answer, $50.00"  # it alone has a deadline
    assert {title.split(" failed")[0][:9] for title in titles if " failed" in title} == {"Payout of"}
    assert {"1 organization restricted by Stripe", "2 events of Stripe's were given up"} < set(titles)
    assert {"1 difference with Stripe", "1 rule of the books is broken"} < set(titles)
    assert "Foundry Nights" in page.content.decode()
    for notice in notices:
        assert client.get(notice.url).status_code == 200, notice.url
    assert "Django admin" in page.content.decode()
    User.objects.update(is_staff=False)  # for whom the Django admin isn't there
    assert "Django admin" not in client.get(PAGE).content.decode()


@pytest.mark.broken_books("dead letters and disputes are made up")
def test_the_page_costs_the_same_for_few_and_for_many(client: Client, house: House) -> None:
    empty = client.get(PAGE).content.decode()
    assert "No sales yet" in empty
    assert "Nothing waits for you" in empty
    house.furnish()
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(PAGE).status_code == 200
        counts.append(len(asked))
        OrganizationFactory.create_batch(7)
        for number in range(4):
            copy_dispute(f"du_{_round}{number}")
            dead_event(10 * _round + number)
    assert counts == [13, 13]


@pytest.mark.broken_books("sales without their orders")
def test_this_month_is_told_beside_the_same_days_of_the_last_in_one_currency(
    client: Client, organization: Organization, settings: Any
) -> None:
    settings.PLATFORM_TIME_ZONE = "America/Los_Angeles"
    now = timezone.now()
    days = this_month(today())
    last_month = datetime.combine(days.since, datetime.min.time(), UTC) - timedelta(days=1)
    first = last_month.replace(day=1, hour=12)
    a_sale(organization, "usd", now, fee=150, gross=3000)
    a_sale(organization, "usd", first, fee=100, gross=1000)
    a_sale(OrganizationFactory(), "usd", first + timedelta(minutes=1), fee=20, gross=1000)
    a_sale(organization, "kwd", now, fee=1230, gross=20000)
    page = read_overview()
    assert (page.currency, page.currencies) == ("usd", ["kwd", "usd"])
    assert (page.net.now, page.net.before, page.net.growth) == (150, 120, "+25.0%")
    assert (page.gmv.now, page.gmv.before) == (3000, 2000)
    assert (page.sellers.now, page.sellers.before) == (1, 2)
    said = client.get(PAGE, {"currency": "kwd"}).content.decode()
    assert "KWD 1.230" in said
    assert "$" not in said.partition("This month")[2].partition("Newest")[0]
    assert client.get(PAGE, {"currency": "xx"}).context["page"].currency == "usd"


def test_tickets_are_counted_with_free_ones_before_and_after_a_refresh(house: House) -> None:
    house.furnish()
    event = EventFactory(organization=house.organization)
    house.sell(TicketTypeFactory(event=event, price_amount=0), 3)
    days = this_month(today())
    assert count_tickets([days], "usd") == [Ticket.objects.count()] == [7]
    Order.objects.filter(event=event).update(completed_at=timezone.now() - timedelta(days=2))
    refresh_revenue()
    before = type(days)(days.since - timedelta(days=31), days.until)
    assert count_tickets([before], "usd") == [7]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(tickets) FROM platform_daily_tickets")
        assert cursor.fetchone() == (3,)


@pytest.mark.broken_books("sales without their orders")
def test_the_stats_are_by_currency_and_have_no_growth_from_nothing(
    api: Callable[..., Client], staff: User, house: House, django_assert_num_queries: Any
) -> None:
    house.furnish()
    last_month = timezone.now().replace(day=1, hour=12) - timedelta(days=1)
    a_sale(house.organization, "eur", last_month.replace(day=1), fee=50)
    a_sale(house.organization, "eur", timezone.now(), fee=75)
    client = api(staff)
    client.get(STATS)  # the session is noted with its first request
    with django_assert_num_queries(10):
        stats = client.get(STATS).json()
    euros, dollars = stats.pop("currencies")
    assert euros == {
        "currency": "eur",
        "total_revenue": 125,
        "total_gmv": 2000,
        "revenue_this_month": 75,
        "revenue_last_month": 50,
        "growth_percent": 50.0,
    }
    # Four tickets for $50.00 at a fee of $2.75, one of them given back.
    assert (dollars["total_gmv"], dollars["total_revenue"], dollars["growth_percent"]) == (
        20000,
        3 * 275,
        None,
    )
    assert stats == {
        "total_organizations": Organization.objects.count(),
        "connected_organizations": 1,
        "total_tickets_sold": 3,
        "total_events": 1,
    }


@pytest.mark.parametrize(
    ("amounts", "grid", "bars"),
    [
        ([300, 100], ["$3", "$2", "$1", "$0"], [(0, 100), (67, 33)]),
        ([300, -100], ["$3", "$2", "$1", "$0", "−$1"], [(0, 75), (75, 25)]),
        ([-40], ["$0", "−$1"], [(0, 40)]),
        ([0], ["$1", "$0"], [(100, 0)]),
        ([123_456, 1], ["$1,500", "$1,000", "$500", "$0"], [(18, 82), (100, 1)]),
    ],
)
def test_bars_stand_on_a_grid_of_round_amounts(
    amounts: list[int], grid: list[str], bars: list[tuple[int, int]]
) -> None:
    days = {date(2026, 11, number + 1): amount for number, amount in enumerate(amounts)}
    chart = draw_bars(days, "usd")
    assert [line.words for line in chart.lines] == grid
    assert [(bar.top, bar.height) for bar in chart.bars] == bars
