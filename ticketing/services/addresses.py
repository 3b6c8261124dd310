"""An event's web address: chosen until the first sale, with Premium at any time. Old ones lead to the new one."""

import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.premium import Benefit, has_benefit
from accounts.services import audit
from maly.errors import Invalid
from ticketing.errors import AddressFixed, AddressTaken
from ticketing.models import Event, FormerAddress

ADDRESS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_ADDRESS = 80
# "new" is a page beside the events' own; the others would look like pages of the platform.
RESERVED = {
    "account",
    "admin",
    "api",
    "checkout",
    "dashboard",
    "help",
    "login",
    "new",
    "payment",
    "payments",
    "premium",
    "refund",
    "refunds",
    "sign-in",
    "signin",
    "staff",
    "support",
}
# Each keeps its address from everybody else.
MOST_FORMER = 20


def has_buyers(event: Event) -> bool:
    """Whether buyers have the link already; what was sold and refunded counts too."""
    return event.tickets.exists()


def is_address_fixed(event: Event) -> bool:
    """Whether the address must stay: buyers have it, and the organization has no Premium."""
    return has_buyers(event) and not has_benefit(event.organization, Benefit.EVENT_ADDRESS)


def change_address(event: Event, *, slug: str, actor: User | None) -> None:
    """Give a locked event another address, in the caller's transaction; its old one leads there from then on.

    Raises Invalid, AddressTaken (an event has it, or had it), and AddressFixed (Premium is needed from the first sale).
    """
    if slug == event.slug:
        return
    if is_address_fixed(event):
        raise AddressFixed(attr="slug")
    if not ADDRESS.fullmatch(slug) or len(slug) > LONGEST_ADDRESS:
        raise Invalid(
            _("Use lower-case letters, digits and single hyphens, such as night-market."), attr="slug"
        )
    if slug in RESERVED:
        raise Invalid(_("This address is kept for pages of the site. Choose another."), attr="slug")
    before = event.slug
    _take(event, slug)
    _keep_former(event, before)
    audit.record(
        "event.address_changed",
        organization=event.organization,
        subject=f"event:{slug}",
        actor=actor,
        before={"slug": before},
        after={"slug": slug},
    )


def refuse_former(event: Event) -> None:
    """Raise AddressTaken if the event's address once was another's. Called after it is written: then no other can."""
    if FormerAddress.objects.filter(slug=event.slug).exclude(event=event).exists():
        raise AddressTaken(attr="slug")


def _take(event: Event, slug: str) -> None:
    before, event.slug = event.slug, slug
    try:
        with transaction.atomic():
            event.save(update_fields=["slug"])
            refuse_former(event)
    except (IntegrityError, AddressTaken):
        event.slug = before
        raise AddressTaken(attr="slug") from None


def _keep_former(event: Event, before: str) -> None:
    """Of an event that nobody has seen yet, nobody has the link."""
    event.former_addresses.filter(slug=event.slug).delete()
    if event.published_at is None:
        return
    if event.former_addresses.count() >= MOST_FORMER:
        raise Invalid(
            _("This event has had %(most)s addresses already. Keep this one, or go back to one of them.")
            % {"most": MOST_FORMER},
            attr="slug",
        )
    FormerAddress.objects.create(slug=before, event=event)
