"""The mails about orders: ids in, subject, text and HTML out. Rendered when they are sent."""

from typing import Any

from notifications.registry import Attachment, Mail, message
from notifications.render import render_mail
from ticketing import links
from ticketing.dispute_words import reason_in_words, status_in_words
from ticketing.models import Dispute, Order, Payment, Refund, Ticket
from ticketing.services.signing import sign_ticket
from ticketing.services.tickets import qr_png


@message("ticket_confirmation")
def ticket_confirmation(ids: dict[str, Any]) -> Mail:
    """The buyer's tickets with their QR codes, and the receipt."""
    order = Order.objects.select_related("event", "organization").get(pk=ids["order"])
    lines = list(order.lines.all())
    names = {line.pk: line.name for line in lines}
    tickets = list(Ticket.objects.filter(order=order).select_related("event", "ticket_type"))
    codes = [
        Attachment(f"ticket-{ticket.code}.png", "image/png", qr_png(sign_ticket(ticket)), f"ticket-{number}")
        for number, ticket in enumerate(tickets, start=1)
    ]
    context = {
        "order": order,
        "event": order.event,
        "organization": order.organization,
        "order_url": links.order_url(order),
        "lines": [(line, sum(amounts["paid"] for amounts in line.ticket_amounts)) for line in lines],
        "tickets": [(ticket, names[ticket.line_id]) for ticket in tickets],
        "payment": order.payments.filter(status=Payment.Status.SUCCEEDED).first()
        if order.total_amount
        else None,
    }
    reply_to = order.organization.contact_email
    return render_mail("ticket_confirmation", context, attachments=codes, reply_to=reply_to)


@message("refund_confirmation")
def refund_confirmation(ids: dict[str, Any]) -> Mail:
    """What goes back to the buyer, and why: tickets that were refunded, or a payment that came too late."""
    refund = Refund.objects.select_related("order__event", "order__organization", "payment").get(
        pk=ids["refund"]
    )
    order = refund.order
    voided = refund.voided.select_related("ticket__line").order_by("ticket_id")
    context = {
        "refund": refund,
        "is_late": refund.payment.refunds.filter(origin=Refund.Origin.LATE_PAYMENT).exists(),
        "keeps_service_fee": refund.amount < refund.organizer_part_amount + refund.fee_part_amount,
        "tickets": [(row.ticket, row.ticket.line.name) for row in voided],
        "order": order,
        "event": order.event,
        "organization": order.organization,
        "payment": refund.payment,
        "event_url": links.event_url(order.event),
        "order_url": links.order_url(order),
    }
    return render_mail("refund_confirmation", context, reply_to=order.organization.contact_email)


@message("event_cancelled")
def event_cancelled(ids: dict[str, Any]) -> Mail:
    """That the event is cancelled, and what goes back to the buyer: all that is left, or nothing of a free order."""
    order = Order.objects.select_related("event__cancellation", "organization").get(pk=ids["order"])
    refund = Refund.objects.select_related("payment").filter(pk=ids.get("refund")).first()
    context = {
        "refund": refund,
        "payment": refund.payment if refund else None,
        "reason": order.event.cancellation.reason,
        "order": order,
        "event": order.event,
        "organization": order.organization,
        "order_url": links.order_url(order),
    }
    return render_mail("event_cancelled", context, reply_to=order.organization.contact_email)


@message("dispute_opened")
def dispute_opened(ids: dict[str, Any]) -> Mail:
    """A buyer's bank asks for money back: for staff what to do, for the organizer what it means."""
    return _dispute_mail("dispute_opened", ids)


@message("dispute_due")
def dispute_due(ids: dict[str, Any]) -> Mail:
    """Staff's reminder that a dispute's answer is due soon."""
    return _dispute_mail("dispute_due", ids)


@message("dispute_closed")
def dispute_closed(ids: dict[str, Any]) -> Mail:
    """How a dispute ended, for the organizer."""
    return _dispute_mail("dispute_closed", ids)


def _dispute_mail(kind: str, ids: dict[str, Any]) -> Mail:
    disputes = Dispute.objects.select_related("order__event", "organization", "receivable")
    dispute = disputes.get(pk=ids["dispute"])
    receivable = getattr(dispute, "receivable", None)
    context = {
        "dispute": dispute,
        "is_for_staff": ids["for"] == "staff",
        "reason": reason_in_words(dispute.reason),
        "status": status_in_words(dispute),
        "owed_amount": receivable.open_amount if receivable else 0,
        "order": dispute.order,
        "event": dispute.order.event,
        "organization": dispute.organization,
        "staff_url": links.dispute_url(dispute),
    }
    return render_mail(kind, context)
