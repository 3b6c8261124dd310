"""What a bank is told of a disputed order, assembled from our own facts by the names that Stripe gives them.

docs.stripe.com/disputes/categories says which of them count for which reason; more is never worse.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils import timezone

from maly.money import format_amount
from notifications.models import Message
from ticketing.models import Dispute, Order, Refund, Ticket

# The texts that staff may write, in the order of the form. Files can be added in Stripe's dashboard.
FIELDS = (
    "product_description",
    "customer_name",
    "customer_email_address",
    "service_date",
    "access_activity_log",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "cancellation_rebuttal",
    "duplicate_charge_explanation",
    "uncategorized_text",
)
LONGEST_TEXT = 20_000
# docs.stripe.com/api/disputes/update: "The combined character count of all fields is limited to 150,000."
LONGEST_TOGETHER = 150_000
# A refund that the buyer has, or is about to have.
GIVEN = (Refund.Status.PENDING, Refund.Status.SUCCEEDED)
MAILS = {
    "ticket_confirmation": "The tickets were sent by email to {to}",
    "refund_confirmation": "The buyer was told of a refund by email to {to}",
}


def read_order(dispute: Dispute) -> Order:
    """The disputed order with all that its evidence is made of, in five statements."""
    tickets = Ticket.objects.select_related("line").prefetch_related("check_ins")
    refunds = Refund.objects.order_by("pk")
    orders = Order.objects.select_related("event", "organization")
    together = orders.prefetch_related("lines", Prefetch("tickets", tickets), Prefetch("refunds", refunds))
    return together.get(pk=dispute.order_id)


def assemble_evidence(dispute: Dispute, *, order: Order | None = None) -> dict[str, str]:
    """The texts that our own facts make, by Stripe's names, within its limits; what we don't know is left out.

    `order` is one that `read_order` has just read; without it, it is read here.
    """
    order = order or read_order(dispute)
    tickets = list(order.tickets.all())
    facts = {
        "product_description": _describe_product(order, tickets),
        "customer_name": order.name,
        "customer_email_address": order.email,
        "service_date": _local(order, order.event.starts_at).date().isoformat(),
        "access_activity_log": _log_activity(order, tickets),
        "refund_policy_disclosure": _disclose_policy(order),
        "uncategorized_text": _tell_the_rest(order, tickets, dispute.statement),
    }
    return {name: text[:LONGEST_TEXT] for name, text in facts.items() if text}


def _local(order: Order, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(order.event.timezone))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.get_default_timezone()).strftime("%Y-%m-%d %H:%M %Z")


def _describe_product(order: Order, tickets: Iterable[Ticket]) -> str:
    event = order.event
    starts = _local(order, event.starts_at).strftime("%A %d %B %Y, %H:%M")
    place = ", ".join(filter(None, (event.venue_name, event.address)))
    lines = [f"{line.quantity} × {line.name}" for line in order.lines.all()]
    codes = ", ".join(ticket.code for ticket in tickets)
    return (
        f"Tickets for an event: {'; '.join(lines)} for “{event.title}” by {order.organization.name}, "
        f"{starts} ({event.timezone}){' at ' + place if place else ''}. "
        f"Electronic tickets, valid from the purchase on, with the codes {codes}."
    )


def _log_activity(order: Order, tickets: Iterable[Ticket]) -> str:
    """What the buyer and the holders did, as our records have it, oldest first."""
    known = [(order.created_at, "The order was placed")]
    if order.completed_at:
        known.append((order.completed_at, "The payment was confirmed and the tickets were issued"))
    mails = Message.objects.filter(kind__in=MAILS, ids__order=order.pk, sent_at__isnull=False)
    known += [(mail.sent_at, MAILS[mail.kind].format(to=mail.to)) for mail in mails if mail.sent_at]
    if order.tickets_seen_at:
        known.append(
            (
                order.tickets_seen_at,
                "The tickets were opened by the private link of the order, for the first time",
            )
        )
    known += _list_entries(tickets)
    return "\n".join(f"{_stamp(at)}: {what}." for at, what in sorted(known))


def _list_entries(tickets: Iterable[Ticket]) -> list[tuple[datetime, str]]:
    """When and where the holders came through the door, with every time that one was let in again."""
    return [
        (
            entry.scanned_at,
            f"Ticket {ticket.code} ({ticket.line.name}) was "
            f"{'let in again' if entry.override_reason else 'checked in'} at the event, at the door “{entry.gate}”",
        )
        for ticket in tickets
        for entry in ticket.check_ins.all()
        if entry.undone_at is None
    ]


def _disclose_policy(order: Order) -> str:
    if not order.refund_policy:
        return ""
    return (
        "The organizer's refund policy stood on the event's page, where the tickets are chosen, when this order was "
        f"placed on {_stamp(order.created_at)}. It said:\n\n{order.refund_policy}"
    )


def _tell_the_rest(order: Order, tickets: Iterable[Ticket], statement: str) -> str:
    paid = format_amount(order.total_amount, order.currency)
    lines = [f"Order {order.code}: {paid} was paid for {len(list(tickets))} tickets."]
    lines += [
        f"{format_amount(refund.amount, refund.currency)} was refunded on {_stamp(refund.refunded_at)}."
        for refund in order.refunds.all()
        if refund.status in GIVEN and refund.refunded_at
    ]
    if order.event.status == "cancelled" and order.event.cancelled_at:
        lines.append(f"The event was cancelled on {_stamp(order.event.cancelled_at)}.")
    if statement:
        lines.append(f"{order.organization.name}, the organizer, says:\n\n{statement}")
    return "\n".join(lines)
