"""The organizations that somebody works in: the list, choosing one, making one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access
from accounts.forms import OrganizationForm
from accounts.models import Membership
from accounts.navigation import navigation
from accounts.selectors import memberships_of
from accounts.services.organizations import create_organization
from maly.errors import MalyError, NotFound


@require_safe
def organizations(request: HttpRequest) -> HttpResponse:
    """Every organization of the person, with a button to work in it."""
    current = current_or_none(request)
    context = {
        "memberships": memberships_of(request.user),
        "current": current,
        **navigation(request, current),
    }
    return render(request, "accounts/organizations.html", context)


@require_POST
def choose_organization(request: HttpRequest) -> HttpResponse:
    """Work in another organization from now on."""
    membership = access.choose_organization(request, request.POST.get("organization", ""))
    messages.success(request, _("You now work in %(name)s.") % {"name": membership.organization.name})
    return redirect("accounts:team")


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
            messages.success(
                request, _("%(name)s is ready. You are its owner.") % {"name": organization.name}
            )
            return redirect("accounts:team")
    context = {"form": form, **navigation(request, current_or_none(request))}
    return render(request, "accounts/organization_form.html", context)


def current_or_none(request: HttpRequest) -> Membership | None:
    """Where the person works, if they are in an organization at all."""
    try:
        return access.find_current_membership(request)
    except NotFound:
        return None
