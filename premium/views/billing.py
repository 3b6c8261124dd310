"""A person's billing: how their Premium stands and what they paid, and what they do with it."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access
from accounts.models import Membership, User
from accounts.navigation import navigation
from maly.errors import MalyError, NotFound
from maly.throttling import throttle
from premium.access import require_subscription
from premium.errors import NotSubscribed
from premium.selectors.billing import billing_page, losses
from premium.services import lifecycle
from premium.wording import day_text, ending_in_words


@never_cache
@require_safe
def billing(request: HttpRequest) -> HttpResponse:
    """The billing settings of whoever is signed in; they belong to the person, not to an organization."""
    return show(request, "premium/billing.html", {"page": billing_page(person(request))})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest) -> HttpResponse:
    """A page of its own: until when Premium lasts and what changes then."""
    try:
        found = require_subscription(person(request))
        if request.method != "POST":
            words = ending_in_words(found)
            return show(request, "premium/cancel.html", {"found": found, "words": words, "losses": losses()})
        throttle("checkout", caller(request))
        found = lifecycle.cancel_at_period_end(person(request))
    except MalyError as error:
        return say(request, error)
    messages.success(request, _("You cancelled Premium. %(words)s") % {"words": ending_in_words(found)})
    return redirect("premium:billing")


@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """Have Premium go on after all."""
    try:
        throttle("checkout", caller(request))
        found = lifecycle.resume(person(request))
    except MalyError as error:
        return say(request, error)
    words = _("You keep Premium. It renews on %(day)s.")
    messages.success(request, words % {"day": day_text(found.current_period_end)})
    return redirect("premium:billing")


@require_POST
def portal(request: HttpRequest) -> HttpResponse:
    """On to Stripe's billing portal, for the card and the details of the invoices."""
    try:
        throttle("checkout", caller(request))
        return redirect(lifecycle.create_portal_link(person(request)))
    except MalyError as error:
        return say(request, error)


@never_cache
@require_safe
def portal_return(request: HttpRequest) -> HttpResponse:
    """Back from Stripe's portal, which doesn't say what was done there: read it rather than wait for the news."""
    try:
        throttle("lookup", caller(request))
        lifecycle.read_subscription(person(request))
    except MalyError as error:
        return say(request, error)
    return redirect("premium:billing")


def person(request: HttpRequest) -> User:
    """Who is signed in; these pages are there for nobody else."""
    assert isinstance(request.user, User), request.path
    return request.user


def caller(request: HttpRequest) -> str:
    """Who is counted by the throttle."""
    return f"user:{person(request).pk}"


def say(request: HttpRequest, error: MalyError) -> HttpResponse:
    """A refusal on the billing page; without a subscription that page says the same."""
    if not isinstance(error, NotSubscribed):
        messages.error(request, error.detail)
    return redirect("premium:billing")


def show(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """A page of billing, with the navigation of wherever the caller works."""
    more = {"is_test_mode": not settings.STRIPE_LIVE_MODE, **navigation(request, _membership(request))}
    return render(request, template, {**context, **more})


def _membership(request: HttpRequest) -> Membership | None:
    try:
        return access.find_current_membership(request)
    except NotFound:
        return None
