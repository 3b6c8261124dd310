"""An organization's fees: what counts and why, its own rate, and the plan that it is on. Changes are checked first."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Organization
from adminpanel.forms.fees import PlanForm, RateForm, ReasonForm
from adminpanel.selectors.fees import rate_in_words
from adminpanel.selectors.organization_fees import (
    fee_page,
    other_plan,
    preview_move,
    terms_in_currency,
    with_rate,
)
from adminpanel.views.organization_base import organization_money_page, organization_page, show_organization
from connect.fee_tables import make_tables
from connect.services import terms as services
from connect.services.fees import FeeTermsInForce, rate_text
from maly.errors import Invalid, MalyError, NotFound
from maly.money import CURRENCIES, to_decimal

FEES = "adminpanel:organization-fees"
DOLLARS = "usd"
FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
@organization_page
def fees(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The Fees tab: what counts, what it does, and how it came about."""
    page = fee_page(organization, request.GET.get("currency", ""))
    return show_organization(
        request, "adminpanel/organization_fees.html", organization, {"page": page}, tab="fees"
    )


@require_http_methods(FORM_METHODS)
@organization_money_page
def rate(request: HttpRequest, organization: Organization) -> HttpResponse:
    """An own rate: typed with a preview, checked, and set by the second button."""
    terms = terms_in_currency(organization, currency_of(request))
    form = rate_form(request, RateForm, terms)
    if form.is_bound and form.is_valid():
        if request.POST.get("step") != "confirm":
            return _show_check(request, organization, form, terms)
        if _set_rate(request, organization, form):
            messages.success(request, _("The new rate is set. It applies to new orders only."))
            return redirect(FEES, organization.slug)
    context = {"form": form, "rate_now": rate_in_words(terms), **read_preview(form, terms)}
    return show_organization(request, "adminpanel/organization_rate.html", organization, context, tab="fees")


@require_safe
@organization_page
def rate_preview(request: HttpRequest, organization: Organization) -> JsonResponse:
    """What the rate in the form would do, for fee-preview.js."""
    terms = terms_in_currency(organization, currency_of(request))
    form = RateForm(request.GET, currency=terms.currency)
    return preview_answer(request, read_preview(form, terms))


@require_http_methods(FORM_METHODS)
@organization_money_page
def remove_rate(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Back to the plan's rate: what it would do, why, and then it is done."""
    page = fee_page(organization, currency_of(request))
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            services.remove_override(
                organization, currency=page.currency, actor=request.user, reason=form.cleaned_data["reason"]
            )
        except MalyError as error:
            form.say(error)
        else:
            messages.success(request, _("The plan’s rate counts again. It applies to new orders only."))
            return redirect(FEES, organization.slug)
    tables = make_tables(page.plan_terms, now=page.terms)
    context = {"form": form, "page": page, "tables": tables}
    return show_organization(
        request, "adminpanel/organization_rate_remove.html", organization, context, tab="fees"
    )


@require_http_methods(FORM_METHODS)
@organization_money_page
def plan(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Another plan: what it would change, why, and then it is done."""
    target = other_plan(organization, request.POST.get("plan") or request.GET.get("plan", ""))
    if target is None:
        raise NotFound
    move = preview_move(organization, target, currency_of(request))
    form = PlanForm(request.POST or None, initial={"plan": target.code})
    if form.is_valid():
        try:
            services.assign_plan(organization, actor=request.user, **form.cleaned_data)
        except MalyError as error:
            form.say(error)
        else:
            told = _("%(name)s is on the plan %(plan)s now. It applies to new orders only.")
            messages.success(request, told % {"name": organization, "plan": form.cleaned_data["plan"]})
            return redirect(FEES, organization.slug)
    return show_organization(
        request, "adminpanel/organization_plan.html", organization, {"form": form, "move": move}, tab="fees"
    )


def currency_of(request: HttpRequest) -> str:
    """The currency that the request is about, dollars if it doesn't say. Raises NotFound for one that isn't known."""
    currency = request.POST.get("currency") or request.GET.get("currency") or DOLLARS
    if currency not in CURRENCIES:
        raise NotFound
    return currency


def rate_form(request: HttpRequest, kind: type[RateForm], terms: FeeTermsInForce, **initial: str) -> RateForm:
    """The form as it was sent; when it is only looked at, as it was typed, else with the rate in force."""
    if request.POST.get("step") in ("check", "confirm"):
        return kind(request.POST, currency=terms.currency)
    in_force = {
        "percent": rate_text(terms.percent),
        "fixed_amount": str(to_decimal(terms.fixed_amount, terms.currency)),
    }
    typed = {name: request.POST[name] for name in kind.base_fields if name in request.POST}
    return kind(initial={**in_force, **initial, **typed}, currency=terms.currency)


def read_preview(form: RateForm, terms: FeeTermsInForce) -> dict[str, Any]:
    """The tables of what stands in the form, beside the terms in force; or what is wrong with it."""
    try:
        tables = make_tables(with_rate(terms, *form.read_rate()), now=terms)
    except Invalid as error:
        return {"problem": error.detail}
    return {"tables": tables}


def preview_answer(request: HttpRequest, context: dict[str, Any]) -> JsonResponse:
    return JsonResponse({"html": render_to_string("adminpanel/_fee_preview.html", context, request)})


def _show_check(
    request: HttpRequest, organization: Organization, form: RateForm, terms: FeeTermsInForce
) -> HttpResponse:
    given = form.cleaned_data
    then = with_rate(terms, given["percent"], given["fixed_amount"])
    context = {
        "form": form,
        "rate_now": rate_in_words(terms),
        "rate_then": rate_in_words(then),
        "tables": make_tables(then, now=terms),
    }
    return show_organization(
        request, "adminpanel/organization_rate_check.html", organization, context, tab="fees"
    )


def _set_rate(request: HttpRequest, organization: Organization, form: RateForm) -> bool:
    given = form.cleaned_data
    try:
        services.set_override(
            organization,
            percent=given["percent"],
            fixed_amount=given["fixed_amount"],
            currency=form.currency,
            effective_from=given["starts_at"],
            actor=request.user,
            reason=given["reason"],
        )
    except MalyError as error:
        form.say(error)
        return False
    return True
