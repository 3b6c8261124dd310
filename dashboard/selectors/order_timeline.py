"""Who did what to an order, and when: the audit log and its mails, in words for the organizer, newest first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import AuditEntry
from maly.money import format_amount
from maly.templatetags.maly import ticket_code
from notifications.models import Delivered, Message
from ticketing.dispute_words import step_in_words
from ticketing.models import CheckIn, Order

# Of the money's own steps the trail tells; staff's notes and repairs of ours are nobody else's to read.
TOLD_BY_THE_TRAIL = (
    "receivable.",
    "transfer.",
    "refund.",
    "payment.review",
    "dispute.draft",
    "dispute.settled",
)
Words = Callable[[AuditEntry], tuple[str, str]]


@dataclass(frozen=True)
class Happening:
    """One thing that happened; `detail` is a second line, such as the reason given, `note` what the team noted."""

    at: datetime
    words: str
    detail: str = ""
    note: str = ""


def read_timeline(order: Order) -> list[Happening]:
    """Everything that happened to an order, in three statements; its lines and refunds are read."""
    happened = [*_began(order), *_audited(order), *_mailed(order), *_let_in(order)]
    return sorted(happened, key=lambda one: one.at, reverse=True)


def _began(order: Order) -> Iterator[Happening]:
    bought = ", ".join(f"{line.quantity} {line.name}" for line in order.lines.all())
    yield Happening(order.created_at, _("Order created"), bought)
    if order.closed_at:
        words = (
            _("Expired before it was paid") if order.status == Order.Status.EXPIRED else _("Closed unpaid")
        )
        yield Happening(order.closed_at, words)
    if order.tickets_seen_at:
        yield Happening(order.tickets_seen_at, _("Tickets opened for the first time"))


def _audited(order: Order) -> Iterator[Happening]:
    notes = {refund.code: refund.note for refund in order.refunds.all()}
    entries = AuditEntry.objects.select_related("actor").filter(subject=f"order:{order.code}")
    for entry in entries.order_by("id"):
        if entry.action.startswith(TOLD_BY_THE_TRAIL):
            continue
        words, detail = WORDS.get(entry.action, _in_its_own_name)(entry)
        is_noted = entry.action == "order.refund_requested"
        yield Happening(
            entry.at, words, detail, note=notes.get(entry.after.get("refund"), "") if is_noted else ""
        )


def _mailed(order: Order) -> Iterator[Happening]:
    of_refund = ("refund_confirmation", "event_cancelled")
    refunds = [f"{kind}:{refund.code}" for kind in of_refund for refund in order.refunds.all()]
    of_order = [f"ticket_confirmation:{order.code}", f"event_cancelled:{order.code}"]
    again = Q(key__startswith=f"ticket_confirmation:{order.code}:")
    again |= Q(key__startswith=f"ticket_cancelled:{order.code}:")
    again |= Q(key__startswith=f"event_changed:{order.code}:")
    kinds = {
        "ticket_confirmation": _("Tickets emailed"),
        "ticket_cancelled": _("Email about cancelled tickets"),
        "refund_confirmation": _("Refund email"),
        "event_cancelled": _("Email about the cancelled event"),
        "event_changed": _("Email about the changed event"),
    }
    mails = Message.objects.filter(channel=Message.Channel.MAIL)
    for mail in mails.filter(Q(key__in=[*of_order, *refunds]) | again):
        yield from _mail(mail, kinds[mail.kind])


def _mail(mail: Message, what: str) -> Iterator[Happening]:
    """That a mail went out, and what its provider has heard of it since."""
    to = {"email": mail.to}
    if mail.state == Message.State.DEAD:
        yield _undelivered(mail.due_at, what, mail.to)
    elif mail.state == Message.State.SENT:
        heard = {
            Delivered.DELIVERED: _("Delivered to %(email)s."),
            Delivered.DELAYED: _("Delayed for %(email)s."),
        }
        detail = heard.get(Delivered(mail.delivery)) if mail.delivery else None
        yield Happening(mail.sent_at or mail.created_at, what, (detail or _("To %(email)s.")) % to)
        if mail.delivery == Delivered.BOUNCED and mail.delivery_at:
            yield _undelivered(mail.delivery_at, what, mail.to)
        if mail.delivery == Delivered.COMPLAINED and mail.delivery_at:
            words = _("%(mail)s: marked as spam") % {"mail": what}
            yield Happening(mail.delivery_at, words, _("By %(email)s.") % to)
    else:
        yield Happening(mail.created_at, what, _("On its way to %(email)s.") % to)


def _undelivered(at: datetime, what: str, email: str) -> Happening:
    detail = _("%(email)s couldn’t be reached. Check the address and send the tickets again.")
    return Happening(at, _("%(mail)s: not delivered") % {"mail": what}, detail % {"email": email})


def _let_in(order: Order) -> Iterator[Happening]:
    admitted = CheckIn.objects.select_related("ticket").filter(ticket__order=order, undone_at=None)
    for one in admitted.order_by("id"):
        words = _("%(name)s was let in") % {"name": one.ticket.holder_name}
        detail = _("At %(gate)s.") % {"gate": one.gate}
        yield Happening(one.recorded_at, words, f"{detail} {one.override_reason}".strip())


def _who(entry: AuditEntry) -> str:
    """The person, if it was one of the organizer's; staff and our own work are the platform's."""
    if entry.actor_kind == AuditEntry.Actor.MEMBER and entry.actor is not None:
        return str(entry.actor.name or entry.actor.email)
    if entry.actor_kind == AuditEntry.Actor.BUYER:
        return _("The buyer")
    return str(settings.PLATFORM_NAME)


def _reason(entry: AuditEntry) -> str:
    """What a member wrote; staff's words stay with staff."""
    is_said = entry.reason and entry.actor_kind == AuditEntry.Actor.MEMBER
    return _("Reason: %(reason)s") % {"reason": entry.reason} if is_said else ""


def _amount(entry: AuditEntry, name: str = "amount") -> str:
    after: dict[str, Any] = entry.after
    if not isinstance(after.get(name), int) or not after.get("currency"):
        return ""
    return format_amount(after[name], after["currency"])


def _paid(entry: AuditEntry) -> tuple[str, str]:
    if not entry.after.get("total_amount"):
        return _("Booked"), ""
    return _("Paid, %(amount)s") % {"amount": _amount(entry, "total_amount")}, ""


def _refund_requested(entry: AuditEntry) -> tuple[str, str]:
    words = _("%(who)s started a refund of %(amount)s") % {"who": _who(entry), "amount": _amount(entry)}
    return words, _reason(entry)


def _refunded(entry: AuditEntry) -> tuple[str, str]:
    return _("Refund of %(amount)s made at Stripe") % {"amount": _amount(entry)}, ""


def _refund_failed(entry: AuditEntry) -> tuple[str, str]:
    amount = _amount(entry)
    words = _("Refund of %(amount)s failed") % {"amount": amount} if amount else _("Refund failed")
    return words, _("The buyer’s bank didn’t take it. We are looking into it.")


def _refund_refused(_entry: AuditEntry) -> tuple[str, str]:
    return _("Stripe refused a refund"), _("Nothing was refunded.")


def _cancelled(entry: AuditEntry) -> tuple[str, str]:
    return _("Cancelled with the event"), _reason(entry)


def _tickets_cancelled(entry: AuditEntry) -> tuple[str, str]:
    tickets = ", ".join(ticket_code(code) for code in entry.after.get("tickets", []))
    words = _("%(who)s cancelled %(tickets)s") % {"who": _who(entry), "tickets": tickets}
    return words, _reason(entry)


def _address(entry: AuditEntry) -> tuple[str, str]:
    given = {"before": entry.before.get("email", ""), "after": entry.after.get("email", "")}
    words = _("%(who)s changed the email address") % {"who": _who(entry)}
    return words, _("From %(before)s to %(after)s. Tickets sent again.") % given


def _renamed(entry: AuditEntry) -> tuple[str, str]:
    given = {"before": entry.before.get("name", ""), "after": entry.after.get("name", "")}
    words = _("%(who)s changed the name on a ticket") % {"who": _who(entry)}
    return words, _("From %(before)s to %(after)s.") % given


def _disputed(entry: AuditEntry) -> tuple[str, str]:
    return step_in_words(entry.action.removeprefix("dispute."), _who(entry)), ""


def _in_its_own_name(entry: AuditEntry) -> tuple[str, str]:
    if entry.action.startswith("dispute."):
        return _disputed(entry)
    return entry.action.replace(".", " ").replace("_", " ").capitalize(), _reason(entry)


WORDS: dict[str, Words] = {
    "order.paid": _paid,
    "order.refund_requested": _refund_requested,
    "order.refunded": _refunded,
    "payment.late_refunded": _refunded,
    "order.refund_failed": _refund_failed,
    "order.refund_refused": _refund_refused,
    "order.cancelled_with_event": _cancelled,
    "order.email_changed": _address,
    "ticket.cancelled": _tickets_cancelled,
    "ticket.renamed": _renamed,
}
