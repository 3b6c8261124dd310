"""An event's door links: made, shown once with their QR code, and revoked."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Role
from accounts.navigation import navigation
from maly.errors import MalyError
from ticketing.access import enter_event
from ticketing.forms.doors import DoorLinkForm
from ticketing.links import door_url
from ticketing.selectors.door import count_entries
from ticketing.services.door_links import create_door_link, revoke_door_link
from ticketing.services.tickets import qr_svg


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def door_links(request: HttpRequest, slug: str) -> HttpResponse:
    """The event's doors, and a form for another. The answer to that form is the only page that ever shows a link."""
    event, membership = enter_event(request, slug, Role.MANAGER)
    form = DoorLinkForm(request.POST or None, event=event)
    context = {"event": event, "form": form, **navigation(request, membership)}
    if form.is_valid():
        try:
            made, token = create_door_link(event, actor=request.user, **form.saved_fields())
        except MalyError as error:
            form.add_error(error.attr, error.detail)
        else:
            url = door_url(token)
            context |= {"made": made, "url": url, "qr": mark_safe(qr_svg(url))}  # noqa: S308
            context["form"] = DoorLinkForm(event=event)
    links = event.door_links.select_related("created_by").order_by("-id")[:100]
    context |= {"links": list(links), "entries": count_entries(event)}
    return render(request, "ticketing/organizer/doors.html", context)


@require_POST
def revoke(request: HttpRequest, slug: str, door: str) -> HttpResponse:
    """End a link at once."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    link = revoke_door_link(event, actor=request.user, public_id=door)
    messages.success(request, _("The link of %(name)s no longer works.") % {"name": link.name})
    return redirect("ticketing:event-doors", slug)
