"""The mails to buyers, and about disputes: ids in, subject, text and HTML out. Rendered when they are sent.

`organizer_emails` has those about sales.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import AuditEntry
from maly.templatetags.maly import event_time, ticket_code
from notifications.registry import Attachment, Mail, message
from notifications.render import Letter, render_letter, render_mail
from ticketing import buyer_emails, links, mail_examples, organizer_emails  # noqa: F401  register their messages
from ticketing.dispute_words import reason_in_words, status_in_words
from ticketing.models import Dispute, Event, Order, Payment, Refund, Ticket
from ticketing.reservation_data import describe_reservation
from ticketing.services.signing import sign_ticket
from ticketing.services.ticket_files import calendar_file, tickets_pdf
from ticketing.services.tickets import qr_png


@message("ticket_confirmation", example=mail_examples.paid_order)
def ticket_confirmation(ids: dict[str, Any]) -> Mail:
    """The buyer's tickets with their QR codes, and the receipt."""
    order = Order.objects.select_related("event", "organization").get(pk=ids["order"])
    lines = list(order.lines.all())
    names = {line.pk: line.name for line in lines}
    # Sent again after a refund, the mail holds what still counts.
    live = order.tickets.exclude(status=Ticket.Status.CANCELLED).select_related("event", "ticket_type")
    tickets = list(live.order_by("id"))
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
        "refund_policy": order.refund_policy or order.event.refund_policy,  # as the page and the PDF have it
        "reservation": describe_reservation(order, seats=len(tickets)) if tickets else None,
        "payment": order.payments.filter(status=Payment.Status.SUCCEEDED).first()
        if order.total_amount
        else None,
    }
    reply_to = order.organization.contact_email
    files = _files(order) if tickets else []
    return render_mail("ticket_confirmation", context, attachments=[*codes, *files], reply_to=reply_to)


@message("refund_confirmation", example=mail_examples.refund)
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


@message("ticket_cancelled", example=mail_examples.cancelled_tickets)
def ticket_cancelled(ids: dict[str, Any]) -> Mail:
    """That tickets which cost nothing were cancelled, and why; `entry` is the audit entry that says which."""
    order = Order.objects.select_related("event", "organization").get(pk=ids["order"])
    entry = AuditEntry.objects.get(pk=ids["entry"])
    tickets = order.tickets.select_related("line").order_by("id")
    gone = list(tickets.filter(code__in=entry.after["tickets"]))
    is_all = not tickets.exclude(status=Ticket.Status.CANCELLED).exists()
    given = {"count": len(gone), "title": order.event.title, "name": order.organization.name}
    told = ngettext(
        "%(name)s has cancelled your ticket to %(title)s. It can't be used any more.",
        "%(name)s has cancelled %(count)s of your tickets to %(title)s. They can't be used any more.",
        len(gone),
    )
    letter = Letter(
        subject=ngettext(
            "Your ticket to %(title)s is cancelled",
            "%(count)s of your tickets to %(title)s are cancelled",
            len(gone),
        )
        % given,
        heading=ngettext("Your ticket is cancelled", "Your tickets are cancelled", len(gone)),
        preview=entry.reason,
        paragraphs=[told % given, _("Reason: %(reason)s") % {"reason": entry.reason}],
        facts=[
            *((one.line.name, ticket_code(one.code)) for one in gone),
            (_("When"), event_time(order.event.starts_at, order.event.timezone)),
            (_("Order"), order.code),
        ],
        action=(_("Open my order"), links.order_url(order)),
        after=[
            _("You paid nothing, so there is nothing to send back."),
            *([] if is_all else [_("Your other tickets stay valid.")]),
            *_questions(order),
        ],
        footer=_("Sent by %(platform)s for %(name)s because %(email)s had tickets to this event.")
        % {"platform": settings.PLATFORM_NAME, "name": order.organization.name, "email": order.email},
    )
    return render_letter(letter, reply_to=order.organization.contact_email)


@message("event_cancelled", example=mail_examples.cancelled_order)
def event_cancelled(ids: dict[str, Any]) -> Mail:
    """That the event is cancelled, and what goes back to the buyer: all that is left, or nothing of a free order."""
    order = Order.objects.select_related("event__cancellation", "organization").get(pk=ids["order"])
    refund = Refund.objects.select_related("payment").filter(pk=ids.get("refund") or 0).first()
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


@message("event_changed", example=mail_examples.moved_order)
def event_changed(ids: dict[str, Any]) -> Mail:
    """When and where the event takes place now, and when and where it was to: as of one change."""
    order = Order.objects.select_related("event", "organization").get(pk=ids["order"])
    event, was, now = order.event, ids["before"], ids["after"]
    facts = [(_("When"), _when(now)), (_("Where"), _where(now) or _("To be announced"))]
    if _when(was) != _when(now):
        facts.insert(1, (_("Was"), _when(was)))
    elif was["ends_at"] != now["ends_at"]:
        facts[1:1] = [(_("Ends"), _when(now, "ends_at")), (_("Was"), _when(was, "ends_at"))]
    if _where(was) != _where(now):
        facts.append((_("Was"), _where(was) or _("To be announced")))
    letter = Letter(
        subject=_("%(title)s has changed: %(when)s") % {"title": event.title, "when": _when(now)},
        heading=_("%(title)s has changed") % {"title": event.title},
        preview=_("Now: %(facts)s") % {"facts": ", ".join(filter(None, (_when(now), _where(now))))},
        paragraphs=[
            _("%(name)s has changed when or where it takes place. Your tickets stay valid as they are.")
            % {"name": order.organization.name}
        ],
        facts=[*facts, (_("Order"), order.code)],
        action=(_("Open my order"), links.order_url(order)),
        after=[
            *([_("You have it in your calendar? The attached file changes the entry.")]),
            *([order.refund_policy] if order.refund_policy else []),
            *_questions(order),
        ],
        footer=_("Sent by %(platform)s for %(name)s because %(email)s has tickets for this event.")
        % {"platform": settings.PLATFORM_NAME, "name": order.organization.name, "email": order.email},
    )
    return render_letter(letter, attachments=[_calendar(order)], reply_to=order.organization.contact_email)


@message("dispute_opened", example=mail_examples.open_dispute)
def dispute_opened(ids: dict[str, Any]) -> Mail:
    """A buyer's bank asks for money back: for staff what to do, for the organizer what it means."""
    return _dispute_mail("dispute_opened", ids)


@message("dispute_due", example=mail_examples.open_dispute)
def dispute_due(ids: dict[str, Any]) -> Mail:
    """Staff's reminder that a dispute's answer is due soon."""
    return _dispute_mail("dispute_due", ids)


@message("dispute_closed", example=mail_examples.closed_dispute)
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
        "organizer_url": links.organizer_dispute_url(dispute),
    }
    return render_mail(kind, context)


def _files(order: Order) -> list[Attachment]:
    """The event for the calendar, and the tickets on paper while the event is on."""
    if order.event.status == Event.Status.CANCELLED:
        return []
    sheet = Attachment(f"tickets-{order.code}.pdf", "application/pdf", tickets_pdf(order))
    return [_calendar(order), sheet]


def _calendar(order: Order) -> Attachment:
    return Attachment(f"{order.event.slug}.ics", "text/calendar", calendar_file(order.event, order=order))


def _when(facts: dict[str, str], which: str = "starts_at") -> str:
    return event_time(datetime.fromisoformat(facts[which]), facts["timezone"])


def _where(facts: dict[str, str]) -> str:
    return ", ".join(filter(None, (facts["venue_name"], facts["address"])))


def _questions(order: Order) -> list[str]:
    if not order.organization.contact_email:
        return []
    return [_("Questions? Reply to this email and %(name)s will answer.") % {"name": order.organization.name}]
