"""What every page about one organization shares: it is found first, and stands above its tabs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts.models import Organization
from adminpanel.access import asks_again, staff_page
from adminpanel.navigation import show
from adminpanel.selectors.organization import find_organization, read_head, tabs_of

View = Callable[..., HttpResponseBase]


def organization_page(view: View) -> Callable[[HttpRequest, str], HttpResponseBase]:
    """A page for platform admins about the organization of this address; 404 for one that isn't there."""

    @wraps(view)
    def found(request: HttpRequest, slug: str) -> HttpResponseBase:
        return view(request, find_organization(slug))

    return staff_page(found)


def organization_money_page(view: View) -> Callable[[HttpRequest, str], HttpResponseBase]:
    """As organization_page, for what changes who gets money: asks for the password again after a while."""
    return organization_page(asks_again(view))


def show_organization(
    request: HttpRequest, template: str, organization: Organization, context: dict[str, Any], *, tab: str
) -> HttpResponse:
    """A page of an organization with its head; `tab` is the one that it belongs to."""
    head = {"organization": organization, "head": read_head(organization), "tabs": tabs_of(organization, tab)}
    return show(request, template, {**head, **context})
