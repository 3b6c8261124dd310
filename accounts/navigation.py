"""The organizer pages' side navigation: only what exists, and only what the member's role opens."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import allows
from accounts.models import Membership, Role

# Label, URL name, least role. Apps above accounts are named by their URLs, as templates name them.
ITEMS = (
    (_("Home"), "dashboard:home", Role.SCANNER),
    (_("Events"), "ticketing:events", Role.MANAGER),
    (_("Orders"), "ticketing:orders", Role.MANAGER),
    (_("Payouts"), "payouts:payout-list", Role.ADMIN),
    (_("Payments"), "dashboard:payments", Role.ADMIN),
    (_("Team"), "accounts:team", Role.SCANNER),
    (_("Organizations"), "accounts:organizations", Role.SCANNER),
    (_("Your account"), "account_email", Role.SCANNER),
)


def navigation(request: HttpRequest, membership: Membership | None) -> dict[str, Any]:
    """The context that base_app.html asks for, for a page seen by this member."""
    role = membership.role if membership else Role.SCANNER
    items = [_item(request, str(label), name) for label, name, least in ITEMS if allows(role, least)]
    return {
        "nav_title": membership.organization.name if membership else _("Your account"),
        "nav_note": f"{request.user} · {membership.get_role_display()}" if membership else str(request.user),
        "nav_items": [item for item in items if item],
    }


def _item(request: HttpRequest, label: str, url_name: str) -> dict[str, Any] | None:
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return None
    # The pages below an entry are its own; below the home there are all the others.
    current = request.path == url or (url_name != "dashboard:home" and request.path.startswith(url))
    return {"label": label, "url": url, "current": current}
