"""The organizer's home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import Role
from accounts.navigation import navigation
from dashboard.selectors.home import home_page
from dashboard.selectors.welcome import fees_of_kinds
from maly.errors import NotFound


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page after signing in."""
    try:
        membership = access.find_current_membership(request)
    except NotFound:
        context = {"fees": fees_of_kinds(), **navigation(request, None)}
        return render(request, "dashboard/welcome.html", context)
    context = {
        "membership": membership,
        "is_manager": access.allows(membership.role, Role.MANAGER),
        "page": home_page(membership),
        **navigation(request, membership),
    }
    return render(request, "dashboard/home.html", context)
