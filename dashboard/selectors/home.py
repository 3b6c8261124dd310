"""The organizer's home: the first steps until an event is out, then what waits, today, what is next, last orders."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Max, Min, Prefetch, Q
from django.utils import timezone

from accounts.access import allows
from accounts.models import Membership, Organization, Role
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from dashboard.selectors.attention import Notice, list_notices
from dashboard.selectors.first_steps import FirstSteps, first_steps
from dashboard.selectors.stripe_card import make_card
from payouts.selectors.next_payout import NextPayout, seen_payout
from ticketing.models import Event, Order, OrderLine
from ticketing.selectors.events import with_seller
from ticketing.selectors.organizer_events import EventRow, net_amounts, sale_state
from ticketing.selectors.organizer_orders import OrderRow

EVENTS_SHOWN = 10
ORDERS_SHOWN = 5
TOLD_FOR = timedelta(days=1)
# The orders completed since a moment, before midnight and after, with what is the organizer's of them by the ledger.
SALES = """
SELECT sold.completed_at >= %(midnight)s AS is_today,
    sold.currency, count(*), sum(bought.quantity)::bigint, sum(kept.amount)::bigint
FROM ticketing_order sold
CROSS JOIN LATERAL (
    SELECT coalesce(sum(line.quantity), 0) AS quantity FROM ticketing_orderline line WHERE line.order_id = sold.id
) bought
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(entry.amount), 0) AS amount
    FROM ledger_ledgertransaction posted
    JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
    JOIN ledger_ledgeraccount account ON account.id = entry.account_id
    WHERE posted.subject = 'order:' || sold.code
      AND account.code IN ('organizer:' || sold.organization_id, 'receivable:organizer:' || sold.organization_id)
) kept
WHERE sold.organization_id = %(organization)s AND sold.completed_at >= %(since)s
GROUP BY is_today, sold.currency
ORDER BY is_today, sold.currency
"""


@dataclass(frozen=True)
class Sales:
    """What was sold in one currency; `net_amount` is the organizer's, in its minor units."""

    currency: str
    orders: int
    tickets: int
    net_amount: int


@dataclass(frozen=True)
class Day:
    """What was sold on a day of the page's zone."""

    sales: list[Sales]

    @property
    def orders(self) -> int:
        return sum(each.orders for each in self.sales)

    @property
    def tickets(self) -> int:
        return sum(each.tickets for each in self.sales)

    def net_of(self, currency: str) -> int:
        return sum(each.net_amount for each in self.sales if each.currency == currency)


@dataclass(frozen=True)
class Today:
    """What was sold since midnight, against all of yesterday; `next` is the payout to come, for who may see it."""

    so_far: Day
    yesterday: Day
    next: NextPayout | None = None

    @property
    def nets(self) -> list[tuple[str, int, int]]:
        """Each currency that anything was sold in, with what is the organizer's today and was yesterday."""
        currencies = sorted({each.currency for each in (*self.so_far.sales, *self.yesterday.sales)})
        return [(each, self.so_far.net_of(each), self.yesterday.net_of(each)) for each in currencies]


@dataclass(frozen=True, kw_only=True)
class HomePage:
    """The organizer's first page as a member sees it: `steps` is there until an event was published, `today` after."""

    zone: str
    now: datetime
    events: list[EventRow] = field(default_factory=list)
    steps: FirstSteps | None = None
    notices: list[Notice] = field(default_factory=list)
    today: Today | None = None
    orders: list[OrderRow] = field(default_factory=list)


def home_page(membership: Membership) -> HomePage:
    """The first page as a member sees it, in a fixed number of statements: who scans sees events and nothing else."""
    organization, now = membership.organization, timezone.now()
    is_manager, is_admin = allows(membership.role, Role.MANAGER), allows(membership.role, Role.ADMIN)
    known = Event.objects.filter(organization=organization).aggregate(
        first=Min("timezone"), last=Max("timezone"), published=Count("id", filter=~Q(status="draft"))
    )
    zone = known["first"] if known["first"] and known["first"] == known["last"] else "UTC"
    if not is_manager:
        return HomePage(zone=zone, now=now, events=next_events(organization, now))
    account = get_current_account(organization)
    card = make_card(account)
    if not known["published"]:
        return HomePage(zone=zone, now=now, steps=first_steps(membership, card))
    events = next_events(organization, now)
    return HomePage(
        zone=zone,
        now=now,
        events=events,
        notices=list_notices(membership, card, events, zone=zone),
        today=Today(*sold(organization, now, zone), _coming(account, now) if is_admin else None),
        orders=last_orders(organization),
    )


def next_events(organization: Organization, now: datetime) -> list[EventRow]:
    """What is to come, drafts too, with what it has brought in; three statements."""
    upcoming = Event.objects.filter(organization=organization, ends_at__gt=now).exclude(
        status=Event.Status.CANCELLED
    )
    found = with_seller(upcoming).order_by("starts_at", "pk").prefetch_related("ticket_types")[:EVENTS_SHOWN]
    nets = net_amounts(event.pk for event in found)
    return [_event_row(event, nets.get(event.pk, 0), now) for event in found]


def sold(organization: Organization, now: datetime, zone: str) -> tuple[Day, Day]:
    """Today's sales so far and all of yesterday's, by currency, less what of them went back already; one statement."""
    begins = midnight(now, zone)
    since = midnight(begins - timedelta(hours=12), zone)  # days are 23 to 25 hours long
    with connection.cursor() as cursor:
        cursor.execute(SALES, {"organization": organization.pk, "since": since, "midnight": begins})
        rows = cursor.fetchall()
    today, yesterday = (
        [Sales(*row) for is_today, *row in rows if is_today == wanted] for wanted in (True, False)
    )
    return Day(today), Day(yesterday)


def _coming(account: ConnectedAccount | None, now: datetime) -> NextPayout | None:
    """The payout to come as it was last seen, if that was lately; this page doesn't wait for Stripe."""
    if account is None or not account.can_sell:
        return None
    found = seen_payout(account)
    if found is None or found.as_of is None or found.as_of < now - TOLD_FOR:
        return None
    return found if found.on and found.has_money else None


def last_orders(organization: Organization) -> list[OrderRow]:
    """The newest orders, in two statements."""
    lines = Prefetch("lines", OrderLine.objects.defer("ticket_amounts"))
    newest = Order.objects.filter(organization=organization).select_related("event").prefetch_related(lines)
    return [OrderRow(order) for order in newest.order_by("-id")[:ORDERS_SHOWN]]


def midnight(now: datetime, zone: str) -> datetime:
    """When the day began there."""
    return now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _event_row(event: Event, net_amount: int, now: datetime) -> EventRow:
    types = list(event.ticket_types.all())
    return EventRow(event=event, types=types, net_amount=net_amount, state=sale_state(event, types, now))
