"""Events and orders in the shape of the contract, for every API view that shows one."""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from rest_framework import serializers

from connect.services.fees import FeeTermsInForce
from ticketing import links
from ticketing.markdown import render_markdown
from ticketing.models import Event, Order, OrderLine, Payment, Refund, Ticket
from ticketing.selectors.events import find_terms
from ticketing.selectors.rows import TicketRow, account_of, make_row
from ticketing.services.sales import fee_absorption_of, is_payment_ready
from ticketing.services.signing import sign_ticket


class MomentField(serializers.DateTimeField):
    """A time; one without a zone is left so, for the service to read in the event's own zone."""

    def enforce_timezone(self, value: datetime) -> datetime:
        return value


class TicketTypeSerializer(serializers.Serializer[Any]):
    """A ticket type as a buyer meets it."""

    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    price_amount = serializers.IntegerField()
    buyer_price_amount = serializers.IntegerField()
    fee_amount = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.CharField()
    available = serializers.IntegerField()
    payment_ready = serializers.BooleanField()
    min_per_order = serializers.IntegerField()
    max_per_order = serializers.IntegerField()
    sales_start = serializers.DateTimeField(allow_null=True)
    sales_end = serializers.DateTimeField(allow_null=True)
    is_hidden = serializers.BooleanField()
    stopped_at = serializers.DateTimeField(allow_null=True)


class OrganizerSerializer(serializers.Serializer[Any]):
    """Who sells."""

    slug = serializers.CharField()
    name = serializers.CharField()


class EventSerializer(serializers.Serializer[Any]):
    """An event with its ticket types."""

    slug = serializers.CharField()
    url = serializers.URLField()
    title = serializers.CharField()
    status = serializers.CharField()
    organization = OrganizerSerializer()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    doors_at = serializers.DateTimeField(allow_null=True)
    is_date_open = serializers.BooleanField()
    timezone = serializers.CharField()
    venue_name = serializers.CharField()
    address = serializers.CharField()
    description = serializers.CharField()
    description_html = serializers.CharField()
    accessibility = serializers.CharField()
    asks_attendee_names = serializers.BooleanField()
    refund_policy = serializers.CharField()
    cover_url = serializers.CharField(allow_null=True)
    cover_alt = serializers.CharField()
    accent = serializers.CharField(help_text="The colour of its page; empty: the usual one.")
    currency = serializers.CharField()
    fee_absorption = serializers.CharField()
    capacity = serializers.IntegerField(allow_null=True)
    ticket_types = TicketTypeSerializer(many=True)


class TermsCache:
    """The terms of each seller and currency, read once for a list of events."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], FeeTermsInForce | None] = {}

    def find(self, event: Event) -> FeeTermsInForce | None:
        key = (event.organization_id, event.currency)
        if key not in self._known:
            self._known[key] = find_terms(event)
        return self._known[key]


def show_event(event: Event, *, with_hidden: bool = False, terms: TermsCache | None = None) -> dict[str, Any]:
    """The event, read by `selectors.events.with_seller`; hidden ticket types only for members."""
    types = [each for each in event.ticket_types.all() if with_hidden or not each.is_hidden]
    in_force = (terms or TermsCache()).find(event) if types else None
    rows = [make_row(event, ticket_type, in_force, 0) for ticket_type in types]
    fields = {name: getattr(event, name) for name in EventSerializer().fields if hasattr(event, name)}
    return EventSerializer(
        fields
        | {
            "url": links.event_url(event),
            "description_html": render_markdown(event.description),
            "cover_url": event.cover.url if event.cover else None,
            "fee_absorption": fee_absorption_of(event),
            "ticket_types": [show_ticket_type(event, row) for row in rows],
        }
    ).data


def show_ticket_type(event: Event, row: TicketRow) -> dict[str, Any]:
    """A ticket type at its face price and its all-in price."""
    ticket_type = row.ticket_type
    names = ("name", "description", "price_amount", "min_per_order", "max_per_order", "is_hidden")
    return {name: getattr(ticket_type, name) for name in names} | {
        "id": ticket_type.public_id,
        "buyer_price_amount": row.price_amount,
        "fee_amount": row.fee_amount,
        "currency": event.currency,
        "status": row.status,
        "available": max(row.available, 0),
        "payment_ready": is_payment_ready(ticket_type, account_of(event), event.organization),
        "sales_start": ticket_type.sales_start,
        "sales_end": ticket_type.sales_end,
        "stopped_at": ticket_type.stopped_at,
    }


class OrderEventSerializer(serializers.Serializer[Event]):
    """The event of an order."""

    slug = serializers.CharField()
    title = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    timezone = serializers.CharField()
    venue_name = serializers.CharField()
    address = serializers.CharField()


class OrderLineSerializer(serializers.Serializer[OrderLine]):
    """One ticket type of an order."""

    ticket_type = serializers.CharField(source="ticket_type.public_id")
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price_amount = serializers.IntegerField()
    unit_total_amount = serializers.IntegerField()


class TicketSerializer(serializers.Serializer[Ticket]):
    """One admission; `qr` is the signed text that the QR image carries."""

    code = serializers.CharField()
    status = serializers.CharField()
    holder_name = serializers.CharField()
    ticket_type = serializers.CharField(source="ticket_type.public_id")
    ticket_type_name = serializers.CharField(source="line.name")
    qr = serializers.SerializerMethodField()

    def get_qr(self, ticket: Ticket) -> str:
        return sign_ticket(ticket)


class MemberTicketSerializer(TicketSerializer):
    """A ticket as members see it: a buyer's bank may have its money."""

    is_disputed = serializers.BooleanField(source="order.is_disputed")


class OrderSummarySerializer(serializers.Serializer[Order]):
    """An order without its tickets: what a buyer owes, and how far it is."""

    code = serializers.CharField()
    status = serializers.CharField()
    problem = serializers.SerializerMethodField()
    email = serializers.EmailField()
    name = serializers.CharField()
    lines = OrderLineSerializer(many=True, source="lines.all")
    subtotal_amount = serializers.IntegerField()
    platform_fee = serializers.IntegerField(source="platform_fee_amount")
    processing_fee = serializers.IntegerField(source="processing_fee_amount")
    service_fee_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    refunded_amount = serializers.IntegerField()
    currency = serializers.CharField()
    fee_absorption = serializers.CharField()
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    hold_expires_at = serializers.DateTimeField(allow_null=True)

    def get_problem(self, order: Order) -> str | None:
        return order.problem or None


class BuyerOrderSerializer(OrderSummarySerializer):
    """What the buyer sees."""

    event = OrderEventSerializer()
    tickets = TicketSerializer(many=True, source="tickets.all")
    fee_breakdown = serializers.JSONField()


class SplitSerializer(serializers.Serializer[Order]):
    """How the money of an order is split, for members of its organization."""

    application_fee_amount = serializers.IntegerField()
    organizer_amount = serializers.IntegerField()
    stripe_fee_amount = serializers.SerializerMethodField()

    def get_stripe_fee_amount(self, order: Order) -> int | None:
        payment = succeeded_payment(order)
        return payment.stripe_fee_amount if payment else None


class RefundSerializer(serializers.Serializer[Refund]):
    """A refund of an order, with who pays it."""

    refund = serializers.CharField(source="code")
    status = serializers.SerializerMethodField()
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    from_organizer_amount = serializers.IntegerField()
    from_platform_amount = serializers.IntegerField()
    reason = serializers.CharField()
    note = serializers.CharField(help_text="For the organizer's team alone.")
    tickets = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_status(self, refund: Refund) -> str:
        return refund_status(refund)

    def get_tickets(self, refund: Refund) -> list[str]:
        return [row.ticket.code for row in refund.voided.all()]


class MemberOrderSummarySerializer(SplitSerializer, OrderSummarySerializer):
    """An order in an organizer's list."""


class MemberOrderSerializer(SplitSerializer, BuyerOrderSerializer):
    """An order for a member: the buyer's view, the split, and the refunds."""

    tickets = MemberTicketSerializer(many=True, source="tickets.all")
    refunds = RefundSerializer(many=True, source="refunds.all")


def refund_status(refund: Refund) -> str:
    """A refund's status for clients: pending, succeeded, failed or refused; what got no answer yet is pending."""
    is_open = refund.status == Refund.Status.REQUESTED
    return str(Refund.Status.PENDING if is_open else refund.status)


def succeeded_payment(order: Order) -> Payment | None:
    """The payment that paid the order, of payments that were read with it."""
    return next((one for one in order.payments.all() if one.status == Payment.Status.SUCCEEDED), None)


def read_order_parts(orders: list[Order], *, with_tickets: bool) -> None:
    """Read lines, payments and tickets of these orders at once, in a fixed number of statements."""
    parts: list[Any] = ["lines__ticket_type", "payments"]
    if with_tickets:
        tickets = Ticket.objects.select_related("event", "ticket_type", "line")
        refunds = Refund.objects.order_by("pk").prefetch_related("voided__ticket")
        parts += [Prefetch("tickets", tickets), Prefetch("refunds", refunds)]
    prefetch_related_objects(orders, *parts)
