"""The mails about orders: ids in, subject, text and HTML out. Rendered when they are sent."""

from typing import Any

from notifications.registry import Attachment, Mail, message
from notifications.render import render_mail
from ticketing import links
from ticketing.models import Order, Payment, Ticket
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
    """What came back to the buyer, and why."""
    payment = Payment.objects.select_related("order__event", "order__organization").get(pk=ids["payment"])
    order = payment.order
    context = {
        "order": order,
        "event": order.event,
        "organization": order.organization,
        "payment": payment,
        "event_url": links.event_url(order.event),
    }
    return render_mail("refund_confirmation", context, reply_to=order.organization.contact_email)
