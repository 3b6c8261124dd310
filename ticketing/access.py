"""Who may see or change what of ticketing. Another's object and a missing one are the same answer: NotFound."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.access import enter_organization, has_role, require_role
from accounts.models import Membership, Role, User
from maly.errors import Forbidden, NotFound
from ticketing.models import Dispute, DoorLink, Event, Order
from ticketing.selectors.addresses import find_by_address, is_address_of

CODE = re.compile(r"M-[0-9A-HJKMNP-TV-Z]{7}")
DISPUTE = re.compile(r"d[pu]_[0-9A-Za-z]{1,60}")


@dataclass(frozen=True)
class Gatekeeper:
    """Who lets people in: a member of the organization, or whoever has a door link."""

    user: User | None = None
    door: DoorLink | None = None

    @property
    def gate(self) -> str:
        """Where, as other doors read it: the door's name or the member's, never an address."""
        if self.door is not None:
            return self.door.name
        return (self.user.name if self.user else "") or "Team"

    @property
    def caller(self) -> str:
        """Who is counted by the throttle."""
        return f"door:{self.door.pk}" if self.door else f"user:{self.user.pk if self.user else ''}"


def find_public_event(slug: str, user: User | AnonymousUser) -> Event:
    """The event of a public page, with its organization; drafts exist for members only. Raises NotFound."""
    event = find_by_address(Event.objects.select_related("organization"), slug)
    if event is None or not (event.is_public or has_role(user, event.organization_id, Role.SCANNER)):
        raise NotFound
    return event


def find_event_for_member(user: User | AnonymousUser, slug: str, role: Role) -> Event:
    """The event, for a member of its organization with at least `role`.

    Raises NotFound for a draft of others and for a missing event, Forbidden for a member below `role`. The public
    may know that a published event exists, but what a stranger asks here is still not theirs: NotFound.
    """
    event = find_by_address(Event.objects.select_related("organization"), slug)
    if event is None or not user.is_authenticated:
        raise NotFound
    require_role(user, event.organization, role)
    return event


def find_event_at_door(
    user: User | AnonymousUser, slug: str, door: DoorLink | None = None
) -> tuple[Event, Gatekeeper]:
    """The event to check people in to, for a SCANNER and up or a door link that is open, and who that is.

    A door link opens its own event only. Raises as find_event_for_member does.
    """
    if door is not None:
        if not door.is_open or not is_address_of(door.event, slug):
            raise NotFound
        return door.event, Gatekeeper(door=door)
    event = find_event_for_member(user, slug, Role.SCANNER)
    assert isinstance(user, User)
    return event, Gatekeeper(user=user)


def enter_event(request: HttpRequest, slug: str, role: Role) -> tuple[Event, Membership]:
    """The event of an organizer's page and the caller's membership; raises as find_event_for_member does.

    From then on the caller works in the event's organization, as the page's navigation says.
    """
    event = find_by_address(Event.objects.select_related("organization"), slug)
    if event is None:
        raise NotFound
    return event, enter_organization(request, event.organization, role)


def enter_order(request: HttpRequest, code: str, role: Role) -> tuple[Order, Membership]:
    """The order of an organizer's page, with its event, and the caller's membership; its buyer is a stranger here.

    Raises NotFound for everyone outside the organization, Forbidden for a member below `role`. From then on the caller
    works in the order's organization.
    """
    order = None
    if CODE.fullmatch(code):
        order = Order.objects.select_related("event", "organization").filter(code=code).first()
    if order is None:
        raise NotFound
    return order, enter_organization(request, order.organization, role)


def enter_dispute(request: HttpRequest, dispute_id: str, role: Role) -> tuple[Dispute, Membership]:
    """The dispute of an organizer's page, by Stripe's id, and the caller's membership; raises as enter_order does."""
    dispute = None
    if DISPUTE.fullmatch(dispute_id):
        disputes = Dispute.objects.select_related("organization", "order")
        dispute = disputes.filter(stripe_dispute_id=dispute_id).first()
    if dispute is None:
        raise NotFound
    return dispute, enter_organization(request, dispute.organization, role)


def find_order(
    user: User | AnonymousUser, code: str, *, key: str = "", session_keys: Iterable[str] = ()
) -> Order:
    """The order for whoever has its key, bought it signed in, or is MANAGER and up of its organization.

    Raises NotFound for everyone else, and Forbidden for a member below MANAGER (a SCANNER sees no orders).
    """
    order = _order_of(code)
    if owns_order(user, order, key=key, session_keys=session_keys) or sees_split(user, order):
        return order
    if has_role(user, order.organization_id, Role.SCANNER):
        raise Forbidden
    raise NotFound


def find_own_order(
    user: User | AnonymousUser, code: str, *, key: str = "", session_keys: Iterable[str] = ()
) -> Order:
    """The order for its buyer alone: whoever has its key, or bought it signed in. Raises NotFound for everyone else."""
    order = _order_of(code)
    if not owns_order(user, order, key=key, session_keys=session_keys):
        raise NotFound
    return order


def _order_of(code: str) -> Order:
    order = None
    if CODE.fullmatch(code):
        order = Order.objects.select_related("event", "organization").filter(code=code).first()
    if order is None:
        raise NotFound
    return order


def owns_order(
    user: User | AnonymousUser, order: Order, *, key: str = "", session_keys: Iterable[str] = ()
) -> bool:
    """Whether it is its buyer who asks, and not the organizer."""
    if any(hmac.compare_digest(order.key, given) for given in (key, *session_keys) if given.isascii()):
        return True
    return user.is_authenticated and order.user_id == user.pk


def find_order_to_refund(user: User | AnonymousUser, code: str) -> Order:
    """The order, for an OWNER or ADMIN of its organization.

    Raises NotFound for everyone outside it, its buyer too, and Forbidden for a lesser role.
    """
    order = None
    if CODE.fullmatch(code):
        order = Order.objects.select_related("event", "organization").filter(code=code).first()
    if order is None:
        raise NotFound
    require_role(user, order.organization, Role.ADMIN)
    return order


def sees_split(user: User | AnonymousUser, order: Order) -> bool:
    """Whether this user may see how the money of an order is split: MANAGER and up of its organization."""
    return has_role(user, order.organization_id, Role.MANAGER)
