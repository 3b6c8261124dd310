"""The buyer's details, once, and on to the payment."""

import json

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from maly.codes import make_key
from maly.errors import MalyError
from maly.throttling import address, throttle
from ticketing.access import find_order
from ticketing.forms import CheckoutForm, read_cart
from ticketing.order_keys import known_keys, remember_order
from ticketing.selectors.events import EventPage, event_page
from ticketing.services.checkout import Item, start_checkout
from ticketing.wording import problem_of


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, slug: str) -> HttpResponse:
    """The buyer's details, once; Continue to payment holds the tickets and leads to Stripe's page."""
    if request.method == "POST":
        return _place_order(request, slug)
    cart, details = _read_start(request)
    page = event_page(slug, request.user, chosen=cart)
    if not page.quantity:
        if cart or page.is_buyable:
            messages.warning(request, " ".join(page.changes) or _("Choose at least one ticket."))
        return redirect(f"{page.path}#tickets")
    return _render_checkout(request, page, CheckoutForm(initial=details))


def _read_start(request: HttpRequest) -> tuple[dict[str, int], dict[str, str]]:
    """Cart and details to begin with: those of an order that was left, else the address's cart."""
    if code := request.GET.get("order", ""):
        order = find_order(
            request.user, code, key=request.GET.get("key", ""), session_keys=known_keys(request)
        )
        cart = {
            line.ticket_type.public_id: line.quantity for line in order.lines.select_related("ticket_type")
        }
        return cart, {"email": order.email, "name": order.name}
    if request.user.is_authenticated:
        return read_cart(request.GET), {"email": request.user.email, "name": request.user.name}
    return read_cart(request.GET), {}


def _place_order(request: HttpRequest, slug: str) -> HttpResponse:
    cart = read_cart(request.POST)
    page = event_page(slug, request.user, chosen=cart)
    form = CheckoutForm(request.POST)
    if not form.is_valid() or page.changes or not page.quantity:
        return _render_checkout(request, page, form, status=409 if page.changes or not page.quantity else 400)
    try:
        throttle("checkout", address(request))
        started = start_checkout(
            page.event,
            items=[Item(row.id, row.quantity) for row in page.chosen_rows],
            email=form.cleaned_data["email"],
            name=form.cleaned_data["name"],
            user=request.user if request.user.is_authenticated else None,
            idempotency=_submission(request),
        )
    except MalyError as error:
        page = event_page(slug, request.user, chosen=cart)
        return _render_checkout(request, page, form, error=error, status=error.status)
    response = redirect(started.url)
    remember_order(request, response, started.order)
    return response


def _submission(request: HttpRequest) -> tuple[str, str] | None:
    """The same form sent twice, with the same content, is one order: a double click buys once."""
    once = request.POST.get("once", "")
    sent = sorted((name, value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken")
    return ("form", json.dumps(sent)) if once else None


def _render_checkout(
    request: HttpRequest,
    page: EventPage,
    form: CheckoutForm,
    *,
    error: MalyError | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"event": page.event, "page": page, "form": form, "hold_minutes": settings.HOLD_MINUTES}
    context["once"] = request.POST.get("once") or make_key()
    # What was taken out of the order says more than the refusal that it caused.
    context["problem"] = problem_of(error) if error and not page.changes else None
    response = render(request, "ticketing/checkout.html", context, status=status)
    if retry_after := getattr(error, "retry_after", 0):
        response["Retry-After"] = str(retry_after)
    return response
