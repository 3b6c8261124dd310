"""Who in an organization is told: what concerns its money its owners and admins, each sale whoever wants to hear it."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.access import roles_from
from accounts.models import Membership, Role
from notifications.models import Message, SalesMail
from notifications.services.outbox import enqueue_all

# Who may act on it: access.py opens payments, payouts and settings to these roles.
MONEY = roles_from(Role.ADMIN)
SALES = roles_from(Role.MANAGER)


def tell_members(kind: str, *, organization_id: int, key: str, ids: dict[str, Any]) -> None:
    """Queue a message to each owner and admin, in the caller's transaction; the same `key` again does nothing."""
    _tell(kind, _members(organization_id, MONEY), key, ids)


def tell_sellers(kind: str, *, organization_id: int, key: str, ids: dict[str, Any]) -> None:
    """As tell_members, of one sale: to the members who want an email for each order."""
    by_default = Q(mail_choice=None, role__in=MONEY)
    wanted = _members(organization_id, SALES).filter(Q(mail_choice__sales=SalesMail.EACH) | by_default)
    _tell(kind, wanted, key, ids)


def daily_readers(*, after: int = 0) -> QuerySet[Membership]:
    """The members who want one email a day about sales, in the order of their ids."""
    active = Membership.objects.filter(user__is_active=True, role__in=SALES)
    return active.filter(mail_choice__sales=SalesMail.DAILY, pk__gt=after).order_by("pk")


def _members(organization_id: int, roles: list[str]) -> QuerySet[Membership]:
    active = Membership.objects.filter(organization_id=organization_id, user__is_active=True)
    return active.filter(role__in=roles).order_by("pk")


def _tell(kind: str, members: QuerySet[Membership], key: str, ids: dict[str, Any]) -> None:
    enqueue_all(
        Message(kind=kind, key=f"{key}:{user_id}", to=email, ids={**ids, "membership": pk})
        for pk, user_id, email in members.values_list("pk", "user_id", "user__email")
    )
