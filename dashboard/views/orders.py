"""The organizer's page of one order."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.navigation import navigation
from accounts.navigation_memory import show_entry
from dashboard.selectors.order_detail import order_detail
from ticketing.access import enter_order


@never_cache
@require_safe
def order(request: HttpRequest, code: str) -> HttpResponse:
    """One order with everything that happened to it and its money."""
    found, membership = enter_order(request, code, Role.MANAGER)
    page = order_detail(found, membership)
    if page.disputes:
        show_entry(request, membership, "ticketing:disputes")
    context = {"order": found, "event": found.event, "page": page, **navigation(request, membership)}
    return render(request, "dashboard/order.html", context)
