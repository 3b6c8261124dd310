"""An order's page and its buttons, and the two addresses that Stripe leads back to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from maly.errors import Invalid, MalyError, NotFound
from maly.throttling import address, throttle
from ticketing.access import find_order, find_own_order, owns_order
from ticketing.forms import EmailForm, read_quantity
from ticketing.models import Order
from ticketing.order_keys import known_keys, remember_order
from ticketing.pushes import order_topic
from ticketing.selectors.orders import find_order_of_session, order_page, order_path
from ticketing.services import renewal
from ticketing.services.buyers import correct_email
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
    key = request.GET.get("key", "")
    is_own = owns_order(request.user, found, key=key, session_keys=known_keys(request))
    if (
        not is_own
    ):  # a member of the organization stays a member: the page's links get no key, which would outlast it
        found.key = ""
    context = {"order": found, "page": page, "is_own": is_own}
    if is_own and page.state not in ("expired", "cancelled"):
        context["push_topic"] = order_topic(found)
    response = render(request, "ticketing/order.html", context)
    if is_own:
        remember_order(request, response, found)
    return response


def _find_order(request: HttpRequest, code: str) -> Order:
    """The order, for whoever may see it. Misses are counted by address, so that nobody can go on guessing keys."""
    with _misses_counted(request):
        return find_order(
            request.user, code, key=request.GET.get("key", ""), session_keys=known_keys(request)
        )


def _find_own_order(request: HttpRequest, code: str, data: Mapping[str, str]) -> Order:
    """As `_find_order`, for its buyer alone: what is done here is the buyer's doing, and gives out the order's key."""
    with _misses_counted(request):
        return find_own_order(request.user, code, key=data.get("key", ""), session_keys=known_keys(request))


@contextmanager
def _misses_counted(request: HttpRequest) -> Iterator[None]:
    try:
        yield
    except NotFound:
        throttle("lookup", address(request))
        raise


@login_not_required
@require_POST
def resume(request: HttpRequest, code: str) -> HttpResponse:
    """On to the payment page: the one that is open, or a new one if the tickets are still there."""
    found = _find_own_order(request, code, request.POST)
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
    found = _find_own_order(request, code, request.POST)
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
    found = _find_own_order(request, code, request.POST)
    try:
        cancel_checkout(found)
    except MalyError as error:
        messages.error(request, problem_of(error).words)
    return redirect(order_path(found))


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def email(request: HttpRequest, code: str) -> HttpResponse:
    """The buyer's own correction of the address; the tickets go there, and the old link and codes stop working."""
    found = _find_own_order(request, code, request.POST or request.GET)
    form = EmailForm(request.POST or None, initial={"email": found.email})
    if request.method == "POST" and form.is_valid():
        try:
            throttle("checkout", address(request))
            found = correct_email(found, email=form.cleaned_data["email"])
        except MalyError as error:
            form.add_error("email" if isinstance(error, Invalid) else None, error.detail)
        else:
            messages.success(
                request, _("Your tickets are on their way to %(email)s.") % {"email": found.email}
            )
            response = redirect(order_path(found))
            remember_order(request, response, found)
            return response
    status = 400 if form.is_bound else 200
    return render(request, "ticketing/order_email.html", {"order": found, "form": form}, status=status)


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
    found = _find_own_order(request, request.GET.get("order", ""), request.GET)
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
