"""Being paid out now, under the manual schedule: say how much, check it, and it is done once."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import find_current_membership
from accounts.models import Membership, Role
from accounts.navigation import navigation
from connect.errors import OrganizerNotConnected, StripeUnavailable
from maly.errors import MalyError
from payouts.errors import BalanceInsufficient, PayoutScheduleNotManual
from payouts.forms.pay_out import PayOutForm
from payouts.models import OrganizerPayout
from payouts.selectors.next_payout import NextPayout, read_next_payout
from payouts.services.holding import require_not_held
from payouts.services.requests import request_payout

LIST, ONE = "payouts:payout-list", "payouts:payout-detail"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pay_out(request: HttpRequest) -> HttpResponse:
    """Ask how much, show what happens, then ask Stripe for it."""
    membership = find_current_membership(request, role=Role.ADMIN)
    if request.POST.get("step") == "pay":
        return _pay(request, membership)
    try:
        found = _require_payable(membership)
    except MalyError as error:
        messages.error(request, error.detail)
        return redirect(LIST)
    form = PayOutForm(request.POST or None, available=found.available, initial={"nonce": uuid.uuid4().hex})
    is_checked = request.POST.get("step") == "check" and form.is_valid()
    return _show(request, membership, form, is_checked=is_checked, bank=found.bank_words)


def _pay(request: HttpRequest, membership: Membership) -> HttpResponse:
    """What was checked; a page that is sent again, or a button pressed twice, finds the same payout."""
    form = PayOutForm(request.POST)
    if not form.is_valid():
        return _show(request, membership, form, is_checked=False)
    try:
        payout = _request(request, membership, form)
    except MalyError as error:
        form.add_error(None, error.detail)
        return _show(request, membership, form, is_checked=True)
    messages.success(request, _("The payout is made. Your bank should have it in a few days."))
    return redirect(ONE, payout.stripe_payout_id)


def _request(request: HttpRequest, membership: Membership, form: PayOutForm) -> OrganizerPayout:
    given = form.cleaned_data
    return request_payout(
        membership.organization,
        amount=given["amount"],
        currency=given["currency"],
        actor=request.user,
        idempotency=(f"user:{request.user.pk}", f"page:{given['nonce']}"),
    )


def _require_payable(membership: Membership) -> NextPayout:
    """What can be paid out by hand.

    Raises PayoutsHeld, OrganizerNotConnected, StripeUnavailable, PayoutScheduleNotManual, BalanceInsufficient.
    """
    require_not_held(membership.organization)
    found = read_next_payout(membership.organization)
    if not found.is_connected:
        raise OrganizerNotConnected
    if not found.is_answered:
        raise StripeUnavailable
    if not found.is_manual:
        raise PayoutScheduleNotManual
    if not found.has_money:
        raise BalanceInsufficient(_("There is nothing available to pay out yet."))
    return found


def _show(
    request: HttpRequest, membership: Membership, form: PayOutForm, *, is_checked: bool, bank: str = ""
) -> HttpResponse:
    context = {"membership": membership, "form": form, "bank": bank, **navigation(request, membership)}
    if not is_checked:
        return render(request, "payouts/pay_out.html", context)
    currency, amount = form.cleaned_data["currency"], form.cleaned_data["amount"]
    checked = {"currency": currency, "amount": amount, "available_amount": form.available.get(currency)}
    return render(request, "payouts/pay_out_check.html", {**context, **checked})
