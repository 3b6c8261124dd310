"""Putting an order right: its tickets sent again, and another name on a ticket."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Role
from accounts.navigation import navigation
from maly.errors import MalyError
from ticketing.access import enter_order
from ticketing.forms.orders import RenameForm, ResendForm
from ticketing.selectors.organizer_orders import find_ticket
from ticketing.services.buyers import rename_ticket, resend_tickets

ORDER = "dashboard:order-detail"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for the address, then send the tickets again."""
    order, membership = enter_order(request, code, Role.MANAGER)
    form = ResendForm(request.POST or None, initial={"email": order.email})
    if form.is_valid():
        try:
            order = resend_tickets(order, actor=request.user, email=form.cleaned_data["email"])
        except MalyError as error:
            form.say(error)
        else:
            messages.success(
                request, _("The tickets are on their way to %(email)s.") % {"email": order.email}
            )
            return redirect(ORDER, code)
    context = {"order": order, "form": form, **navigation(request, membership)}
    return render(request, "ticketing/organizer/order_resend.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, code: str, ticket: str) -> HttpResponse:
    """Put another name on a ticket."""
    order, membership = enter_order(request, code, Role.MANAGER)
    one = find_ticket(order, ticket)
    form = RenameForm(request.POST or None, initial={"name": one.holder_name})
    if form.is_valid():
        try:
            one = rename_ticket(one, actor=request.user, name=form.cleaned_data["name"])
        except MalyError as error:
            form.say(error)
        else:
            messages.success(request, _("The ticket is in the name of %(name)s.") % {"name": one.holder_name})
            return redirect(ORDER, code)
    context = {"order": order, "ticket": one, "form": form, **navigation(request, membership)}
    return render(request, "ticketing/organizer/ticket_rename.html", context)
