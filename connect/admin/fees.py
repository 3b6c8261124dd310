"""Fees: plans and what they ask for, rates of single organizations, and who is on which plan. Each with its preview."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import admin
from django.forms import ModelForm, Script
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse

from accounts.admin.base import AddOnly, ReadOnly, StaffAdmin
from accounts.models import Organization
from connect.fee_preview import (
    FeePreview,
    losses_of,
    preview_assignment,
    preview_override,
    preview_plan_terms,
)
from connect.forms import FeeOverrideForm, FeeTermsForm, PlanAssignmentForm
from connect.models import FeeOverride, FeePlan, FeeTerms, PaymentSettings, PlanAssignment
from connect.selectors import get_terms_of_many
from connect.services import terms
from maly.money import CURRENCIES

NOT_KEPT = ("csrfmiddlewaretoken", "_preview", "_save")


class Previewed(AddOnly):
    """Rows added by a service, after a preview of what they would do that follows what is typed."""

    asks_again = True
    change_form_after_template = "connect/admin/fee_preview.html"
    preview_template = "connect/admin/_fee_preview.html"
    preview_fields = "organization currency percent fixed_amount"

    class Media:
        js = [Script("js/fee-preview.js", defer=True)]

    def foresee(self, given: QueryDict) -> Any:
        """What the form as it is filled in would do; None until enough of it is."""
        raise NotImplementedError

    @property
    def preview_name(self) -> str:
        return f"connect_{self.opts.model_name}_preview"

    def get_urls(self) -> list[URLPattern]:
        preview = path("preview/", self.admin_site.admin_view(self.preview), name=self.preview_name)
        return [preview, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "_preview" in request.POST:  # without JavaScript: the form again, filled in, with its preview
            given = request.POST.copy()
            for name in NOT_KEPT:
                given.pop(name, None)
            return redirect(f"{request.path}?{given.urlencode()}")
        context = {
            "fee_preview": self.foresee(request.POST or request.GET),
            "preview_template": self.preview_template,
            "preview_fields": self.preview_fields,
            "preview_url": reverse(f"admin:{self.preview_name}"),
            **(extra_context or {}),
        }
        response: HttpResponse = super().add_view(request, form_url, context)
        return response

    def preview(self, request: HttpRequest) -> JsonResponse:
        """What the form would do, for fee-preview.js."""
        if not self.has_add_permission(request):
            return JsonResponse({"html": ""}, status=403)
        html = render_to_string(self.preview_template, {"fee_preview": self.foresee(request.GET)})
        return JsonResponse({"html": html})

    @admin.display(description="losses")
    def losses(self, row: FeeTerms | FeeOverride) -> str:
        """What the platform loses on these terms; a loss is allowed and said wherever the terms are shown."""
        return " ".join(losses_of(row, on=getattr(row, "stands_on", None)))


@admin.register(FeePlan)
class FeePlanAdmin(ReadOnly, StaffAdmin):
    list_display = ["name", "code", "is_default_for"]


@admin.register(FeeTerms)
class FeeTermsAdmin(Previewed, StaffAdmin):
    form = FeeTermsForm
    preview_fields = "plan currency percent fixed_amount processing_paid_by"
    list_display = [
        "plan",
        "currency",
        "percent",
        "fixed_amount",
        "rounding",
        "processing_paid_by",
        "effective_from",
        "reason",
        "losses",
    ]
    list_filter = ["plan"]
    list_select_related = ["plan"]

    def foresee(self, given: QueryDict) -> FeePreview | None:
        plan = _chosen(FeePlan, given.get("plan"))
        currency = given.get("currency") or "usd"
        if plan is None or currency not in CURRENCIES:
            return None
        try:
            percent, fixed_amount = _rate(given)
        except (InvalidOperation, ValueError):
            return FeePreview(problem="The rate isn't a number.")
        return preview_plan_terms(
            plan,
            currency=currency,
            percent=percent,
            fixed_amount=fixed_amount,
            processing_paid_by=given.get("processing_paid_by"),
        )

    def save_by_service(self, request: HttpRequest, obj: FeeTerms, form: ModelForm, change: bool) -> FeeTerms:  # noqa: ARG002
        given = dict(form.cleaned_data)
        return terms.set_plan_terms(given.pop("plan"), actor=request.user, **given)


@admin.register(FeeOverride)
class FeeOverrideAdmin(Previewed, StaffAdmin):
    form = FeeOverrideForm
    list_display = [
        "organization",
        "currency",
        "percent",
        "fixed_amount",
        "effective_from",
        "created_by",
        "reason",
        "losses",
    ]
    list_per_page = 25
    list_select_related = ["organization", "created_by"]
    search_fields = ["organization__name", "organization__slug"]
    autocomplete_fields = ["organization"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the terms that each rate on the page stands on, found in one go."""
        page = super().get_changelist_instance(request)
        known = get_terms_of_many([(row.organization, row.currency) for row in page.result_list])
        for row in page.result_list:
            row.stands_on = known.get((row.organization_id, row.currency))
        return page

    def foresee(self, given: QueryDict) -> FeePreview | None:
        organization = _chosen(Organization, given.get("organization"))
        currency = given.get("currency") or "usd"
        if organization is None or currency not in CURRENCIES:
            return None
        try:
            percent, fixed_amount = _rate(given)
        except (InvalidOperation, ValueError):
            return FeePreview(problem="The rate isn't a number.")
        return preview_override(organization, currency=currency, percent=percent, fixed_amount=fixed_amount)

    def save_by_service(
        self,
        request: HttpRequest,
        obj: FeeOverride,  # noqa: ARG002
        form: ModelForm,
        change: bool,  # noqa: ARG002
    ) -> FeeOverride:
        given = dict(form.cleaned_data)
        organization = given.pop("organization")
        if given["percent"] is not None:
            return terms.set_override(organization, actor=request.user, **given)
        removed = terms.remove_override(
            organization,
            currency=given["currency"],
            actor=request.user,
            reason=given["reason"],
        )
        assert removed is not None, "the form refuses an organization without an override"
        return removed


@admin.register(PlanAssignment)
class PlanAssignmentAdmin(Previewed, StaffAdmin):
    form = PlanAssignmentForm
    preview_template = "connect/admin/_plan_preview.html"
    preview_fields = "organization plan"
    list_display = ["organization", "plan", "effective_from", "created_by", "reason"]
    list_filter = ["plan"]
    list_select_related = ["organization", "plan", "created_by"]
    search_fields = ["organization__name", "organization__slug"]
    autocomplete_fields = ["organization"]

    def foresee(self, given: QueryDict) -> Any:
        organization, plan = (
            _chosen(Organization, given.get("organization")),
            _chosen(FeePlan, given.get("plan")),
        )
        return None if organization is None or plan is None else preview_assignment(organization, plan)

    def save_by_service(
        self,
        request: HttpRequest,
        obj: PlanAssignment,  # noqa: ARG002
        form: ModelForm,
        change: bool,  # noqa: ARG002
    ) -> PlanAssignment:
        given = dict(form.cleaned_data)
        assigned = terms.assign_plan(given.pop("organization"), actor=request.user, **given)
        assert assigned is not None, "the form refuses the plan that an organization is on"
        return assigned


@admin.register(PaymentSettings)
class PaymentSettingsAdmin(ReadOnly, StaffAdmin):
    list_display = ["organization", "fee_absorption"]
    list_select_related = ["organization"]
    search_fields = ["organization__name", "organization__slug"]


def _chosen(model: type[Any], key: str | None) -> Any:
    """The row that a form names; None until it names one."""
    return model.objects.filter(pk=key).first() if key and key.isdecimal() and len(key) < 19 else None


def _rate(given: QueryDict) -> tuple[Decimal | None, int | None]:
    """The rate of a form. Raises InvalidOperation or ValueError for what is no number."""
    percent, fixed_amount = given.get("percent"), given.get("fixed_amount")
    return Decimal(percent) if percent else None, int(fixed_amount) if fixed_amount else None
