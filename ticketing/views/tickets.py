"""My tickets: of whoever is signed in, or of an address whose link was opened; and the way to such a link."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from maly.throttling import Throttled, address, throttle
from ticketing.errors import LinkExpired
from ticketing.forms import EmailForm, read_quantity
from ticketing.selectors import my_tickets as selector
from ticketing.services.finding import LINK_MINUTES, read_link_token, send_link

# For how long a browser that opened a link sees its address's orders.
COOKIE, SALT, MAX_AGE = "tickets", "ticketing.my_tickets", 3600
PATH = "/tickets/"


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_tickets(request: HttpRequest) -> HttpResponse:
    """Upcoming and past orders; for somebody we don't know yet, the question which address they bought with."""
    opened = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=MAX_AGE) or ""
    user = request.user if request.user.is_authenticated else None
    if request.method == "POST" or (user is None and not opened):
        return find(request)
    orders = selector.orders_of(user, email=opened)
    page = selector.my_tickets(orders, number=read_quantity(request.GET.get("page", "")) or 1)
    return render(request, "ticketing/my_tickets.html", {"page": page, "opened": opened})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail. The answer is the same whether we know the address or not."""
    form = EmailForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _render_find(request, form, status=400 if form.is_bound else 200)
    try:
        throttle("find", address(request))
    except Throttled as error:
        form.add_error(None, error.detail)
        response = _render_find(request, form, status=error.status)
        response["Retry-After"] = str(error.retry_after)
        return response
    email = form.cleaned_data["email"]
    send_link(email)
    return render(request, "ticketing/find_tickets_sent.html", {"email": email, "minutes": LINK_MINUTES})


def _render_find(request: HttpRequest, form: EmailForm, *, status: int) -> HttpResponse:
    context = {"form": form, "minutes": LINK_MINUTES}
    return render(request, "ticketing/find_tickets.html", context, status=status)


@login_not_required
@never_cache
@require_safe
def link(request: HttpRequest) -> HttpResponse:
    """The link from the mail: this browser sees the address's orders for an hour, and the link isn't in its address."""
    try:
        opened = read_link_token(request.GET.get("token", ""))
    except LinkExpired as error:
        messages.warning(request, error.detail)
        return redirect("ticketing:find-tickets")
    response = redirect("ticketing:my-tickets")
    response.set_signed_cookie(
        COOKIE,
        opened,
        salt=SALT,
        max_age=MAX_AGE,
        path=PATH,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return response


@login_not_required
@require_POST
def close(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Forget the address: the next one at this computer sees nothing."""
    response = redirect("ticketing:find-tickets")
    response.delete_cookie(COOKIE, path=PATH)
    return response
