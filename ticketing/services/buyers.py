"""What organizers put right about a buyer, and buyers about themselves: where the tickets go, the name on a ticket."""

import hashlib

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from accounts.services import audit
from maly.codes import make_key
from maly.errors import Invalid
from notifications.services.outbox import enqueue, readdress
from ticketing.errors import EmailFixed, NoTickets
from ticketing.models import Event, Order, Ticket
from ticketing.services.orders import lock_order

LONGEST_EMAIL = 254
LONGEST_NAME = 150
ADDRESS_CHANGED = "order.email_changed"
MOST_CORRECTIONS = 3
# What buyers are mailed of an order, by its code or by its refund's; each says how to open the order.
OF_ORDER = ("ticket_confirmation", "ticket_cancelled", "event_cancelled", "event_changed")
OF_REFUND = ("refund_confirmation", "event_cancelled")


def resend_tickets(order: Order, *, actor: User, email: str) -> Order:
    """Mail the order's tickets to its buyer once more, at a new address if `email` is another.

    Whoever had the old address must not keep the tickets: the order gets a new key and its valid tickets new codes.
    Twice within a minute is one mail. Raises Invalid, NoTickets.
    """
    email = _checked(email).lower()
    with transaction.atomic():
        order = lock_order(order.pk)
        _require_tickets(order)
        if email.casefold() != order.email.casefold():
            _change_address(order, email, actor)
        _send_again(order)
    return order


def correct_email(order: Order, *, email: str) -> Order:
    """Send the tickets to another address because their buyer says that this one is wrong.

    As `resend_tickets`, and the old address is told, in case it wasn't its owner who asked. A few times at most, and
    only until somebody was let in: then the tickets are known to be in the right hands. Raises Invalid, NoTickets,
    EmailFixed.
    """
    email = _checked(email).lower()
    with transaction.atomic():
        order = lock_order(order.pk)
        _require_tickets(order)
        if email != order.email.casefold():
            _require_correctable(order)
            before = order.email
            entry = _change_address(order, email, None)
            key = f"order_email_changed:{order.code}:{entry.pk}"
            enqueue("order_email_changed", key=key, to=before, ids={"order": order.pk})
        _send_again(order)
    return order


def _require_tickets(order: Order) -> None:
    is_off = order.event.status == Event.Status.CANCELLED
    if is_off or not order.tickets.exclude(status=Ticket.Status.CANCELLED).exists():
        raise NoTickets


def _require_correctable(order: Order) -> None:
    if order.event.has_ended or order.tickets.filter(status=Ticket.Status.CHECKED_IN).exists():
        raise EmailFixed
    corrected = AuditEntry.objects.filter(
        subject=f"order:{order.code}", action=ADDRESS_CHANGED, actor_kind=AuditEntry.Actor.BUYER
    )
    if corrected.count() >= MOST_CORRECTIONS:
        raise EmailFixed(
            _("You have changed the address %(most_corrections)s times. Ask the organizer now.")
            % {"most_corrections": MOST_CORRECTIONS}
        )


def _send_again(order: Order) -> None:
    """Queue the tickets once more in the caller's transaction; twice within a minute is one mail."""
    minute = timezone.now().replace(second=0, microsecond=0)
    digest = hashlib.sha256(f"{order.key}{minute.isoformat()}".encode()).hexdigest()[:16]
    key = f"ticket_confirmation:{order.code}:{digest}"
    enqueue("ticket_confirmation", key=key, to=order.email, ids={"order": order.pk}, is_news=False)


def rename_ticket(ticket: Ticket, *, actor: User, name: str) -> Ticket:
    """Put another name on a ticket; its code stays. Raises Invalid, NoTickets for one that doesn't count any more."""
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(_("Enter a name of at most %(most)s characters.") % {"most": LONGEST_NAME}, attr="name")
    with transaction.atomic():
        order = lock_order(ticket.order_id)
        ticket = order.tickets.get(pk=ticket.pk)
        if ticket.status == Ticket.Status.CANCELLED:
            raise NoTickets(_("This ticket is cancelled, so its name can't change."))
        if name == ticket.holder_name:
            return ticket
        audit.record(
            "ticket.renamed",
            organization=order.organization,
            subject=f"order:{order.code}",
            actor=actor,
            before={"ticket": ticket.code, "name": ticket.holder_name},
            after={"ticket": ticket.code, "name": name},
        )
        ticket.holder_name = name
        ticket.save(update_fields=["holder_name"])
    return ticket


def _change_address(order: Order, email: str, actor: User | None) -> AuditEntry:
    """Make a locked order somebody else's to open; without an actor its buyer asked."""
    entry = audit.record(
        ADDRESS_CHANGED,
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=actor,
        actor_kind=None if actor else AuditEntry.Actor.BUYER,
        before={"email": order.email},
        after={"email": email},
    )
    _readdress_mails(order, email)
    order.email, order.key = email, make_key()
    order.save(update_fields=["email", "key"])
    order.tickets.filter(status=Ticket.Status.VALID).update(generation=F("generation") + 1)
    return entry


def _readdress_mails(order: Order, email: str) -> None:
    """What the old address hasn't been sent yet would bring it the new key and codes."""
    refunds = order.refunds.values_list("code", flat=True)
    keys = [f"{kind}:{order.code}" for kind in OF_ORDER]
    keys += [f"{kind}:{code}" for kind in OF_REFUND for code in refunds]
    readdress(keys=keys, was=order.email, to=email)


def _checked(email: str) -> str:
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(_("Enter an email address, like name@example.com"), attr="email") from None
    if len(email) > LONGEST_EMAIL:
        raise Invalid(_("This email address is too long."), attr="email")
    return email
