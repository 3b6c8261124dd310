"""What our records say for and against a disputed payment, the strongest first, for whoever writes to the bank."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from maly.money import format_amount
from maly.templatetags.maly import event_time, ticket_code
from notifications.models import Delivered, Message
from ticketing.models import Dispute, Event, Order, Ticket
from ticketing.services.dispute_evidence import GIVEN

STRONG, PLAIN, AGAINST = "strong", "plain", "against"


@dataclass(frozen=True)
class Fact:
    """One thing that our records say; `weight` is whether it decides, helps, or speaks for the buyer."""

    title: str
    detail: str
    weight: str = PLAIN

    @property
    def is_strong(self) -> bool:
        return self.weight == STRONG

    @property
    def is_against(self) -> bool:
        return self.weight == AGAINST


def list_facts(dispute: Dispute, order: Order) -> list[Fact]:
    """The facts of a dispute whose payment is read; `order` as `dispute_evidence.read_order` has read it."""
    found = [
        *_used(order),
        *_delivered(order),
        *_policy(order),
        *_event(order.event),
        *_buyer(order, dispute),
        *_refunds(order),
    ]
    return sorted(found, key=lambda fact: (STRONG, PLAIN, AGAINST).index(fact.weight))


def _used(order: Order) -> Iterator[Fact]:
    tickets = list(order.tickets.all())
    entries = [(ticket, entry) for ticket in tickets for entry in ticket.check_ins.all()]
    # The first entry of each ticket, not those that let somebody in again.
    used = [pair for pair in entries if pair[1].undone_at is None and not pair[1].override_reason]
    lines = [
        _("%(ticket)s at %(time)s, door “%(gate)s”")
        % {
            "ticket": ticket_code(ticket.code),
            "time": event_time(entry.scanned_at, order.event.timezone),
            "gate": entry.gate,
        }
        for ticket, entry in sorted(used, key=lambda pair: pair[1].scanned_at)
    ]
    if not used:
        yield Fact(_("No ticket was used"), _("Nobody came through the door with one."), AGAINST)
    elif len(used) >= len(tickets):
        title = ngettext("The ticket was used", "All %(count)d tickets were used", len(tickets))
        yield Fact(title % {"count": len(tickets)}, "; ".join(lines) + ".", STRONG)
    else:
        given = {"used": len(used), "count": len(tickets)}
        yield Fact(_("%(used)d of %(count)d tickets were used") % given, "; ".join(lines) + ".", STRONG)


def _delivered(order: Order) -> Iterator[Fact]:
    zone = order.event.timezone
    mail = Message.objects.filter(key=f"ticket_confirmation:{order.code}").first()
    said = []
    if mail and mail.sent_at:
        given = {"to": mail.to, "time": event_time(mail.sent_at, zone)}
        said.append(_("Sent to %(to)s %(time)s.") % given)
    if mail and mail.delivery == Delivered.DELIVERED and mail.delivery_at:
        said.append(_("Delivered %(time)s.") % {"time": event_time(mail.delivery_at, zone)})
    if mail and mail.delivery == Delivered.BOUNCED:
        yield Fact(_("The mail with the tickets came back"), mail.to, AGAINST)
    if order.tickets_seen_at:
        said.append(_("Opened %(time)s.") % {"time": event_time(order.tickets_seen_at, zone)})
        yield Fact(_("The tickets were sent and opened"), " ".join(said), STRONG)
    elif said:
        words = _("By the order’s private link they were never opened; the mail itself has them too.")
        yield Fact(_("The tickets were sent"), " ".join([*said, words]))


def _policy(order: Order) -> Iterator[Fact]:
    if order.refund_policy:
        given = {"policy": order.refund_policy, "time": event_time(order.created_at, order.event.timezone)}
        yield Fact(
            _("The refund policy was shown before payment"),
            _("“%(policy)s” It stood on the event’s page %(time)s.") % given,
        )
    else:
        yield Fact(
            _("No refund policy was shown"), _("The event’s page had none when this was bought."), AGAINST
        )


def _event(event: Event) -> Iterator[Fact]:
    when = {"title": event.title, "time": event_time(event.starts_at, event.timezone)}
    if event.status == Event.Status.CANCELLED:
        yield Fact(_("The event was cancelled"), _("%(title)s, %(time)s.") % when, AGAINST)
        return
    if event.ends_at > timezone.now():
        yield Fact(_("The event is still to come"), _("%(title)s, %(time)s.") % when)
        return
    sold = event.tickets.exclude(status=Ticket.Status.CANCELLED)
    counts = sold.aggregate(all=Count("pk"), came=Count("pk", filter=Q(status=Ticket.Status.CHECKED_IN)))
    words = _("%(title)s, %(time)s. %(came)d of %(all)d tickets were checked in.")
    yield Fact(_("The event took place"), words % {**when, **counts})


def _buyer(order: Order, dispute: Dispute) -> Iterator[Fact]:
    payment = dispute.payment
    card = f", {payment.card_brand.capitalize()} ····{payment.card_last4}" if payment.card_last4 else ""
    earlier = Order.objects.filter(
        email=order.email, pk__lt=order.pk, completed_at__isnull=False, total_amount__gt=0
    )
    counts = earlier.aggregate(paid=Count("pk"), disputed=Count("pk", filter=Q(disputes__isnull=False)))
    words = ngettext(
        "%(count)d earlier paid order from this address",
        "%(count)d earlier paid orders from this address",
        counts["paid"],
    )
    said = f"{order.name}, {order.email}{card}."
    if counts["paid"]:
        disputed = _("%(disputed)d of them disputed") % counts if counts["disputed"] else _("none disputed")
        said = f"{said} {words % {'count': counts['paid']}}, {disputed}."
    yield Fact(_("Who bought it"), said, AGAINST if counts["disputed"] else PLAIN)


def _refunds(order: Order) -> Iterator[Fact]:
    given = [refund for refund in order.refunds.all() if refund.status in GIVEN]
    lines = [format_amount(refund.amount, refund.currency) for refund in given]
    if lines:
        yield Fact(_("Some of it was refunded before"), ", ".join(lines) + ".")
