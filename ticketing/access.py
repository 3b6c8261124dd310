"""Who may see or change what of ticketing. Another's object and a missing one are the same answer: NotFound."""

import hmac
import re
from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser

from accounts.access import has_role, require_role
from accounts.models import Role, User
from maly.errors import Forbidden, NotFound
from ticketing.models import Event, Order

CODE = re.compile(r"M-[0-9A-HJKMNP-TV-Z]{7}")


def find_public_event(slug: str, user: User | AnonymousUser) -> Event:
    """The event of a public page, with its organization; drafts exist for members only. Raises NotFound."""
    event = Event.objects.select_related("organization").filter(slug=slug).first()
    if event is None or not (event.is_public or has_role(user, event.organization_id, Role.SCANNER)):
        raise NotFound
    return event


def find_event_for_member(user: User | AnonymousUser, slug: str, role: Role) -> Event:
    """The event, for a member of its organization with at least `role`.

    Raises NotFound for a draft of others and for a missing event, Forbidden for a member below `role`. The public
    may know that a published event exists, but what a stranger asks here is still not theirs: NotFound.
    """
    event = Event.objects.select_related("organization").filter(slug=slug).first()
    if event is None or not user.is_authenticated:
        raise NotFound
    require_role(user, event.organization, role)
    return event


def find_order(
    user: User | AnonymousUser, code: str, *, key: str = "", session_keys: Iterable[str] = ()
) -> Order:
    """The order for whoever has its key, bought it signed in, or is MANAGER and up of its organization.

    Raises NotFound for everyone else, and Forbidden for a member below MANAGER (a SCANNER sees no orders).
    """
    order = None
    if CODE.fullmatch(code):
        order = Order.objects.select_related("event", "organization").filter(code=code).first()
    if order is None:
        raise NotFound
    if any(hmac.compare_digest(order.key, given) for given in (key, *session_keys) if given.isascii()):
        return order
    if user.is_authenticated and order.user_id == user.pk:
        return order
    if sees_split(user, order):
        return order
    if has_role(user, order.organization_id, Role.SCANNER):
        raise Forbidden
    raise NotFound


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
