"""One event as its organizer sees it: what was sold, what it brought in, day by day and by ticket type."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from ticketing.models import Event, Refund, Ticket, TicketType
from ticketing.selectors.organizer_events import STATES, find_with_seller, net_amounts, room_of, sale_state
from ticketing.selectors.periods import period_in_words
from ticketing.selectors.readiness import Step, is_ready, readiness
from ticketing.selectors.sales_charts import SalesChart, sales_chart

# Refunds that the ledger knows.
POSTED = (Refund.Status.PENDING, Refund.Status.SUCCEEDED)


@dataclass(frozen=True)
class Figures:
    """The money of an event, in minor units of its currency: gross − fees − refunds + other = net."""

    gross_amount: int
    fee_amount: int
    refunded_amount: int
    net_amount: int

    @property
    def other_amount(self) -> int:
        """What disputes hold or have taken, and what was put right by hand."""
        return self.net_amount - self.gross_amount + self.fee_amount + self.refunded_amount

    @property
    def less_fees(self) -> int:
        return -self.fee_amount

    @property
    def less_refunds(self) -> int:
        return -self.refunded_amount


@dataclass(frozen=True)
class TypeRow:
    """One ticket type with its stock and what buyers paid for it."""

    ticket_type: TicketType
    paid_amount: int

    @property
    def is_full(self) -> bool:
        return self.ticket_type.sold >= self.ticket_type.capacity


@dataclass(frozen=True)
class EventOverview:
    """Everything that the overview shows."""

    event: Event
    types: list[TicketType]
    figures: Figures
    rows: list[TypeRow]
    chart: SalesChart | None
    state: str
    steps: list[Step]

    @property
    def word(self) -> Any:
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.state][1]

    @cached_property
    def url(self) -> str:
        return f"{settings.SITE_URL}{reverse('ticketing:event', args=[self.event.slug])}"

    @cached_property
    def capacity(self) -> int:
        return room_of(self.event, self.types)

    @property
    def is_ready(self) -> bool:
        return is_ready(self.steps)

    @property
    def may_pause(self) -> bool:
        return self.event.status == Event.Status.PUBLISHED and self.state != "ended"

    @property
    def when(self) -> str:
        return period_in_words(self.event)


def event_overview(event: Event) -> EventOverview:
    """The overview of an event, in six statements however much was sold."""
    event = find_with_seller(event)
    types = list(event.ticket_types.all())
    paid = _paid_by_type(event)
    return EventOverview(
        event=event,
        types=types,
        figures=_figures(event, paid.values()),
        rows=[TypeRow(each, paid.get(each.pk, {}).get("paid", 0)) for each in types],
        chart=sales_chart(event),
        state=sale_state(event, types, timezone.now()),
        steps=readiness(event, types),
    )


def _paid_by_type(event: Event) -> dict[int, dict[str, Any]]:
    """What buyers paid and the fees in it, by ticket type, of every ticket ever sold."""
    sums = (
        Ticket.objects.filter(event=event)
        .order_by()
        .values("ticket_type_id")
        .annotate(
            paid=Sum("paid_amount"),
            platform=Sum("platform_fee_amount"),
            recovered=Sum("processing_fee_amount"),
        )
    )
    return {row["ticket_type_id"]: dict(row) for row in sums}


def _figures(event: Event, paid: Any) -> Figures:
    rows = list(paid)
    # A payment that came too late was given back whole and never was a sale.
    back = (
        Refund.objects.filter(order__event=event, status__in=POSTED)
        .exclude(origin=Refund.Origin.LATE_PAYMENT)
        .aggregate(amount=Sum("amount", default=0), fee=Sum("fee_amount", default=0))
    )
    return Figures(
        gross_amount=sum(row["paid"] for row in rows),
        fee_amount=sum(row["platform"] + row["recovered"] for row in rows) - back["fee"],
        refunded_amount=back["amount"],
        net_amount=net_amounts([event.pk]).get(event.pk, 0),
    )
