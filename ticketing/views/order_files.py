"""What a buyer takes away from the order page: the tickets as a PDF, the event for the calendar."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from maly.throttling import address, throttle
from ticketing.access import find_order, owns_order
from ticketing.errors import NoTickets
from ticketing.models import Order
from ticketing.order_keys import known_keys
from ticketing.selectors.orders import order_path
from ticketing.services.ticket_files import calendar_file, tickets_pdf


@login_not_required
@never_cache
@require_safe
def tickets(request: HttpRequest, code: str) -> HttpResponse:
    """The tickets that count, one on each page."""
    throttle("lookup", address(request))
    order = _find(request, code)
    try:
        content = tickets_pdf(order)
    except NoTickets as error:
        messages.error(request, error.detail)
        page = reverse("ticketing:order", args=[order.code])
        return redirect(order_path(order) if _is_own(request, order) else page)
    return _file(content, f"tickets-{order.code}.pdf", "application/pdf")


@login_not_required
@never_cache
@require_safe
def calendar(request: HttpRequest, code: str) -> HttpResponse:
    """The event, with the way to the tickets in it for their buyer."""
    throttle("lookup", address(request))
    order = _find(request, code)
    content = calendar_file(order.event, order=order if _is_own(request, order) else None)
    return _file(content, f"{order.event.slug}.ics", "text/calendar; charset=utf-8")


def _find(request: HttpRequest, code: str) -> Order:
    return find_order(request.user, code, key=request.GET.get("key", ""), session_keys=known_keys(request))


def _is_own(request: HttpRequest, order: Order) -> bool:
    """Whether the buyer asks; a member of the organization is never given the order's key."""
    key = request.GET.get("key", "")
    return owns_order(request.user, order, key=key, session_keys=known_keys(request))


def _file(content: bytes, name: str, content_type: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Robots-Tag": "noindex"},
    )
