"""The organizer's list of events, one event's overview, and what its buttons do."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import allows, find_current_membership
from accounts.models import Role
from accounts.navigation import navigation
from maly.errors import MalyError, NotFound
from ticketing.access import enter_event
from ticketing.forms import read_quantity
from ticketing.forms.once import make_form_key, make_token
from ticketing.models import Event
from ticketing.selectors.event_overview import event_overview
from ticketing.selectors.organizer_events import list_events
from ticketing.services import event_copies, events


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """The organization's events, by tab; search and page stand in the address."""
    try:
        membership = find_current_membership(request, role=Role.MANAGER)
    except NotFound:  # in no organization yet: the first page says how to begin
        return redirect("dashboard:home")
    search = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    number = max(1, read_quantity(request.GET.get("page", "1")))
    found = list_events(membership.organization, tab=request.GET.get("tab", ""), search=search, number=number)
    context = {
        "membership": membership,
        "list": found,
        "once": make_token(),
        **navigation(request, membership),
    }
    return render(request, "ticketing/organizer/events.html", context)


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """How an event does."""
    event, membership = enter_event(request, slug, Role.MANAGER)
    page = event_overview(event)
    is_admin = allows(membership.role, Role.ADMIN)
    context = {
        "event": page.event,
        "page": page,
        "once": make_token(),
        "is_admin": is_admin,
        "may_cancel": is_admin and event.status != Event.Status.CANCELLED,
        **navigation(request, membership),
    }
    return render(request, "ticketing/organizer/event.html", context)


@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a draft on sale, or go on after a pause."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    words = _("Sales go on.") if event.published_at else _("Published. Tickets can be bought from now on.")
    return _do(request, event, lambda: events.publish_event(event, actor=request.user), words)


@require_POST
def pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop selling for now."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    words = _("Sales are paused. Tickets already sold stay valid.")
    return _do(request, event, lambda: events.pause_event(event, actor=request.user), words)


@require_POST
def duplicate(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a draft like this event, and open it."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    try:
        key = make_form_key(request.POST.get("once", "")[:64], event.pk)
        copy = event_copies.duplicate_event(event, actor=request.user, draft_key=key)
    except MalyError as error:
        messages.error(request, error.detail)
        return redirect("ticketing:event-overview", slug)
    messages.success(request, _("This is the copy. Check its name and dates, then publish it."))
    return redirect("ticketing:event-edit", copy.slug)


def _do(request: HttpRequest, event: Event, change: Callable[[], Event], words: str) -> HttpResponse:
    """Change an event and go back to its overview, which says what came of it."""
    try:
        change()
    except MalyError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, words)
    return redirect("ticketing:event-overview", event.slug)
