"""Who comes to an event: the list, and the same as a table for spreadsheets."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.navigation import navigation
from maly.spreadsheets import stream_csv
from ticketing.access import enter_event
from ticketing.forms import read_quantity
from ticketing.selectors.attendees import export_attendees, list_attendees


@require_safe
def attendee_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The event's attendees, by tab; search and page stand in the address."""
    event, membership = enter_event(request, slug, Role.MANAGER)
    number = max(1, read_quantity(request.GET.get("page", "1")))
    found = list_attendees(event, tab=request.GET.get("tab", ""), search=_search(request), number=number)
    context = {"event": event, "list": found, **navigation(request, membership)}
    return render(request, "ticketing/organizer/attendees.html", context)


@require_safe
def export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Every attendee of the tab that the search finds, as CSV."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    rows = export_attendees(event, tab=request.GET.get("tab", ""), search=_search(request))
    return stream_csv(rows, name=f"attendees-{event.slug}.csv")


def _search(request: HttpRequest) -> str:
    return " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
