"""The plans' fees: what counts, what was and will be, and new terms, checked before they are set."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import money_page, staff_page
from adminpanel.forms.fees import NO, YES, PlanTermsForm
from adminpanel.navigation import show
from adminpanel.selectors.fees import find_plan, new_terms, plan_page, rate_in_words
from adminpanel.views.organization_fees import FORM_METHODS, currency_of, preview_answer, rate_form
from connect.fee_tables import make_tables
from connect.models import FeePlan
from connect.selectors import get_plan_terms
from connect.services.fees import FeeTermsInForce
from connect.services.terms import set_plan_terms
from maly.errors import Invalid, MalyError, NotFound

FEES = "adminpanel:fees"


@require_safe
@staff_page
def fees(request: HttpRequest) -> HttpResponse:
    """A plan's terms in a currency, with their history."""
    page = plan_page(request.GET.get("plan", ""), request.GET.get("currency", ""))
    return show(request, "adminpanel/fees.html", {"page": page})


@require_http_methods(FORM_METHODS)
@money_page
def new(request: HttpRequest) -> HttpResponse:
    """New terms of a plan: typed with a preview, checked, and set by the second button."""
    plan, terms = _find_terms(request, request.POST.get("plan") or request.GET.get("plan", ""))
    initial = {
        "processing_paid_by": str(terms.processing_paid_by),
        "refunds_platform_fee": YES if terms.refunds_platform_fee else NO,
    }
    form = rate_form(request, PlanTermsForm, terms, **initial)
    assert isinstance(form, PlanTermsForm)
    context = {"plan": plan, "now": terms, "rate_now": rate_in_words(terms), "form": form}
    if form.is_bound and form.is_valid():
        if request.POST.get("step") != "confirm":
            return show(request, "adminpanel/fees_check.html", {**context, **_checked(form, terms)})
        if _set_terms(request, plan, form):
            messages.success(request, _("The new terms are set. They apply to new orders only."))
            return redirect(f"{reverse(FEES)}?plan={plan.code}&currency={terms.currency}")
    return show(request, "adminpanel/fees_new.html", {**context, **_read_preview(form, terms)})


@require_safe
@staff_page
def preview(request: HttpRequest) -> JsonResponse:
    """What the terms in the form would do, for fee-preview.js."""
    _plan, terms = _find_terms(request, request.GET.get("plan", ""))
    form = PlanTermsForm(request.GET, currency=terms.currency)
    return preview_answer(request, _read_preview(form, terms))


def _find_terms(request: HttpRequest, code: str) -> tuple[FeePlan, FeeTermsInForce]:
    """The plan and its terms in force in the currency that the request is about. Raises NotFound."""
    plan = find_plan(code)
    terms = get_plan_terms(plan, currency_of(request))
    if terms is None:
        raise NotFound
    return plan, terms


def _read_preview(form: PlanTermsForm, terms: FeeTermsInForce) -> dict[str, Any]:
    try:
        percent, fixed_amount = form.read_rate()
    except Invalid as error:
        return {"problem": error.detail}
    paid_by = form.read_processing(terms.processing_paid_by)
    then = new_terms(terms, percent=percent, fixed_amount=fixed_amount, paid_by=paid_by)
    return {"tables": make_tables(then, now=terms)}


def _checked(form: PlanTermsForm, terms: FeeTermsInForce) -> dict[str, Any]:
    given = form.cleaned_data
    then = new_terms(
        terms,
        percent=given["percent"],
        fixed_amount=given["fixed_amount"],
        paid_by=given["processing_paid_by"],
    )
    return {"then": then, "rate_then": rate_in_words(then), "tables": make_tables(then, now=terms)}


def _set_terms(request: HttpRequest, plan: FeePlan, form: PlanTermsForm) -> bool:
    given = dict(form.cleaned_data)
    starts_at = given.pop("starts_at")
    try:
        set_plan_terms(plan, currency=form.currency, effective_from=starts_at, actor=request.user, **given)
    except MalyError as error:
        form.say(error)
        return False
    return True
