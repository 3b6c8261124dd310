"""What a buyer has typed at an event's checkout, in a signed cookie of that page alone, for the browser's session.

So nothing is typed twice: after the back button, after leaving the payment, after a look at the event, without script.
"""

from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from ticketing.forms import name_field
from ticketing.models import Event, Order

COOKIE = "buyer"
SALT = "ticketing.buyer_details"
# A longer cookie wouldn't be kept by every browser.
LONGEST = 3800
MAX_AGE = 24 * 3600


@dataclass(frozen=True)
class BuyerDetails:
    """The checkout's fields by name, and the code of the order that they were last sent for."""

    fields: dict[str, str] = field(default_factory=dict)
    order: str = ""


def read_details(request: HttpRequest) -> BuyerDetails:
    """What this browser typed here before; nothing when it didn't, or the cookie was tampered with."""
    try:
        data: dict[str, Any] = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return BuyerDetails()
    return BuyerDetails(fields=data["fields"], order=data["order"])


def keep_details(request: HttpRequest, response: HttpResponse, event: Event, *, order: str = "") -> None:
    """Keep what stands in the submitted form for the next visit, and the order that is under way here, if any."""
    kept = {
        name: str(value)
        for name, value in request.POST.items()
        if value and (name in ("email", "name") or name.startswith("who-"))
    }
    text = signing.dumps(
        {"fields": kept, "order": order or read_details(request).order}, salt=SALT, compress=True
    )
    if len(text) > LONGEST:
        return
    response.set_cookie(
        COOKIE,
        text,
        path=reverse("ticketing:checkout", args=[event.slug]),
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )


def details_of(order: Order) -> dict[str, str]:
    """The checkout's fields as they were when this order was made."""
    names = {
        name_field(line.ticket_type.public_id, number): name
        for line in order.lines.select_related("ticket_type")
        for number, name in enumerate(line.attendee_names, start=1)
    }
    return {"email": order.email, "name": order.name, **names}
