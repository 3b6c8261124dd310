"""The organizer's home: the first steps until an event is out, then what waits, today, what is next, last orders."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Max, Min, Prefetch, Q
from django.utils import timezone

from accounts.access import allows
from accounts.models import Membership, Organization, Role
from connect.selectors import get_current_account
from dashboard.selectors.attention import Notice, list_notices
from dashboard.selectors.first_steps import FirstSteps, first_steps
from dashboard.selectors.stripe_card import make_card
from ticketing.models import Event, Order, OrderLine
from ticketing.selectors.events import with_seller
from ticketing.selectors.organizer_events import EventRow, net_amounts, sale_state
from ticketing.selectors.organizer_orders import OrderRow

EVENTS_SHOWN = 10
ORDERS_SHOWN = 5
# The orders completed since a moment, with what is the organizer's of them by the ledger.
SALES = """
SELECT sold.currency, count(*), sum(bought.quantity)::bigint, sum(kept.amount)::bigint
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
GROUP BY sold.currency
ORDER BY sold.currency
"""


@dataclass(frozen=True)
class Sales:
    """What was sold in one currency; `net_amount` is the organizer's, in its minor units."""

    currency: str
    orders: int
    tickets: int
    net_amount: int


@dataclass(frozen=True)
class Today:
    """What was sold since midnight in the zone of the page."""

    sales: list[Sales]

    @property
    def orders(self) -> int:
        return sum(each.orders for each in self.sales)

    @property
    def tickets(self) -> int:
        return sum(each.tickets for each in self.sales)


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
    is_manager = allows(membership.role, Role.MANAGER)
    known = Event.objects.filter(organization=organization).aggregate(
        first=Min("timezone"), last=Max("timezone"), published=Count("id", filter=~Q(status="draft"))
    )
    zone = known["first"] if known["first"] and known["first"] == known["last"] else "UTC"
    if not is_manager:
        return HomePage(zone=zone, now=now, events=next_events(organization, now))
    card = make_card(get_current_account(organization))
    if not known["published"]:
        return HomePage(zone=zone, now=now, steps=first_steps(membership, card))
    events = next_events(organization, now)
    return HomePage(
        zone=zone,
        now=now,
        events=events,
        notices=list_notices(membership, card, events, zone=zone),
        today=Today(sales_since(organization, midnight(now, zone))),
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


def sales_since(organization: Organization, since: datetime) -> list[Sales]:
    """What was sold since then, by currency, less what of it went back already; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(SALES, {"organization": organization.pk, "since": since})
        return [Sales(*row) for row in cursor.fetchall()]


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
