"""What a person wants to be told by email, and the link that ends it without signing in."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.forms import MailChoicesForm
from notifications.models import SalesMail
from notifications.services.choices import (
    choices_of,
    choose_sales_mail,
    find_subscription,
    sales_mail_of,
    stop_sales_mail,
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_choices(request: HttpRequest) -> HttpResponse:
    """How one hears of sales, for each organization that one sells for."""
    memberships = choices_of(request.user)
    form = MailChoicesForm(request.POST or None, memberships=memberships)
    if form.is_valid():
        for membership_id, sales in form.chosen():
            choose_sales_mail(request.user, membership_id=membership_id, sales=sales)
        messages.success(request, _("Saved. This is what you get from now on."))
        return redirect("mail-choices")
    told_of_each = [each for each in memberships if sales_mail_of(each) == SalesMail.EACH]
    context = {
        "form": form,
        "memberships": memberships,
        "push_memberships": told_of_each if settings.VAPID_PRIVATE_KEY else [],
    }
    return render(request, "notifications/mail_choices.html", context)


@never_cache
@csrf_exempt  # a mail program posts here by itself (RFC 8058); the signed address is the permission
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End one member's emails about sales. Opening the link asks first: scanners of mail open every link."""
    membership = find_subscription(token)
    if request.method == "POST":
        stop_sales_mail(membership)
    context: dict[str, Any] = {
        "organization": membership.organization,
        "is_stopped": request.method == "POST" or sales_mail_of(membership) == SalesMail.NEVER,
    }
    return render(request, "notifications/unsubscribe.html", context)
