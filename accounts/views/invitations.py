"""The page behind an invitation's link."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.services.invitations import accept_invitation, find_invitation


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Says who invites to what. A visitor signs in or up first and comes back; the person invited accepts by POST."""
    found = find_invitation(token)
    if request.method == "POST" and request.user.is_authenticated:
        membership = accept_invitation(token, user=request.user)
        access.choose_organization(request, membership.organization.slug)
        messages.success(request, _("Welcome to %(name)s.") % {"name": membership.organization.name})
        return redirect("accounts:team")
    if not request.user.is_authenticated:
        # The link came by mail to this address: whoever holds it need not confirm the address again.
        get_adapter().stash_verified_email(request, found.email)
    is_yours = request.user.is_authenticated and request.user.email == found.email
    return render(request, "accounts/invitation.html", {"invitation": found, "is_yours": is_yours})
