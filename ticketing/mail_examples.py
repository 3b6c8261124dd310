"""What each mail could be about, for staff to look at: the newest there is, else a sample.

Called in a transaction that is rolled back, so that a sample is never sold and never paid.
"""

from datetime import UTC, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import AuditEntry, Organization
from maly.codes import make_code, make_key
from ticketing.models import (
    Dispute,
    Event,
    EventCancellation,
    Order,
    OrderLine,
    Payment,
    Refund,
    Ticket,
    TicketType,
)
from ticketing.services.event_news import facts_of
from ticketing.services.tickets import issue_tickets

Ids = dict[str, Any]


def address() -> Ids:
    return {"email": "ada@example.com"}


def paid_order() -> Ids:
    return {"order": _order().pk}


def sale() -> Ids:
    return {"order": _order().pk, "membership": 0}


def day_of_sales() -> Ids:
    order = _order()
    assert order.completed_at is not None
    day = order.completed_at.astimezone(UTC).date()
    return {"organization": order.organization_id, "day": day.isoformat(), "membership": 0}


def moved_order() -> Ids:
    """An order as if its event had been a week earlier."""
    order = _order()
    now = facts_of(vars(order.event))
    starts_at = order.event.starts_at - timedelta(days=7)
    return {"order": order.pk, "before": {**now, "starts_at": starts_at.isoformat()}, "after": now}


def cancelled_order() -> Ids:
    order = Order.objects.exclude(event__cancellation=None).order_by("-pk").first()
    if order is None:
        order = _sample_order()
        EventCancellation.objects.create(event=order.event, reason="The headliner is ill.")
    return {"order": order.pk, "refund": None}


def cancelled_tickets() -> Ids:
    entry = AuditEntry.objects.filter(action="ticket.cancelled").order_by("-pk").first()
    order = entry and Order.objects.filter(code=entry.subject.removeprefix("order:")).first()
    if entry is None or order is None:
        order = _sample_order()
        codes = [ticket.code for ticket in order.tickets.all()[:1]]
        order.tickets.filter(code__in=codes).update(status=Ticket.Status.CANCELLED)
        entry = AuditEntry.objects.create(
            action="ticket.cancelled", actor_kind="member", after={"tickets": codes}, reason="Not coming"
        )
    return {"order": order.pk, "entry": entry.pk}


def refund() -> Ids:
    found = Refund.objects.order_by("-pk").first() or _sample_refund()
    return {"order": found.order_id, "refund": found.pk}


def open_dispute() -> Ids:
    found = Dispute.objects.filter(closed_at=None).exclude(due_by=None).order_by("-pk").first()
    found = found or _sample_dispute(Dispute.Status.NEEDS_RESPONSE)
    return {"dispute": found.pk, "for": "organizer"}


def closed_dispute() -> Ids:
    found = Dispute.objects.exclude(closed_at=None).order_by("-pk").first()
    return {"dispute": (found or _sample_dispute(Dispute.Status.WON)).pk, "for": "organizer"}


def _order() -> Order:
    paid = Order.objects.exclude(completed_at=None).exclude(event__status=Event.Status.CANCELLED)
    return paid.select_related("event").order_by("-pk").first() or _sample_order()


def _sample_order() -> Order:
    """Two tickets at $25.00, the fees on top, paid by card."""
    name = f"sample-{make_code(10).lower()}"
    organization = Organization.objects.create(
        slug=name, name="Harbour Arts", contact_email="hello@example.com"
    )
    starts_at = (timezone.now() + timedelta(days=30)).replace(hour=19, minute=30, second=0)
    event = Event.objects.create(
        organization=organization,
        slug=name,
        title="Night Market Sessions",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        timezone="Europe/London",
        venue_name="The Old Ropeworks",
        address="14 Quay St, Bristol BS1 4AA",
        refund_policy="Full refund until a week before.",
        status=Event.Status.PUBLISHED,
        currency="usd",
    )
    general = TicketType.objects.create(
        event=event, name="General admission", price_amount=2500, capacity=100
    )
    order = Order.objects.create(
        event=event,
        organization=organization,
        email="ada@example.com",
        name="Ada Obi",
        status=Order.Status.PAID,
        currency="usd",
        subtotal_amount=5000,
        platform_fee_amount=350,
        processing_fee_amount=216,
        total_amount=5566,
        fee_absorption="pass_to_buyer",
        refund_policy=event.refund_policy,
        completed_at=timezone.now(),
    )
    amounts = {"paid": 2783, "platform_fee": 175, "processing_fee": 108, "organizer": 2500}
    line = OrderLine.objects.create(
        order=order,
        ticket_type=general,
        name=general.name,
        quantity=2,
        unit_price_amount=2500,
        unit_total_amount=2783,
        ticket_amounts=[amounts, amounts],
    )
    issue_tickets(order, [line])
    _sample_payment(order)
    return order


def _sample_payment(order: Order) -> Payment:
    return Payment.objects.create(
        order=order,
        status=Payment.Status.SUCCEEDED,
        idempotency_key=f"sample-{make_key()}",
        parameters={},
        destination="acct_sample",
        currency="usd",
        amount=order.total_amount,
        application_fee_amount=order.application_fee_amount,
        expires_at=timezone.now(),
        card_brand="visa",
        card_last4="4242",
        succeeded_at=timezone.now(),
    )


def _sample_refund() -> Refund:
    order = _sample_order()
    return Refund.objects.create(
        order=order,
        payment=order.payments.get(),
        origin=Refund.Origin.ORGANIZER,
        status=Refund.Status.PENDING,
        currency="usd",
        amount=order.total_amount,
        organizer_part_amount=order.organizer_amount,
        fee_part_amount=order.application_fee_amount,
        fee_amount=order.application_fee_amount,
        reverse_transfer=True,
        refund_application_fee=True,
        reason="The headliner is ill.",
    )


def _sample_dispute(status: Dispute.Status) -> Dispute:
    order = _sample_order()
    return Dispute.objects.create(
        order=order,
        payment=order.payments.get(),
        organization=order.organization,
        stripe_dispute_id=f"dp_sample{make_key()}",
        charge_id="ch_sample",
        status=status,
        reason="fraudulent",
        currency="usd",
        amount=order.total_amount,
        withdrawn_amount=order.total_amount,
        share_amount=order.organizer_amount,
        recovered_amount=order.organizer_amount,
        fee_amount=1500,
        due_by=timezone.now() + timedelta(days=7),
        opened_at=timezone.now(),
    )
