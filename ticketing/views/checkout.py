"""The buyer's details, once, and on to the payment."""

import json
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from maly.codes import make_key
from maly.errors import MalyError
from maly.throttling import address, throttle
from ticketing.access import find_order
from ticketing.buyer_details import details_of, keep_details, read_details
from ticketing.forms import CheckoutForm, read_cart
from ticketing.models import Order
from ticketing.order_keys import known_keys, remember_order
from ticketing.selectors.events import EventPage, event_page
from ticketing.selectors.orders import find_held_order
from ticketing.services.checkout import Item, start_checkout
from ticketing.wording import problem_of

# The buttons that change what is ordered, and those that lead back to the event or to the sign-in page.
STEPS = {"add", "remove", "clear", "update"}
LEAVE = "leave"


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, slug: str) -> HttpResponse:
    """The buyer's details, once; Continue to payment holds the tickets and leads to Stripe's page."""
    if request.method == "POST":
        return _take_form(request, slug)
    cart, details, held = _read_start(request)
    page = event_page(slug, request.user, chosen=cart)
    if not page.quantity:
        if cart or page.is_buyable:
            messages.warning(request, " ".join(page.changes) or _("Choose at least one ticket."))
        return redirect(f"{page.path}#tickets")
    return _render_checkout(request, page, CheckoutForm(initial=details, rows=page.named_rows), held=held)


def _read_start(request: HttpRequest) -> tuple[dict[str, int], dict[str, str], Order | None]:
    """Cart and details to begin with: an order's that was left, else the address's cart and what was typed before.

    And the order that this browser has under way here, if its tickets are still held.
    """
    keys = known_keys(request)
    if code := request.GET.get("order", ""):
        order = find_order(request.user, code, key=request.GET.get("key", ""), session_keys=keys)
        cart = {
            line.ticket_type.public_id: line.quantity for line in order.lines.select_related("ticket_type")
        }
        return cart, details_of(order), None
    before, user = read_details(request), request.user
    known = {"email": user.email, "name": user.name} if user.is_authenticated else {}
    return read_cart(request.GET), {**known, **before.fields}, find_held_order(before.order, keys)


def _take_form(request: HttpRequest, slug: str) -> HttpResponse:
    """What was sent: another quantity, the way elsewhere with what was typed kept, or the order."""
    page = event_page(slug, request.user, chosen=read_cart(request.POST))
    if way := request.POST.get(LEAVE):
        here = f"{page.checkout_path}?{page.cart}"
        sign_in = f"{reverse('account_login')}?{urlencode({'next': here})}"
        response = redirect(sign_in if way == "sign-in" else page.cart_path)
        keep_details(request, response, page.event)
        return response
    if STEPS & set(request.POST):
        form = CheckoutForm(initial=request.POST.dict(), rows=page.named_rows)
        return _render_checkout(request, page, form)
    return _place_order(request, page)


def _place_order(request: HttpRequest, page: EventPage) -> HttpResponse:
    form = CheckoutForm(request.POST, rows=page.named_rows)
    is_other = page.changes or not page.quantity or _total_differs(request, page)
    if not form.is_valid() or is_other:
        return _render_checkout(request, page, form, status=409 if is_other else 400)
    try:
        throttle("checkout", address(request))
        started = start_checkout(
            page.event,
            items=[Item(row.id, row.quantity, form.names_for(row)) for row in page.chosen_rows],
            email=form.cleaned_data["email"],
            name=form.cleaned_data["name"],
            user=request.user if request.user.is_authenticated else None,
            idempotency=_submission(request),
        )
    except MalyError as error:
        page = event_page(page.event.slug, request.user, chosen=read_cart(request.POST))
        return _render_checkout(request, page, form, error=error, status=error.status)
    response = redirect(started.url)
    remember_order(request, response, started.order)
    keep_details(request, response, page.event, order=started.order.code)
    return response


def _total_differs(request: HttpRequest, page: EventPage) -> bool:
    """Whether the order costs something else than the page said: nobody is sent to pay what they haven't seen."""
    return request.POST.get("shown", str(page.total_amount)) != str(page.total_amount)


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
    held: Order | None = None,
) -> HttpResponse:
    context = {"event": page.event, "page": page, "form": form, "hold_minutes": settings.HOLD_MINUTES}
    context["once"] = request.POST.get("once") or make_key()
    # A type that was taken down to none stays in sight, so that it can be taken back.
    context["rows"] = [row for row in page.buyable_rows if row.quantity or row.field in request.POST]
    # What was taken out of the order says more than the refusal that it caused.
    context["problem"] = problem_of(error) if error and not page.changes else None
    context["held"] = held
    context["is_new_total"] = request.method == "POST" and status == 409 and _total_differs(request, page)
    response = render(request, "ticketing/checkout.html", context, status=status)
    if retry_after := getattr(error, "retry_after", 0):
        response["Retry-After"] = str(retry_after)
    if request.method == "POST":
        keep_details(request, response, page.event)
    return response
