"""The organizations that somebody works in: the list, choosing one, making one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access
from accounts.forms import OrganizationForm, SellerForm
from accounts.models import Membership
from accounts.navigation import HOME, navigation, page_in
from accounts.services.organizations import create_organization, personal_organization
from maly.errors import MalyError, NotFound


@require_safe
def organizations(request: HttpRequest) -> HttpResponse:
    """Every organization of the person, with a button to work in it."""
    current = current_or_none(request)
    context = {
        "memberships": sorted(access.memberships_of(request), key=lambda one: one.organization.name.lower()),
        "current": current,
        **navigation(request, current),
    }
    return render(request, "accounts/organizations.html", context)


@require_POST
def choose_organization(request: HttpRequest) -> HttpResponse:
    """Work in another organization from now on, on the page there that is most like the one left."""
    membership = access.choose_organization(request, request.POST.get("organization", ""))
    messages.success(request, _("You now work in %(name)s.") % {"name": membership.organization.name})
    return redirect(page_in(membership, request.POST.get("from", "")))


@require_http_methods(["GET", "HEAD", "POST"])
def new_organization(request: HttpRequest) -> HttpResponse:
    """Make a team organization and work in it."""
    form = OrganizationForm(request.POST or None)
    if form.is_valid():
        try:
            organization = create_organization(request.user, **form.cleaned_data)
        except MalyError as error:
            form.add_error(error.attr, error.detail)
        else:
            access.choose_organization(request, organization.slug)
            messages.success(request, _("%(name)s is ready. You own it.") % {"name": organization.name})
            return redirect(HOME)
    context = {"form": form, **navigation(request, current_or_none(request))}
    return render(request, "accounts/organization_form.html", context)


@require_POST
def sell_alone(request: HttpRequest) -> HttpResponse:
    """Sell under one's own name: the personal organization, made when it is first asked for."""
    form = SellerForm(request.POST)
    name = form.cleaned_data["name"] if form.is_valid() else ""
    organization = personal_organization(request.user, name=name)
    access.choose_organization(request, organization.slug)
    return redirect(HOME)


def current_or_none(request: HttpRequest) -> Membership | None:
    """Where the person works, if they are in an organization at all."""
    try:
        return access.find_current_membership(request)
    except NotFound:
        return None
