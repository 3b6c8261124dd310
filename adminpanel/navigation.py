"""The cockpit's side navigation."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User

OVERVIEW = "adminpanel:overview"
DJANGO_ADMIN = "admin:index"
# What needs a look every day comes first.
ITEMS = (
    (_("Overview"), OVERVIEW),
    (_("Organizations"), "adminpanel:organizations"),
    (_("Revenue"), "adminpanel:revenue"),
    (_("Transactions"), "adminpanel:transactions"),
    (_("Payouts"), "adminpanel:payouts"),
    (_("Fees"), "adminpanel:fees"),
    (_("Disputes"), "adminpanel:disputes"),
    (_("Exceptions"), "adminpanel:exceptions"),
    (_("Premium"), "adminpanel:premium"),
    (_("Operations"), "adminpanel:operations"),
    (_("Audit log"), "adminpanel:audit"),
    (_("Django admin"), DJANGO_ADMIN),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context that base_app.html asks for."""
    return {
        "nav_title": _("Platform staff"),
        "nav_note": str(request.user),
        "nav_label": _("Platform staff"),
        "nav_items": [
            _item(request.path, str(label), name) for label, name in ITEMS if _is_for(request.user, name)
        ],
    }


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page of the cockpit, with its navigation."""
    return render(request, template, {**context, **navigation(request)}, status=status)


def _is_for(user: User | AnonymousUser, name: str) -> bool:
    """Whether it leads anywhere: the Django admin is for those with staff status alone."""
    return name != DJANGO_ADMIN or user.is_staff


def _item(path: str, label: str, name: str) -> dict[str, Any]:
    url = reverse(name)
    return {"label": label, "url": url, "current": path == url or (name != OVERVIEW and path.startswith(url))}
