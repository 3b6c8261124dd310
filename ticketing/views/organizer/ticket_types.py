"""An event's ticket types: the list in the order that buyers see, the form, and what the list's buttons do."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import allows
from accounts.models import Membership, Role
from accounts.navigation import navigation
from maly.errors import MalyError, NotFound
from ticketing.access import enter_event
from ticketing.errors import TicketTypeChanged
from ticketing.forms.ticket_types import TicketTypeForm, initial_of
from ticketing.models import Event, TicketType
from ticketing.selectors.events import find_terms
from ticketing.selectors.price_lines import PriceLine, price_line
from ticketing.selectors.ticket_types import ticket_types_page
from ticketing.services import ticket_type_lists, ticket_types


@require_safe
def ticket_type_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every ticket type with its price, its stock and what may be done with it."""
    event, membership = enter_event(request, slug, Role.MANAGER)
    context = {
        "event": event,
        "page": ticket_types_page(event),
        "may_connect": allows(membership.role, Role.ADMIN),
        **navigation(request, membership),
    }
    return render(request, "ticketing/organizer/ticket_types.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_ticket_type(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a ticket type."""
    event, membership = enter_event(request, slug, Role.MANAGER)
    form = _form(request, event)
    if form.is_valid():
        try:
            fields = form.saved_fields()
            key = form.draft_key(fields)
            made = ticket_types.create_ticket_type(event, actor=request.user, draft_key=key, **fields)
        except MalyError as error:
            form.say(error)
        else:
            messages.success(request, _("%(name)s is added.") % {"name": made.name})
            return redirect("ticketing:ticket-types", slug)
    return _show(request, form, event, membership)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_ticket_type(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Change a ticket type; a new price is for new orders only."""
    event, membership = enter_event(request, slug, Role.MANAGER)
    ticket_type = _find(event, public_id)
    form = _form(request, event, ticket_type)
    if form.is_valid():
        try:
            ticket_types.update_ticket_type(
                ticket_type,
                actor=request.user,
                version=form.cleaned_data["version"],
                **form.saved_fields(),
            )
        except TicketTypeChanged as error:
            form.say(error)
            form.meet(initial_of(_find(event, public_id), event))
        except MalyError as error:
            form.say(error)
        else:
            messages.success(request, _("Saved. A new price is for new orders only."))
            return redirect("ticketing:ticket-types", slug)
    return _show(request, form, event, membership)


@require_POST
def move(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """One place up or down."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    ticket_type = _find(event, public_id)
    return _do(
        request, event, lambda: ticket_type_lists.move_ticket_type(ticket_type, up="up" in request.POST)
    )


@require_POST
def stop(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Stop selling it, or start again."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    ticket_type = _find(event, public_id)
    is_start = "start" in request.POST
    change = ticket_type_lists.resume_ticket_type if is_start else ticket_type_lists.stop_ticket_type
    words = (
        _("%(name)s is on sale again.")
        if is_start
        else _("%(name)s is no longer sold. Sold ones stay valid.")
    )
    said = words % {"name": ticket_type.name}
    return _do(request, event, lambda: change(ticket_type, actor=request.user), said)


@require_POST
def remove(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Take away what nobody has ordered."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    ticket_type = _find(event, public_id)
    words = _("%(name)s is removed.") % {"name": ticket_type.name}
    return _do(
        request, event, lambda: ticket_type_lists.remove_ticket_type(ticket_type, actor=request.user), words
    )


@require_safe
def price(request: HttpRequest, slug: str) -> HttpResponse:
    """The line under the price while it is being typed; the same words as after saving."""
    event, _membership = enter_event(request, slug, Role.MANAGER)
    form = TicketTypeForm({"price_amount": request.GET.get("price", "")}, event=event)
    line = _line(form, event)
    is_problem = bool(form["price_amount"].errors or (line and line.problem))
    return JsonResponse({"words": line.words if line else "", "is_problem": is_problem})


def _form(request: HttpRequest, event: Event, ticket_type: TicketType | None = None) -> TicketTypeForm:
    """The form as it was sent; for a preview one that only shows what was typed, and what the price means."""
    initial = initial_of(ticket_type, event) if ticket_type else {}
    given: dict[str, Any] = {"event": event, "ticket_type": ticket_type}
    form = TicketTypeForm(request.POST or None, initial=initial, **given)
    if "preview" not in request.POST:
        return form
    shown = TicketTypeForm(initial={**initial, **form.as_typed()}, **given)
    shown.preview_of = form
    return shown


def _find(event: Event, public_id: str) -> TicketType:
    ticket_type = event.ticket_types.filter(public_id=public_id).first()
    if ticket_type is None:
        raise NotFound
    return ticket_type


def _do(request: HttpRequest, event: Event, change: Callable[[], object], words: str = "") -> HttpResponse:
    """Do one change and go back to the list, which says what came of it."""
    try:
        change()
    except MalyError as error:
        messages.error(request, error.detail)
    else:
        if words:
            messages.success(request, words)
    return redirect("ticketing:ticket-types", event.slug)


def _show(request: HttpRequest, form: TicketTypeForm, event: Event, membership: Membership) -> HttpResponse:
    context = {"event": event, "form": form, "line": _line(form, event), **navigation(request, membership)}
    return render(request, "ticketing/organizer/ticket_type_form.html", context)


def _line(form: TicketTypeForm, event: Event) -> PriceLine | None:
    """What the price in the form means; None while there is none."""
    amount = form.typed_price
    if form.price_problem:
        return PriceLine(0, event.currency, problem=form.price_problem)
    return None if amount is None else price_line(event, amount, find_terms(event))
