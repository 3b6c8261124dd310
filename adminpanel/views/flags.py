"""Flagging an organization, and taking the flag back: the effect first, then why."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Organization
from accounts.services.flags import flag_organization, unflag_organization
from adminpanel.forms.flags import FlagForm
from adminpanel.selectors.flags import read_effect
from adminpanel.views.organization_base import organization_money_page, show_organization
from maly.errors import MalyError

SUMMARY = "adminpanel:organization"


@require_http_methods(["GET", "HEAD", "POST"])
@organization_money_page
def flag(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Stop everything that the organization sells."""
    form = FlagForm(request.POST or None)
    if form.is_valid():
        try:
            flag_organization(organization, actor=request.user, reason=form.cleaned_data["reason"])
        except MalyError as error:
            form.say(error)
        else:
            messages.success(
                request, _("%(name)s is flagged. It sells nothing now.") % {"name": organization}
            )
            return redirect(SUMMARY, organization.slug)
    context = {"form": form, "effect": read_effect(organization)}
    return show_organization(request, "adminpanel/flag.html", organization, context, tab="summary")


@require_http_methods(["GET", "HEAD", "POST"])
@organization_money_page
def unflag(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Let the organization sell again."""
    form = FlagForm(request.POST or None)
    if form.is_valid():
        try:
            unflag_organization(organization, actor=request.user, reason=form.cleaned_data["reason"])
        except MalyError as error:
            form.say(error)
        else:
            messages.success(request, _("%(name)s sells again.") % {"name": organization})
            return redirect(SUMMARY, organization.slug)
    context = {"form": form, "effect": read_effect(organization)}
    return show_organization(request, "adminpanel/flag_unflag.html", organization, context, tab="summary")
