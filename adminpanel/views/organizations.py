"""Staff's list of organizations, and the tabs of one of them."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import Organization
from adminpanel.access import staff_page
from adminpanel.forms.organizations import read_filters
from adminpanel.navigation import show
from adminpanel.selectors.audit import list_entries
from adminpanel.selectors.audit_filters import read_filters as read_audit_filters
from adminpanel.selectors.organization import read_head
from adminpanel.selectors.organization_summary import list_events, read_summary
from adminpanel.selectors.organizations import list_organizations
from adminpanel.selectors.payouts import PayoutFilters, list_payouts
from adminpanel.selectors.transactions import TransactionFilters, list_transactions
from adminpanel.views.organization_base import organization_page, show_organization
from ticketing.forms.buyers import read_quantity

MOST_DIGITS = 18


@require_safe
@staff_page
def organizations(request: HttpRequest) -> HttpResponse:
    """Every organization; filters, search and page stand in the address."""
    filters = read_filters(request.GET)
    found = list_organizations(filters, **_edges(request))
    return show(request, "adminpanel/organizations.html", {"list": found, "filters": filters})


@require_safe
@organization_page
def summary(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The Summary tab: figures, Stripe, team, the newest entries of the log."""
    page = read_summary(organization, read_head(organization))
    return show_organization(
        request, "adminpanel/organization.html", organization, {"page": page}, tab="summary"
    )


@require_safe
@organization_page
def events(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The Events tab."""
    number = max(1, read_quantity(request.GET.get("page", "1")))
    found = list_events(organization, number=number)
    return show_organization(
        request, "adminpanel/organization_events.html", organization, {"list": found}, tab="events"
    )


@require_safe
@organization_page
def orders(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The Orders tab: what was paid, newest first."""
    found = list_transactions(TransactionFilters(organization=organization), **_edges(request))
    return show_organization(
        request, "adminpanel/organization_orders.html", organization, {"list": found}, tab="orders"
    )


@require_safe
@organization_page
def payouts(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The Payouts tab."""
    edges = {name: _key(text) for name, text in _edges(request).items()}
    found = list_payouts(PayoutFilters(organization=organization), **edges)
    return show_organization(
        request, "adminpanel/organization_payouts.html", organization, {"list": found}, tab="payouts"
    )


@require_safe
@organization_page
def audit(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The Audit tab: the log of this organization alone."""
    filters = replace(read_audit_filters(request.GET), organization=organization.slug)
    found = list_entries(filters, **_edges(request))
    return show_organization(
        request, "adminpanel/organization_audit.html", organization, {"list": found}, tab="audit"
    )


def _edges(request: HttpRequest) -> dict[str, str]:
    """What the address says of the page's edge."""
    return {name: request.GET.get(name, "") for name in ("before", "after")}


def _key(text: str) -> int | None:
    """The key of a row beside the page; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
