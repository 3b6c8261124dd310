"""What organizers put right about a buyer: the address that the tickets go to, and the name on a ticket."""

import hashlib

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from maly.codes import make_key
from maly.errors import Invalid
from notifications.services.outbox import enqueue
from ticketing.errors import NoTickets
from ticketing.models import Order, Ticket
from ticketing.services.orders import lock_order

LONGEST_EMAIL = 254
LONGEST_NAME = 150


def resend_tickets(order: Order, *, actor: User, email: str) -> Order:
    """Mail the order's tickets to its buyer once more, at a new address if `email` is another.

    Whoever had the old address must not keep the tickets: the order gets a new key and its valid tickets new codes.
    Twice within a minute is one mail. Raises Invalid, NoTickets.
    """
    email = _checked(email)
    with transaction.atomic():
        order = lock_order(order.pk)
        if not order.tickets.exclude(status=Ticket.Status.CANCELLED).exists():
            raise NoTickets
        if email.casefold() != order.email.casefold():
            _change_address(order, email, actor)
        minute = timezone.now().replace(second=0, microsecond=0)
        digest = hashlib.sha256(f"{order.email}{minute.isoformat()}".encode()).hexdigest()[:16]
        key = f"ticket_confirmation:{order.code}:{digest}"
        enqueue("ticket_confirmation", key=key, to=order.email, ids={"order": order.pk})
    return order


def rename_ticket(ticket: Ticket, *, actor: User, name: str) -> Ticket:
    """Put another name on a ticket; its code stays. Raises Invalid, NoTickets for one that doesn't count any more."""
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(f"Enter a name of at most {LONGEST_NAME} characters.", attr="name")
    with transaction.atomic():
        order = lock_order(ticket.order_id)
        ticket = order.tickets.get(pk=ticket.pk)
        if ticket.status == Ticket.Status.CANCELLED:
            raise NoTickets("This ticket is cancelled, so its name can't change.")
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


def _change_address(order: Order, email: str, actor: User) -> None:
    """Make a locked order somebody else's to open."""
    audit.record(
        "order.email_changed",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=actor,
        before={"email": order.email},
        after={"email": email},
    )
    order.email, order.key = email, make_key()
    order.save(update_fields=["email", "key"])
    order.tickets.filter(status=Ticket.Status.VALID).update(generation=F("generation") + 1)


def _checked(email: str) -> str:
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid("Enter an email address, like name@example.com", attr="email") from None
    if len(email) > LONGEST_EMAIL:
        raise Invalid("This email address is too long.", attr="email")
    return email
