"""Back from Stripe's payment page."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from connect.errors import StripeUnavailable
from maly.throttling import throttle
from premium.models import Subscription
from premium.selectors.pricing import pricing_page
from premium.services.lifecycle import Verified, verify_checkout
from premium.views.billing import caller, person

# Looks of a page without script, three seconds apart.
SLOW_AFTER = 11


@never_cache
@require_safe
def success(request: HttpRequest) -> HttpResponse:
    """Welcome to whoever has paid; who hasn't yet waits here. Another person's session isn't there."""
    throttle("lookup", caller(request))
    session_id = request.GET.get("session_id", "")
    verified = _verify(request, session_id)
    if verified and verified.status == "expired":
        messages.info(request, _("No money was taken: the time to pay is over. Choose a plan to try again."))
        return redirect("premium:pricing")
    paid = verified if verified and verified.current_period_end else None
    is_paid = paid is not None and paid.is_premium
    if paid and not is_paid and paid.status != Subscription.Status.INCOMPLETE:
        return redirect("premium:billing")  # an old address: what was paid has ended, or has failed since
    context = {"is_paid": is_paid, **_looks(request, session_id)}
    if is_paid:
        context["page"] = pricing_page(request.user)
    return render(request, "premium/success.html", context)


def _verify(request: HttpRequest, session_id: str) -> Verified | None:
    """None while Stripe can't be reached: the page looks again."""
    try:
        return verify_checkout(person(request), session_id)
    except StripeUnavailable:
        return None


def _looks(request: HttpRequest, session_id: str) -> dict[str, object]:
    """Where the page looks next; after half a minute it says that it takes long."""
    given = request.GET.get("wait", "")
    waits = min(int(given), SLOW_AFTER) if given.isdecimal() and len(given) < 4 else 0
    path = f"{reverse('premium:success')}?{urlencode({'session_id': session_id})}"
    return {
        "first_look": path,
        "next_look": f"{path}&wait={waits + 1}",
        "last_look": f"{path}&wait={SLOW_AFTER}",
        "is_slow": waits >= SLOW_AFTER,
    }
