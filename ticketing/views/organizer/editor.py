"""The event editor: a new event, and what is said of one that exists."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import allows, find_current_membership
from accounts.models import Membership, Organization, Role
from accounts.navigation import navigation
from accounts.services.organizations import personal_organization
from maly.errors import MalyError, NotFound
from ticketing.access import enter_event
from ticketing.errors import EventChanged
from ticketing.forms.events import EventForm, initial_of, initial_of_new
from ticketing.models import Event
from ticketing.selectors.editor import EditorPage, form_options
from ticketing.services import events
from ticketing.services.cover_images import MIDDLE
from ticketing.services.event_dates import last_timezone
from ticketing.services.event_edits import edit_event, make_event


@require_http_methods(["GET", "HEAD", "POST"])
def new_event(request: HttpRequest) -> HttpResponse:
    """Make a draft. Somebody in no organization sells under their own name, from the first event on."""
    membership = _membership_or_none(request)
    organization = membership.organization if membership else None
    email = organization.contact_email if organization else ""
    form = _form(
        request,
        None,
        organization,
        initial_of_new(last_timezone(organization), email),
    )
    if form.is_valid():
        seller = organization or personal_organization(request.user)
        try:
            event = _make(request, seller, form)
        except MalyError as error:
            form.say(error)
        else:
            messages.success(request, _("Saved as a draft. Now add its tickets."))
            return redirect("ticketing:ticket-types", event.slug)
    return _show(request, form, None, membership)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change an event. Nothing that somebody else saved meanwhile is overwritten unseen."""
    event, membership = enter_event(request, slug, Role.MANAGER)
    form = _form(request, event, event.organization, initial_of(event))
    saved = _save(request, event, form) if form.is_valid() else None
    if saved is None:
        return _show(request, form, event, membership)
    if "publish" in request.POST:
        _publish(request, saved)
        return redirect("ticketing:event-overview", saved.slug)
    messages.success(request, _("Saved."))
    return redirect("ticketing:event-edit", saved.slug)


def _make(request: HttpRequest, seller: Organization, form: EventForm) -> Event:
    given, fields = form.cleaned_data, form.saved_fields()
    return make_event(
        seller,
        actor=request.user,
        draft_key=form.draft_key(fields),
        cover=given["cover"],
        focus=given["focus"] or MIDDLE,
        **fields,
    )


def _form(
    request: HttpRequest, event: Event | None, organization: Organization | None, initial: dict[str, Any]
) -> EventForm:
    """The form as it was sent; for a preview one that only shows what was typed, and judges none of it."""
    options = form_options(event, organization)
    form = EventForm(request.POST or None, request.FILES or None, initial=initial, **options)
    if "preview" not in request.POST:
        return form
    shown = EventForm(initial={**initial, **form.as_typed()}, **options)
    shown.preview_of = form
    return shown


def _save(request: HttpRequest, event: Event, form: EventForm) -> Event | None:
    """Save what was typed; None when it can't be, and the form says why."""
    given = form.cleaned_data
    try:
        return edit_event(
            event,
            actor=request.user,
            version=given["version"],
            slug=given["slug"],
            cover=given["cover"],
            focus=given["focus"] or MIDDLE,
            no_cover=given.get("no_cover", False),
            **form.saved_fields(),
        )
    except EventChanged as error:
        form.say(error)
        form.meet(initial_of(Event.objects.get(pk=event.pk)))
    except MalyError as error:
        form.say(error)
    return None


def _publish(request: HttpRequest, event: Event) -> None:
    try:
        events.publish_event(event, actor=request.user)
    except MalyError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("Published. Tickets can be bought from now on."))


def _show(
    request: HttpRequest, form: EventForm, event: Event | None, membership: Membership | None
) -> HttpResponse:
    page = EditorPage(
        event=event,
        draft=form.draft(),
        description=request.POST.get("description", "") if form.preview_of else None,
        has_file=bool(request.FILES),
    )
    context: dict[str, Any] = {"form": form, "page": page, "event": event, "membership": membership}
    context["may_connect"] = bool(membership) and allows(membership.role, Role.ADMIN)
    context |= navigation(request, membership)
    return render(request, "ticketing/organizer/event_form.html", context)


def _membership_or_none(request: HttpRequest) -> Membership | None:
    """Where the caller works, as MANAGER and up; None for somebody in no organization. Raises Forbidden."""
    try:
        return find_current_membership(request, role=Role.MANAGER)
    except NotFound:
        return None
