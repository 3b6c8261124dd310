"""An order's page and its buttons, and the two addresses that Stripe leads back to."""

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from maly.errors import MalyError, NotFound
from maly.throttling import address, throttle
from ticketing.access import find_order
from ticketing.forms import read_quantity
from ticketing.models import Order
from ticketing.order_keys import known_keys, remember_order
from ticketing.selectors.orders import find_order_of_session, order_page, order_path
from ticketing.services import renewal
from ticketing.services.checkout import cancel_checkout, resume_checkout
from ticketing.services.confirmation import CHANGING, confirm_order
from ticketing.services.orders import note_tickets_seen
from ticketing.wording import problem_of


@login_not_required
@never_cache
@require_safe
def order(request: HttpRequest, code: str) -> HttpResponseBase:
    """Order, tickets and success page in one; it looks again by itself while the payment is confirmed."""
    waits = read_quantity(request.GET.get("wait", ""))
    found = _find_order(request, code)
    if waits:
        found = confirm_order(found)
    page = order_page(found, waits=waits)
    if page.tickets and request.GET.get("key") == found.key:
        note_tickets_seen(found)
    response = render(request, "ticketing/order.html", {"order": found, "page": page})
    remember_order(request, response, found)
    return response


def _find_order(request: HttpRequest, code: str, data: Mapping[str, str] | None = None) -> Order:
    """The order, for whoever may see it. Misses are counted by address, so that nobody can go on guessing keys."""
    key = (request.GET if data is None else data).get("key", "")
    try:
        return find_order(request.user, code, key=key, session_keys=known_keys(request))
    except NotFound:
        throttle("lookup", address(request))
        raise


@login_not_required
@require_POST
def resume(request: HttpRequest, code: str) -> HttpResponse:
    """On to the payment page: the one that is open, or a new one if the tickets are still there."""
    found = _find_order(request, code, request.POST)
    try:
        throttle("checkout", address(request))
        url, _expires_at = resume_checkout(found)
    except MalyError as error:
        messages.error(request, problem_of(error).words)
        return redirect(order_path(found))
    return redirect(url)


@login_not_required
@require_POST
def keep_holding(request: HttpRequest, code: str) -> HttpResponse:
    """Hold the tickets for another while; the order page says until when."""
    found = _find_order(request, code, request.POST)
    try:
        throttle("checkout", address(request))
        renewal.keep_holding(found)
        messages.success(request, _("Your tickets are held. The time is below."))
    except MalyError as error:
        messages.error(request, problem_of(error).words)
    return redirect(order_path(found))


@login_not_required
@require_POST
def cancel(request: HttpRequest, code: str) -> HttpResponse:
    """Give the tickets back before paying."""
    found = _find_order(request, code, request.POST)
    try:
        cancel_checkout(found)
    except MalyError as error:
        messages.error(request, problem_of(error).words)
    return redirect(order_path(found))


@login_not_required
@never_cache
@require_safe
def payment_success(request: HttpRequest) -> HttpResponse:
    """Where Stripe sends the buyer back to: only a hint, so the order page asks Stripe itself."""
    found = find_order_of_session(request.GET.get("session_id", ""))
    response = redirect(f"{order_path(found)}&wait=1")
    remember_order(request, response, found)
    return response


@login_not_required
@never_cache
@require_safe
def payment_cancel(request: HttpRequest) -> HttpResponse:
    """Where Stripe's back arrow leads: the tickets are freed, and the way back keeps cart and details."""
    found = _find_order(request, request.GET.get("order", ""))
    problem = None
    try:
        cancel_checkout(found)
        found.refresh_from_db(fields=CHANGING)
    except MalyError as error:
        problem = problem_of(error)
    page = order_page(found)
    if page.state == "paid":
        return redirect(order_path(found))
    response = render(
        request, "ticketing/payment_cancel.html", {"order": found, "page": page, "problem": problem}
    )
    remember_order(request, response, found)
    return response
