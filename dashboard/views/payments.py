"""Payment settings."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access
from accounts.models import Membership, Role
from accounts.navigation import navigation
from accounts.services.organizations import personal_organization
from connect.errors import NotYetKnown, OrganizerNotConnected, StripeUnavailable
from connect.models import AccountState
from connect.selectors import get_current_account, payment_status
from connect.services import accounts, terms
from dashboard.forms import DisconnectForm, ScheduleForm
from dashboard.selectors import payments as selectors
from dashboard.selectors.payout_cards import payout_cards
from maly.errors import MalyError, NotFound
from payouts.selectors.next_payout import read_next_payout
from payouts.services.schedules import set_schedule
from payouts.wording.payouts import schedule_in_words


@never_cache
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """How the organization is paid and who bears the fees; `now` in the address waits for what Stripe says."""
    return _settings_page(request, _paid_membership(request), ask="now" in request.GET)


@require_POST
def connect_stripe(request: HttpRequest) -> HttpResponse:
    """Start at Stripe, or go on where somebody stopped; a link is made on every click."""
    organization = _paid_membership(request).organization
    try:
        try:
            link = accounts.create_onboarding_link(organization, actor=request.user)
        except OrganizerNotConnected:
            country = settings.STRIPE_COUNTRIES[0]
            _account, link = accounts.start_onboarding(organization, actor=request.user, country=country)
    except MalyError as error:
        return _say(request, error)
    return redirect(link.url)


@require_POST
def stripe_dashboard(request: HttpRequest) -> HttpResponse:
    """Open the Express dashboard."""
    organization = _paid_membership(request).organization
    try:
        return redirect(accounts.create_dashboard_link(organization, actor=request.user))
    except MalyError as error:
        return _say(request, error)


@never_cache
@require_safe
def stripe_return(request: HttpRequest) -> HttpResponse:
    """Back from Stripe, which says nothing about having finished: read the account, then show how it stands."""
    membership = _returning_membership(request)
    account = get_current_account(membership.organization)
    if account is not None and account.stripe_account_id and account.state != AccountState.DISCONNECTED:
        try:
            accounts.read_account(account, actor=request.user)
        except (StripeUnavailable, NotYetKnown):
            messages.warning(request, _("Stripe can't be reached right now. This page may be out of date."))
    return _payments_page(request, membership, "dashboard/payments_return.html")


@require_safe
def stripe_refresh(request: HttpRequest) -> HttpResponse:
    """Where Stripe sends somebody whose link has lapsed or was used: straight on with a new one."""
    membership = _returning_membership(request)
    try:
        link = accounts.create_onboarding_link(membership.organization, actor=request.user)
    except MalyError as error:
        return _say(request, error)
    return redirect(link.url)


@require_POST
def choose_fees(request: HttpRequest) -> HttpResponse:
    """Choose who bears the fees."""
    organization = _paid_membership(request).organization
    try:
        chosen = request.POST.get("fee_absorption", "")
        terms.set_fee_absorption(organization, fee_absorption=chosen, actor=request.user)
    except MalyError as error:
        return _say(request, error)
    messages.success(request, _("Saved. It applies to new orders."))
    return redirect("dashboard:payments")


@never_cache
@require_POST
def choose_schedule(request: HttpRequest) -> HttpResponse:
    """Choose when Stripe pays out."""
    membership = _paid_membership(request)
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, membership, form)
    try:
        chosen = set_schedule(membership.organization, schedule=form.schedule, actor=request.user)
    except MalyError as error:
        return _say(request, error)
    messages.success(request, _("Saved. Payouts: %(words)s.") % {"words": schedule_in_words(chosen)})
    return redirect(f"{reverse('dashboard:payments')}?now=1")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: HttpRequest) -> HttpResponse:
    """A page of its own: what stops, what goes on, and the organization's web address to type."""
    return _disconnect(request, access.find_current_membership(request, role=Role.OWNER))


@reauthentication_required
def _disconnect(request: HttpRequest, membership: Membership) -> HttpResponse:
    """For somebody who has given their password (or second factor) within the last minutes."""
    form = DisconnectForm(request.POST or None)
    if form.is_valid():
        try:
            accounts.disconnect(membership.organization, actor=request.user, **form.cleaned_data)
        except MalyError as error:
            form.add_error(error.attr, error.detail)
        else:
            messages.success(request, _("Stripe is disconnected. Past orders and payouts go on as before."))
            return redirect("dashboard:payments")
    context = {
        "form": form,
        "organization": membership.organization,
        "status": payment_status(membership.organization),
        "events_on_sale": selectors.count_events_on_sale(membership.organization),
        "balance": read_next_payout(membership.organization, ask=False),
        **navigation(request, membership),
    }
    return render(request, "dashboard/disconnect.html", context)


def _paid_membership(request: HttpRequest) -> Membership:
    """Where the caller works, for ADMIN and up; somebody in no organization gets a personal one, made on first use."""
    try:
        return access.find_current_membership(request, role=Role.ADMIN)
    except NotFound:
        organization = personal_organization(request.user)
        return access.find_membership(request.user, organization.slug, role=Role.ADMIN)


def _returning_membership(request: HttpRequest) -> Membership:
    """The organization that the link was made for, whichever one the caller works in by now."""
    slug = request.GET.get("organization", "")
    if not slug:
        return _paid_membership(request)
    access.find_membership(request.user, slug, role=Role.ADMIN)
    return access.choose_organization(request, slug)


def _settings_page(
    request: HttpRequest,
    membership: Membership,
    schedule_form: ScheduleForm | None = None,
    *,
    ask: bool = True,
) -> HttpResponse:
    cards = payout_cards(membership.organization, schedule_form, ask=ask)
    return _payments_page(request, membership, "dashboard/payments.html", payouts=cards, form=schedule_form)


def _payments_page(request: HttpRequest, membership: Membership, template: str, **more: Any) -> HttpResponse:
    context = {
        "membership": membership,
        "page": selectors.payments_page(membership),
        "is_test_mode": not settings.STRIPE_LIVE_MODE,
        **navigation(request, membership),
    }
    return render(request, template, {**context, **more})


def _say(request: HttpRequest, error: MalyError) -> HttpResponse:
    messages.error(request, error.detail)
    return redirect("dashboard:payments")
