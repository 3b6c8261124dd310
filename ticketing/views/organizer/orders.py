"""The organizer's list of orders, and the same as a table for spreadsheets."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import find_current_membership
from accounts.models import Role
from accounts.navigation import navigation
from accounts.navigation_memory import is_shown, show_entry
from maly.errors import NotFound
from maly.spreadsheets import stream_csv
from ticketing.selectors.dispute_pages import has_disputes
from ticketing.selectors.order_filters import read_filters
from ticketing.selectors.organizer_orders import export_rows, list_orders

DISPUTES = "ticketing:disputes"


@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """The organization's orders; filters, search and page stand in the address."""
    try:
        membership = find_current_membership(request, role=Role.MANAGER)
    except NotFound:  # in no organization yet: the first page says how to begin
        return redirect("dashboard:home")
    found = list_orders(
        membership.organization,
        read_filters(request.GET),
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
    )
    if not is_shown(request, membership, DISPUTES) and has_disputes(membership.organization):
        show_entry(request, membership, DISPUTES)
    context = {"membership": membership, "list": found, **navigation(request, membership)}
    return render(request, "ticketing/organizer/orders.html", context)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Every order that the list's filters let through, as CSV."""
    organization = find_current_membership(request, role=Role.MANAGER).organization
    name = f"orders-{organization.slug}-{timezone.now():%Y-%m-%d}.csv"
    return stream_csv(export_rows(organization, read_filters(request.GET)), name=name)
