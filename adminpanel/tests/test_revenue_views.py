"""The revenue views say what the ledger says, to the cent, whatever was refreshed when."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Organization, User
from accounts.tests.factories import OrganizationFactory
from adminpanel.models import RevenueMark
from adminpanel.selectors.revenue import EVER, Figures, daily_revenue, sum_revenue
from adminpanel.services.revenue import refresh_revenue
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.balances import trial_balance
from ledger.services.posting import Line, credit, debit, post, reverse
from maly.tests.house import House
from ticketing.models import Order
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

CURRENCIES = ["usd", "jpy", "kwd"]
VIEWS = ["platform_daily_revenue", "platform_daily_totals", "platform_daily_tickets"]
ZONES = ["UTC", "Europe/London", "America/Los_Angeles", "Pacific/Auckland"]
# An hour before clocks go back in London, and months later.
BEGIN = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
# Numbers of transactions that ended long ago, that a dump has brought, and of this very one.
WRITTEN_BY = {"old": "3", "restored": "1000000000000", "now": "pg_current_xact_id()::text::bigint"}


def result(currency: str) -> int:
    """What the accounts of revenue and expense say has been earned."""
    return -sum(row.amount for row in trial_balance(currency) if row.kind in (chart.REVENUE, chart.EXPENSE))


def sale(of: Organization, gross: int, fee: int, processing: int) -> tuple[list[Line], Figures]:
    lines = [
        debit(chart.platform(), gross + fee + processing),
        credit(chart.organizer(of), gross),
        credit(chart.revenue_platform_fee(), fee),
        credit(chart.revenue_processing_recovered(), processing),
    ]
    return lines, Figures(
        order_count=1,
        gmv=gross + fee + processing,
        platform_fees=fee,
        processing_recovered=processing,
        organizer_revenue=gross,
        net=fee + processing,
    )


def refund(of: Organization, share: int, fee: int, processing: int) -> tuple[list[Line], Figures]:
    payer = chart.organizer(of) if share % 2 else chart.receivable_organizer(of)
    lines = [
        debit(payer, share),
        debit(chart.revenue_platform_fee(), fee),
        debit(chart.revenue_processing_recovered(), processing),
        credit(chart.platform(), share + fee + processing),
    ]
    return lines, Figures(
        platform_fees=-fee,
        processing_recovered=-processing,
        fees_returned=fee + processing,
        organizer_revenue=-share,
        refunds=share + fee + processing,
        net=-fee - processing,
    )


def stripe_fee(_of: Organization, fee: int, _one: int, _other: int) -> tuple[list[Line], Figures]:
    lines = [debit(chart.expense_stripe_fees(), fee), credit(chart.platform(), fee)]
    return lines, Figures(stripe_fees=fee, net=-fee)


def dispute_opened(of: Organization, amount: int, fee: int, _other: int) -> tuple[list[Line], Figures]:
    lines = [
        debit(chart.dispute("dp_1", of), amount),
        debit(chart.expense_dispute_fees(), fee),
        credit(chart.platform(), amount + fee),
    ]
    return lines, Figures(disputes=amount, dispute_fees=fee, net=-fee)


def dispute_lost(of: Organization, held: int, owed: int, lost: int) -> tuple[list[Line], Figures]:
    lines = [
        debit(chart.dispute_hold("dp_1", of), held),
        debit(chart.receivable_organizer(of), owed),
        debit(chart.expense_dispute_loss(), lost),
        credit(chart.dispute("dp_1", of), held + owed + lost),
    ]
    return lines, Figures(losses=lost, net=-lost)


def written_off(of: Organization, amount: int, _one: int, _other: int) -> tuple[list[Line], Figures]:
    lines = [debit(chart.expense_refund_loss(), amount), credit(chart.receivable_organizer(of), amount)]
    return lines, Figures(losses=amount, net=-amount)


def premium(_of: Organization, amount: int, _one: int, _other: int) -> tuple[list[Line], Figures]:
    lines = [debit(chart.platform(), amount), credit(chart.revenue_premium(), amount)]
    return lines, Figures(premium=amount, net=amount)


def payout_paid(of: Organization, amount: int, _one: int, _other: int) -> tuple[list[Line], Figures]:
    return [debit(chart.organizer(of), amount), credit(chart.clearing_payout(of), amount)], Figures()


RECIPES = {
    recipe.__name__: recipe
    for recipe in (
        sale,
        refund,
        stripe_fee,
        dispute_opened,
        dispute_lost,
        written_off,
        premium,
        payout_paid,
    )
}
amounts = st.one_of(st.integers(1, 5), st.integers(1, 10**12))
postings = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(RECIPES)),
        "amounts": st.tuples(amounts, amounts, amounts),
        "currency": st.sampled_from(CURRENCIES),
        "hours": st.integers(0, 24 * 40),
        "written_by": st.sampled_from(sorted(WRITTEN_BY)),
        "is_reversed": st.booleans(),
    }
)
# None: as an operator would, who knows nothing of the mark.
refreshes = st.fixed_dictionaries({"zone": st.sampled_from([*ZONES, None])})


@dataclass
class Model:
    """Every posting with what it means, added up in a few lines of Python."""

    organization: Organization
    posted: list[tuple[datetime, str, Figures]] = field(default_factory=list)

    def post(self, step: dict[str, Any]) -> None:
        lines, figures = RECIPES[step["kind"]](self.organization, *step["amounts"])
        at = BEGIN + timedelta(hours=step["hours"])
        source = f"src_{len(self.posted)}"
        made = post(
            step["kind"],
            source=source,
            currency=step["currency"],
            organization=None if step["kind"] == "premium" else self.organization,
            occurred_at=at,
            lines=lines,
        )
        self._write(made, step, at, figures)
        if step["is_reversed"]:
            later = at + timedelta(days=1)
            undone = Figures(*(-getattr(figures, name) for name in Figures.__dataclass_fields__))
            self._write(reverse(made, source=source, occurred_at=later), step, later, undone)

    def _write(self, made: LedgerTransaction, step: dict[str, Any], at: datetime, figures: Figures) -> None:
        self.posted.append((at, step["currency"], figures))
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            number = WRITTEN_BY[step["written_by"]]
            cursor.execute(f"UPDATE ledger_ledgertransaction SET xact_id = {number} WHERE id = %s", [made.pk])  # noqa: S608
            cursor.execute("SET session_replication_role = origin")

    def own(self, currency: str) -> Figures:
        """The organization's; Premium is the platform's."""
        parts = [one for _at, code, one in self.posted if code == currency and not one.premium]
        return sum(parts, Figures())

    def daily(self, zone: str) -> dict[tuple[date, str], Figures]:
        days: dict[tuple[date, str], Figures] = defaultdict(Figures)
        for at, currency, figures in self.posted:
            days[at.astimezone(ZoneInfo(zone)).date(), currency] += figures
        return {key: figures for key, figures in days.items() if figures != Figures()}


@pytest.mark.django_db
@pytest.mark.broken_books("movements without orders, written by transactions that never were")
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.one_of(postings, postings, refreshes), min_size=2, max_size=12))
def test_any_postings_are_counted_once_whatever_was_refreshed_when(settings: Any, steps: list[Any]) -> None:
    """Of transactions that ended long ago, that are still open, and that a restored dump has brought."""
    zone = "UTC"
    with transaction.atomic():
        model = Model(OrganizationFactory())
        for step in steps:
            if "zone" in step and step["zone"] is None:
                with connection.cursor() as cursor:
                    for view in VIEWS:
                        cursor.execute(f"REFRESH MATERIALIZED VIEW {view}")
            elif "zone" in step:
                settings.PLATFORM_TIME_ZONE = zone = step["zone"]
                refresh_revenue()
            else:
                model.post(step)
            said = {key: one for key, one in daily_revenue(EVER).items() if one != Figures()}
            assert said == model.daily(zone)
        for currency in CURRENCIES:
            assert sum_revenue().get(currency, Figures()).net == result(currency)
            own = sum_revenue(organization=model.organization).get(currency, Figures())
            assert own == model.own(currency)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_sales_refunds_and_a_lost_dispute_in_three_currencies_are_the_ledgers_sums_to_the_unit(
    staff: User,
    organization: Organization,
    organizer: User,
    sandbox: Any,
    settle: Callable[[], None],
    connected_organization: Organization,
) -> None:
    client = Client()
    client.force_login(staff)
    house = House(organization, organizer, sandbox, settle)
    for currency in ("eur", "jpy", "usd"):
        price = 5000 if currency != "jpy" else 5001
        kind = TicketTypeFactory(
            event=EventFactory(organization=organization, currency=currency), price_amount=price
        )
        house.sell(kind, 1)
        given_back, disputed = house.sell(kind, 2), house.sell(kind, 1)
        first = given_back.tickets.order_by("pk")[0]
        request_refund(given_back, tickets=[first.code], actor=organizer, reason="Ill")
        dispute = house.dispute(disputed)
        house.control(f"disputes/{dispute.stripe_dispute_id}", outcome="lost")
        settle()
    refresh_revenue()
    for currency, figures in sum_revenue().items():
        accounts = {row.code: row.amount for row in trial_balance(currency)}
        orders = Order.objects.filter(currency=currency)
        assert figures.net == result(currency)
        assert figures.platform_fees == -accounts["revenue:platform_fee"]
        assert figures.stripe_fees == accounts["expense:stripe_fees"]
        assert figures.dispute_costs == accounts["expense:dispute_fees"] + accounts.get(
            "expense:dispute_loss", 0
        )
        assert (figures.order_count, figures.gmv) == (3, sum(order.total_amount for order in orders))
        assert figures.refunds == sum(order.refunded_amount for order in orders) > 0
        assert figures.gmv - figures.refunds == (
            figures.organizer_revenue + figures.platform_fees + figures.processing_recovered
        )
        page = client.get("/admin/revenue/", {"currency": currency}).context["report"]
        assert page.total == figures
        cells = page.total_cells  # paid by buyers, and then what adds up to what was kept
        assert sum(cells[1:-1]) == cells[-1] == figures.net
    assert sorted(sum_revenue()) == ["eur", "jpy", "usd"]


class Open(threading.Thread):
    """A transaction that stays open until it is told to end: it earns so much, or refreshes the views."""

    def __init__(self, source: str, amount: int) -> None:
        super().__init__()
        self.source, self.amount = source, amount
        self.is_done, self.may_commit = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                if self.amount:
                    earn(self.source, self.amount)
                else:
                    refresh_revenue()
                self.is_done.set()
                assert self.may_commit.wait(30), "Nobody let it commit."
        finally:
            connection.close()

    def begin(self) -> None:
        self.start()
        assert self.is_done.wait(30)

    def commit(self) -> None:
        self.may_commit.set()
        self.join(30)


@pytest.fixture
def empty_views(transactional_db: None) -> None:
    """Without what another test has left in them; without a mark, that is nowhere counted."""
    with connection.cursor() as cursor:
        cursor.execute("REFRESH MATERIALIZED VIEW platform_daily_revenue")


def sold() -> int:
    """Net in dollars, read by a reader who waits for nobody."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        return sum_revenue().get("usd", Figures()).net


def held() -> int:
    """What of it the materialized view holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(net), 0)::bigint FROM platform_daily_revenue")
        return int(cursor.fetchone()[0])


def earn(source: str, amount: int) -> None:
    with transaction.atomic():
        lines = [debit(chart.platform(), amount), credit(chart.revenue_premium(), amount)]
        post("premium", source=source, currency="usd", occurred_at=BEGIN, lines=lines)


@pytest.mark.broken_books("movements without orders")
def test_what_commits_during_a_refresh_is_counted_once_and_nobody_waits_for_it(empty_views: None) -> None:
    """In any order of commits: opened before the refresh and committed in it, opened in it, opened after it."""
    earn("first", 1)
    before, within = Open("before", 10), Open("within", 100)
    before.begin()
    earn("second", 1000)
    refresher = Open("refresh", 0)
    refresher.begin()
    within.begin()
    assert refresh_revenue() is None  # one is under way
    assert (held(), sold()) == (0, 1001)
    before.commit()
    assert (held(), sold()) == (0, 1011)
    refresher.commit()
    assert sold() == 1011
    assert held() in (0, 1)  # what had ended when it began; a test beside this one may hold it up
    within.commit()
    earn("after", 10000)
    for _try in range(500):
        assert sold() == 11111
        refresh_revenue()
        if held() == 11111:
            break
    assert (held(), sold()) == (11111, 11111)
    RevenueMark.objects.all().delete()
    assert sold() == 11111
