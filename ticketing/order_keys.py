"""The keys of the orders that a browser has opened, in a signed cookie: a guest needs no session row."""

from django.http import HttpRequest, HttpResponseBase

from ticketing.models import Order

COOKIE = "orders"
SALT = "ticketing.order_keys"
KEPT = 10
MAX_AGE = 30 * 24 * 3600


def known_keys(request: HttpRequest) -> tuple[str, ...]:
    """The keys that this browser opened orders with, latest first; none when the cookie was tampered with."""
    text = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=MAX_AGE)
    return tuple(key for key in (text or "").split(".") if key)


def remember_order(request: HttpRequest, response: HttpResponseBase, order: Order) -> None:
    """Let this browser open the order again without its key, for 30 days."""
    known = known_keys(request)
    if order.key in known:
        return
    keys = (order.key, *known)[:KEPT]
    response.set_signed_cookie(
        COOKIE,
        ".".join(keys),
        salt=SALT,
        max_age=MAX_AGE,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
