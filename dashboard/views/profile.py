"""The profile of an organization: what buyers read about it, and where."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.errors import ProfileChanged
from accounts.forms import ProfileForm
from accounts.models import Membership, Role
from accounts.navigation import navigation
from accounts.services.profiles import edit_profile
from dashboard.selectors.profile import ProfilePage, initial_of, profile_page
from maly.errors import MalyError


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """MANAGER reads, ADMIN and up change it. Nothing that somebody else saved meanwhile is overwritten unseen."""
    membership = _membership(request)
    page = profile_page(membership, preview=request.POST.get("description") if _is_preview(request) else None)
    form = _form(request, page)
    if form.is_valid() and _save(request, membership, form):
        messages.success(request, _("Saved. Buyers see it from now on."))
        return redirect("dashboard:profile")
    context = {"page": page, "form": form, "has_file": bool(request.FILES), **navigation(request, membership)}
    return render(request, "dashboard/profile.html", context)


def _membership(request: HttpRequest) -> Membership:
    """Whoever may edit is asked for a second factor before they type, not when they save."""
    membership = access.find_current_membership(request, role=Role.MANAGER)
    if request.method == "POST" or access.allows(membership.role, Role.ADMIN):
        return access.find_current_membership(request, role=Role.ADMIN)
    return membership


def _is_preview(request: HttpRequest) -> bool:
    return "preview" in request.POST


def _form(request: HttpRequest, page: ProfilePage) -> ProfileForm:
    """The form as it was sent; for a preview one that only shows what was typed, and judges none of it."""
    initial = initial_of(page.organization)
    options = {"has_logo": bool(page.organization.logo), "is_address_fixed": page.is_address_fixed}
    form = ProfileForm(request.POST or None, request.FILES or None, initial=initial, **options)
    if not _is_preview(request):
        return form
    return ProfileForm(initial={**initial, **form.as_typed()}, **options)


def _save(request: HttpRequest, membership: Membership, form: ProfileForm) -> bool:
    """Save what was typed; False when it can't be, and the form says why."""
    organization = membership.organization
    try:
        saved = edit_profile(organization, actor=request.user, **form.cleaned_data)
    except ProfileChanged as error:
        organization.refresh_from_db()
        form.add_error(None, error.detail)
        form.meet(initial_of(organization))
    except MalyError as error:
        form.add_error(error.attr if error.attr in form.fields else None, error.detail)
    else:
        access.choose_organization(request, saved.slug)
        return True
    return False
