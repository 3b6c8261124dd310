"""An organizer's public page."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import has_role
from accounts.models import Role
from ticketing.forms import read_quantity
from ticketing.selectors.organizers import organizer_page


@login_not_required
@require_safe
def organizer(request: HttpRequest, slug: str) -> HttpResponse:
    """Who they are and what they do, for anyone; their own members find the way to change it."""
    is_past = request.GET.get("when") == "past"
    page = organizer_page(slug, is_past=is_past, number=read_quantity(request.GET.get("page", "1")))
    may_edit = has_role(request.user, page.organization.pk, Role.ADMIN)
    return render(request, "ticketing/organizer_public.html", {"page": page, "may_edit": may_edit})
