"""Cancelling what cost nothing: a free ticket, or a free order with all of its tickets."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import allows
from accounts.models import Membership, Role
from accounts.navigation import navigation
from maly.errors import MalyError
from ticketing.access import enter_order
from ticketing.forms.orders import CancelTicketsForm
from ticketing.models import Order, Ticket
from ticketing.selectors.organizer_orders import find_ticket
from ticketing.services.ticket_cancellations import cancel_free_order, cancel_ticket, why_not_cancellable

ORDER = "dashboard:order-detail"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_one(request: HttpRequest, code: str, ticket: str) -> HttpResponse:
    """Ask why, then cancel a free ticket. One that was paid for is refunded: its page says so."""
    order, membership = enter_order(request, code, Role.MANAGER)
    one = find_ticket(order, ticket)
    return _ask_and_do(
        request,
        order,
        membership,
        [one],
        lambda reason, restock: cancel_ticket(one, actor=request.user, reason=reason, restock=restock),
        is_order=False,
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_all(request: HttpRequest, code: str) -> HttpResponse:
    """Ask why, then cancel a free order."""
    order, membership = enter_order(request, code, Role.MANAGER)
    tickets = order.tickets.exclude(status=Ticket.Status.CANCELLED).select_related("line")
    return _ask_and_do(
        request,
        order,
        membership,
        list(tickets),
        lambda reason, restock: cancel_free_order(order, actor=request.user, reason=reason, restock=restock),
        is_order=True,
    )


def _ask_and_do(
    request: HttpRequest,
    order: Order,
    membership: Membership,
    tickets: Sequence[Ticket],
    cancel: Callable[[str, bool], object],
    *,
    is_order: bool,
) -> HttpResponse:
    """Show what is cancelled, or why it can't be, and the form; then do it and lead back to the order."""
    live = [each for each in tickets if each.status != Ticket.Status.CANCELLED]
    if not live:  # done before: the order says so
        return redirect(ORDER, order.code)
    form = CancelTicketsForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _cancelled(form, cancel):
        told = ngettext("The ticket is cancelled.", "%(count)s tickets are cancelled.", len(live))
        messages.success(request, told % {"count": len(live)})
        return redirect(ORDER, order.code)
    context = {
        "order": order,
        "event": order.event,
        "form": form,
        "is_order": is_order,
        "may_refund": bool(order.total_amount) and allows(membership.role, Role.ADMIN),
        **_in_words(order, live),
        **navigation(request, membership),
    }
    return render(request, "ticketing/organizer/tickets_cancel.html", context)


def _in_words(order: Order, tickets: Sequence[Ticket]) -> dict[str, Any]:
    """What the page says about the tickets."""
    return {
        "tickets": tickets,
        "checked_in": [each for each in tickets if each.status == Ticket.Status.CHECKED_IN],
        "why_not": why_not_cancellable(order, tickets),
    }


def _cancelled(form: CancelTicketsForm, cancel: Callable[[str, bool], object]) -> bool:
    """Do it; False if it can't be done, which the form then says."""
    try:
        cancel(form.cleaned_data["reason"], form.cleaned_data["restock"])
    except MalyError as error:
        form.say(error)
        return False
    return True
