"""Sales across all events: the page, and its weeks and events as a table for spreadsheets."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.errors import PremiumRequired
from accounts.models import Membership, Organization, Role
from accounts.navigation import navigation
from dashboard.selectors.insight import Insight, sales_insight
from maly.errors import NotFound
from maly.money import to_decimal
from maly.spreadsheets import stream_csv


@require_safe
def insight(request: HttpRequest) -> HttpResponse:
    """The insight; without Premium one plain line that says what it is part of. Who sells nothing yet has none."""
    try:
        membership = access.find_current_membership(request, role=Role.MANAGER)
    except NotFound:
        return _show(request, None, {"is_begin": True})
    try:
        page = _find(request, membership.organization)
    except PremiumRequired:
        return _show(request, membership, {"is_owner": membership.role == Role.OWNER})
    return _show(request, membership, {"page": page})


@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The weeks and the events as CSV; without Premium back to the page, which says so."""
    membership = access.find_current_membership(request, role=Role.MANAGER)
    try:
        page = _find(request, membership.organization)
    except PremiumRequired:
        return redirect("dashboard:insight")
    return stream_csv(_rows(page), name=_file_name(membership, page))


def _show(request: HttpRequest, membership: Membership | None, context: dict[str, object]) -> HttpResponse:
    return render(request, "dashboard/insight.html", {**context, **navigation(request, membership)})


def _find(request: HttpRequest, organization: Organization) -> Insight:
    asked = {name: request.GET.get(name, "") for name in ("currency", "period")}
    return sales_insight(organization, **asked)


def _file_name(membership: Membership, page: Insight) -> str:
    return f"insight-{membership.organization.slug}-{page.currency}.csv"


def _rows(page: Insight) -> Iterator[tuple[object, ...]]:
    yield ("kind", "name", "orders", "tickets", "paid", "refunded", "currency")
    for kind, named in (
        ("week", [(row.begins.isoformat(), row) for row in page.weeks]),
        ("event", [(row.event.title, row) for row in page.events]),
    ):
        for name, row in named:
            paid = to_decimal(row.paid_amount, page.currency)
            refunded = to_decimal(row.refunded_amount, page.currency)
            yield (kind, name, row.orders, row.tickets, paid, refunded, page.currency.upper())
