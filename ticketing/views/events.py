"""The list of events, and one event with its ticket box."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import has_role
from accounts.models import Role
from ticketing.forms import read_cart
from ticketing.models import Event
from ticketing.page_cache import FINGERPRINT, is_nobody, is_plain, kept_list, kept_page
from ticketing.selectors.browse import browse_events, first_page
from ticketing.selectors.event_search import read_event_filters
from ticketing.selectors.events import find_event, show_event


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What's on: published events to come, soonest first, narrowed down by what stands in the address."""
    filters = read_event_filters(request.GET)
    edges = {name: request.GET.get(name, "") for name in ("after", "before")}

    def show() -> HttpResponse:
        found = browse_events(filters, **edges)
        url = settings.SITE_URL + reverse("ticketing:home")
        return render(request, "ticketing/home.html", {"list": found, "url": url})

    # The pages that most visitors see; one of somebody's own words isn't worth keeping.
    is_usual = not (filters.has_words or filters.day or any(edges.values()))
    if is_usual and is_nobody(request):
        return kept_list(request, filters.query(), first_page(filters), show)
    return show()


@login_not_required
@require_safe
def event(request: HttpRequest, slug: str) -> HttpResponse:
    """One event with its ticket box; the steppers' buttons come back here when there is no script."""
    if not is_plain(request):
        found = find_event(slug, request.user)
        return _render_event(request, found) if found.slug == slug else _lead_on(request, found)
    found = find_event(slug, AnonymousUser(), fingerprint=FINGERPRINT)
    if found.slug != slug:
        return _lead_on(request, found)
    return kept_page(request, found, lambda: _render_event(request, found))


def _lead_on(request: HttpRequest, event: Event) -> HttpResponse:
    """From an address that the event had to the one that it has; asked for again each time, since it may go back."""
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    response = HttpResponsePermanentRedirect(reverse("ticketing:event", args=[event.slug]) + query)
    response["Cache-Control"] = "no-cache"
    return response


def _render_event(request: HttpRequest, found: Event) -> HttpResponse:
    page = show_event(found, chosen=read_cart(request.GET), revealed=request.GET.get("ticket", ""))
    # Only of a draft, so that a visitor of a published event costs no look at memberships.
    may_edit = not found.is_public and has_role(request.user, found.organization_id, Role.MANAGER)
    return render(request, "ticketing/event.html", {"event": found, "page": page, "may_edit": may_edit})
