"""What of an organization's money is held, until when, and how much of it may be paid out now; from the ledger.

An event's money is the organizer's share of its orders, net of what refunds, disputes and recoveries took. Whatever was
paid out before counts against the events whose time came first. Amounts are minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Sum

from accounts.models import Organization
from connect.stripe_objects import Balance
from ledger import chart
from ledger.services.balances import balance
from maly.money import get_currency
from payouts.models import SENT_BACK, OrganizerPayout, PayoutHold, PayoutRequest
from ticketing.models import Event, Order, Refund

# An order of a cancelled event that isn't refunded yet waits for that, and money that came for no paid order (a payment
# that staff are looking at) for them; neither waits for a date.
EVENT_MONEY = """
SELECT event.id, event.slug, event.title, account.currency, event.ends_at,
    exception.created_at AS freed_at,
    (event.status = %(cancelled)s AND sold.status <> %(refunded)s) OR sold.status = ANY(%(unpaid)s) AS waits,
    -sum(entry.amount)::bigint AS amount
FROM ledger_ledgeraccount account
JOIN ledger_ledgerentry entry ON entry.account_id = account.id
JOIN ledger_ledgertransaction posted ON posted.id = entry.transaction_id
JOIN ticketing_order sold ON sold.code = substr(posted.subject, length('order:') + 1)
JOIN ticketing_event event ON event.id = sold.event_id
LEFT JOIN payouts_payoutholdexception exception ON exception.event_id = event.id
WHERE account.code = %(account)s AND posted.subject LIKE 'order:%%'
GROUP BY event.id, exception.id, waits, account.currency
ORDER BY event.ends_at, event.id, waits
"""


@dataclass(frozen=True, kw_only=True)
class EventMoney:
    """The organizer's share of an event in one currency; without `on` it waits for refunds or for staff."""

    event_id: int
    slug: str
    title: str
    currency: str
    amount: int
    on: datetime | None

    def is_due(self, now: datetime) -> bool:
        return self.on is not None and self.on <= now


def read_event_money(hold: PayoutHold) -> list[EventMoney]:
    """The organization's money by event, those first that are released first; refunds under way are taken off."""
    parameters: dict[str, Any] = {
        "account": chart.organizer(hold.organization).code,
        "cancelled": Event.Status.CANCELLED,
        "refunded": Order.Status.REFUNDED,
        "unpaid": [Order.Status.AWAITING_PAYMENT, Order.Status.CANCELLED, Order.Status.EXPIRED],
    }
    with connection.cursor() as cursor:
        cursor.execute(EVENT_MONEY, parameters)
        rows = cursor.fetchall()
    asked = _refunds_under_way(hold.organization)
    later = timedelta(days=hold.days_after_event)
    found: list[EventMoney] = []
    for event_id, slug, title, currency, ends_at, freed_at, waits, amount in rows:
        on = None if waits else freed_at or ends_at + later
        amount -= asked.pop((event_id, currency), 0)  # noqa: PLW2901
        found.append(
            EventMoney(event_id=event_id, slug=slug, title=title, currency=currency, amount=amount, on=on)
        )
    return sorted(found, key=lambda each: (each.on is None, each.on.timestamp() if each.on else 0))


def read_releasable(hold: PayoutHold, *, currency: str, held: Balance, now: datetime) -> int:
    """How much may be paid out now of what Stripe holds; minor units, 0 for nothing.

    Never more than the events whose time has come have left by our books, than Stripe holds beyond the money of all the
    others, or than is available. What the organizer owes stays.
    """
    events = [each for each in read_event_money(hold) if each.currency == currency]
    due = sum(each.amount for each in events if each.is_due(now))
    kept = sum(max(each.amount, 0) for each in events if not each.is_due(now))
    owed = balance(chart.receivable_organizer(hold.organization), currency=currency)
    available = held.available.get(currency, 0)
    at_stripe = available + held.pending.get(currency, 0)
    amount = min(due - read_paid_out(hold.organization, currency), at_stripe - kept)
    amount = min(amount - owed, available)
    return max(amount - amount % get_currency(currency).step, 0)


def list_next_releases(hold: PayoutHold) -> list[EventMoney]:
    """What is still to be released of each event, by date, as it looks today; what waits for refunds isn't listed."""
    events = [each for each in read_event_money(hold) if each.on is not None]
    found: list[EventMoney] = []
    for currency in sorted({each.currency for each in events}):
        gone = read_paid_out(hold.organization, currency)
        gone += balance(chart.receivable_organizer(hold.organization), currency=currency)
        found += _what_is_left([each for each in events if each.currency == currency], gone)
    return sorted(found, key=lambda each: (each.on, each.event_id))


def read_paid_out(organization: Organization, currency: str) -> int:
    """What was ever paid out to the organization and didn't come back, with what is being asked for; minor units."""
    made = OrganizerPayout.objects.filter(organization=organization, currency=currency)
    asked = PayoutRequest.objects.filter(
        organization=organization, currency=currency, status=PayoutRequest.Status.REQUESTED
    )
    sums = [
        made.exclude(status__in=SENT_BACK).aggregate(sum=Sum("amount")),
        asked.aggregate(sum=Sum("amount")),
    ]
    return sum(each["sum"] or 0 for each in sums)


def _what_is_left(events: Sequence[EventMoney], gone: int) -> list[EventMoney]:
    """The events' money after `gone` was taken from those that come first."""
    left = []
    for each in events:
        rest = each.amount - gone
        gone = max(-rest, 0)
        if rest > 0:
            left.append(replace(each, amount=rest))
    return left


def _refunds_under_way(organization: Organization) -> dict[tuple[int, str], int]:
    """The organizer's part of refunds that Stripe hasn't answered yet and the ledger doesn't have."""
    asked = Refund.objects.filter(order__organization=organization, status=Refund.Status.REQUESTED)
    rows = asked.values_list("order__event_id", "currency").annotate(sum=Sum(F("amount") - F("fee_amount")))
    return {(event_id, currency): amount for event_id, currency, amount in rows.order_by()}
