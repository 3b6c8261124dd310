"""Cancelling an event: what it would cost, the name to type, and how far the refunds are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Role
from accounts.navigation import navigation
from maly.errors import MalyError
from ticketing.access import enter_event
from ticketing.forms.cancellations import CancelEventForm
from ticketing.models import Event
from ticketing.selectors.cancellations import find_progress
from ticketing.services.cancellation_preview import preview_cancellation
from ticketing.services.cancellations import cancel_event


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask, cancel, and from then on show how far the refunds are."""
    event, membership = enter_event(request, slug, Role.ADMIN)
    context = {"event": event, **navigation(request, membership)}
    if event.status == Event.Status.CANCELLED:
        context["progress"] = find_progress(event)
        return render(request, "ticketing/organizer/cancelled.html", context)
    form = CancelEventForm(request.POST or None, event=event)
    if form.is_valid():
        try:
            cancel_event(event, actor=request.user, reason=form.cleaned_data["reason"])
        except MalyError as error:
            form.say(error)
        else:
            return redirect("ticketing:event-cancel", slug)
    context |= {"form": form, "preview": preview_cancellation(event)}
    return render(request, "ticketing/organizer/cancel.html", context)
