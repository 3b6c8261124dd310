"""What Premium costs and gives, and the way to the payment."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from maly.errors import MalyError
from maly.throttling import throttle
from premium.errors import AlreadySubscribed
from premium.plans import PLANS, YEARLY
from premium.selectors.pricing import pricing_page
from premium.services.checkouts import start_checkout
from premium.views.billing import caller


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pricing(request: HttpRequest) -> HttpResponse:
    """The two prices and all that Premium gives; for who has it, how it stands. A plan that is chosen leads to Stripe.

    Visitors sign in on the way and come back with their choice.
    """
    if request.method == "POST":
        return _go_on(request)
    chosen = request.GET.get("plan", "")
    page = pricing_page(request.user)
    context = {
        "page": page,
        "chosen": chosen if chosen in PLANS else YEARLY.code.value,
        "is_left": request.GET.get("canceled") == "true" and not page.is_subscribed,
    }
    return render(request, "premium/pricing.html", context)


def _go_on(request: HttpRequest) -> HttpResponse:
    plan = request.POST.get("plan", "")
    back = reverse("premium:pricing") + (f"?{urlencode({'plan': plan})}" if plan in PLANS else "")
    if not isinstance(request.user, User):
        return redirect(f"{reverse('account_login')}?{urlencode({'next': back})}")
    try:
        throttle("checkout", caller(request))
        return redirect(start_checkout(request.user, plan=plan).url)
    except AlreadySubscribed as error:
        messages.info(request, error.detail)
        return redirect("premium:billing")
    except MalyError as error:
        messages.error(request, error.detail)
        return redirect(back)
