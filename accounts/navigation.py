"""The organizer pages' side navigation: only what exists, and only what the member's role opens."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import WORKS_IN, allows, memberships_of
from accounts.models import Membership, Role
from accounts.navigation_memory import is_shown

HOME = "dashboard:home"
COCKPIT = "adminpanel:overview"
# Label, URL name, least role. Apps above accounts are named by their URLs, as templates name them.
ITEMS = (
    (_("Home"), HOME, Role.SCANNER),
    (_("Events"), "ticketing:events", Role.MANAGER),
    (_("Orders"), "ticketing:orders", Role.MANAGER),
    (_("Disputes"), "ticketing:disputes", Role.MANAGER),
    (_("Insight"), "dashboard:insight", Role.MANAGER),
    (_("Payouts"), "payouts:payout-list", Role.ADMIN),
    (_("Payments"), "dashboard:payments", Role.ADMIN),
    (_("Profile"), "dashboard:profile", Role.MANAGER),
    (_("Team"), "accounts:team", Role.SCANNER),
    (_("Organizations"), "accounts:organizations", Role.SCANNER),
    (_("Billing"), "premium:billing", Role.SCANNER),
    (_("Your account"), "account_email", Role.SCANNER),
)
# What there is for somebody in no organization.
WITHOUT_ORGANIZATION = {HOME, "premium:billing", "account_email"}


def navigation(request: HttpRequest, membership: Membership | None) -> dict[str, Any]:
    """The context that base_app.html asks for, for a page seen by this member."""
    return {
        "nav_title": membership.organization.name if membership else _("Your account"),
        "nav_note": f"{request.user} · {membership.get_role_display()}" if membership else str(request.user),
        "nav_place": f"{membership.get_role_display()} · {membership.organization.get_kind_display()}"
        if membership
        else "",
        "nav_items": _items(request, membership) + _staff_items(request),
        "nav_others": _others(request, membership),
        WORKS_IN: membership.organization.slug if membership else "",
    }


def page_in(membership: Membership, path: str) -> str:
    """The page of this organization that is most like `path`: its part of the navigation, or else the home.

    `path` is only compared, so that no address from outside is ever led to.
    """
    for _label, name, least in reversed(ITEMS):
        if name != HOME and allows(membership.role, least):
            url = _address(name)
            if url and path.startswith(url):
                return url
    return reverse(HOME)


def _items(request: HttpRequest, membership: Membership | None) -> list[dict[str, Any]]:
    role = membership.role if membership else Role.SCANNER
    return [
        _item(request.path, str(label), url, is_home=name == HOME)
        for label, name, least in ITEMS
        if allows(role, least)
        and (membership or name in WITHOUT_ORGANIZATION)
        and is_shown(request, membership, name)
        and (url := _address(name))
    ]


def _staff_items(request: HttpRequest) -> list[dict[str, Any]]:
    """The way into the cockpit, for those for whom it exists."""
    url = _address(COCKPIT) if getattr(request.user, "is_platform_admin", False) else ""
    return [_item(request.path, str(_("Platform staff")), url, is_home=True)] if url else []


def _item(path: str, label: str, url: str, *, is_home: bool) -> dict[str, Any]:
    # The pages below an entry are its own; below the home there are all the others.
    return {"label": label, "url": url, "current": path == url or (not is_home and path.startswith(url))}


def _others(request: HttpRequest, membership: Membership | None) -> list[Membership]:
    """Where else the caller works, by name."""
    others = [one for one in memberships_of(request) if membership and one.pk != membership.pk]
    return sorted(others, key=lambda one: one.organization.name.lower())


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
