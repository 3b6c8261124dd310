"""Changing between monthly and yearly: what it costs is shown first, and that is what is charged."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from maly.errors import MalyError, NotFound
from maly.throttling import throttle
from premium.errors import OfferExpired
from premium.selectors.offers import find_offer
from premium.services.changes import offer_change, take_change
from premium.views.billing import caller, person, say, show


@require_POST
def offer(request: HttpRequest) -> HttpResponse:
    """Ask Stripe what the change would charge, and show it."""
    try:
        throttle("checkout", caller(request))
        offered = offer_change(person(request), plan=request.POST.get("plan", ""))
    except MalyError as error:
        return say(request, error)
    return redirect(f"{reverse('premium:billing-change')}?{urlencode({'offer': offered.token})}")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """The offer, to be taken or left. An address without one leads back to the billing page."""
    token = request.GET.get("offer", "")
    if not token:
        return redirect("premium:billing")
    try:
        if request.method != "POST":
            return show(request, "premium/change_plan.html", {"offer": find_offer(person(request), token)})
        throttle("checkout", caller(request))
        taken = take_change(person(request), token)
    except NotFound:
        raise
    except MalyError as error:
        return say(request, error)
    if taken.status == taken.Status.DONE:
        messages.success(request, _in_words(taken.to_plan))
        return redirect("premium:billing")
    return say(request, OfferExpired())


def _in_words(plan: str) -> str:
    return _("You pay yearly from now on.") if plan == "yearly" else _("You pay monthly from now on.")
