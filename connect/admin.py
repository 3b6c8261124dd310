"""Connect in the Django admin: everything can be read; rates are added, with a reason; events can be replayed."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from unfold.admin import ModelAdmin

from accounts.admin import ReadOnly
from accounts.models import Organization
from connect.fee_preview import FeePreview, losses_of, preview_override
from connect.forms import FeeOverrideForm, FeeTermsForm, PlanAssignmentForm
from connect.models import (
    ConnectedAccount,
    EventCursor,
    FeeOverride,
    FeePlan,
    FeeTerms,
    PaymentSettings,
    PlanAssignment,
    StripeEvent,
)
from connect.services import inbox, terms
from maly.money import CURRENCIES


class AddOnly:
    """Rows are added by a service and never changed or deleted."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        saved = self.add_by_service(request, form.cleaned_data)
        obj.__dict__.update(saved.__dict__)

    @admin.display(description="losses")
    def losses(self, row: FeeTerms | FeeOverride) -> str:
        """What the platform loses on these terms; a loss is allowed and said wherever the terms are shown."""
        return " ".join(losses_of(row))

    def add_by_service(self, request: HttpRequest, given: dict[str, Any]) -> Any:
        raise NotImplementedError


@admin.register(FeePlan)
class FeePlanAdmin(ReadOnly, ModelAdmin):
    list_display = ["name", "code", "is_default_for"]


@admin.register(FeeTerms)
class FeeTermsAdmin(AddOnly, ModelAdmin):
    form = FeeTermsForm
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
    list_filter = ["plan", "currency"]
    list_select_related = ["plan"]

    def add_by_service(self, request: HttpRequest, given: dict[str, Any]) -> FeeTerms:
        plan = given.pop("plan")
        return terms.set_plan_terms(plan, actor=request.user, **given)


@admin.register(FeeOverride)
class FeeOverrideAdmin(AddOnly, ModelAdmin):
    form = FeeOverrideForm
    change_form_after_template = "connect/admin/fee_preview.html"
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
    list_filter = ["currency"]
    list_per_page = 25
    list_select_related = ["organization", "created_by"]
    search_fields = ["organization__name", "organization__slug"]
    autocomplete_fields = ["organization"]

    class Media:
        js = [Script("js/fee-preview.js", defer=True)]

    def add_by_service(self, request: HttpRequest, given: dict[str, Any]) -> FeeOverride:
        organization = given.pop("organization")
        if given["percent"] is not None:
            return terms.set_override(organization, actor=request.user, **given)
        removed = terms.remove_override(
            organization, currency=given["currency"], actor=request.user, reason=given["reason"]
        )
        assert removed is not None, "the form refuses an organization without an override"
        return removed

    def get_urls(self) -> list[URLPattern]:
        preview = path(
            "preview/", self.admin_site.admin_view(self.preview), name="connect_feeoverride_preview"
        )
        return [preview, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "_preview" in request.POST:  # without JavaScript: the form again, filled in, with its preview
            names = ("organization", "currency", "percent", "fixed_amount", "reason")
            given = {name: request.POST[name] for name in names if request.POST.get(name)}
            return redirect(f"{request.path}?{urlencode(given)}")
        context = {"fee_preview": _read_preview(request.POST or request.GET), **(extra_context or {})}
        return super().add_view(request, form_url, context)

    def preview(self, request: HttpRequest) -> JsonResponse:
        """What the rate in the form would do, for fee-preview.js."""
        if not self.has_add_permission(request):
            return JsonResponse({"html": ""}, status=403)
        preview = {"fee_preview": _read_preview(request.GET)}
        return JsonResponse({"html": render_to_string("connect/admin/_fee_preview.html", preview)})


@admin.register(PlanAssignment)
class PlanAssignmentAdmin(AddOnly, ModelAdmin):
    form = PlanAssignmentForm
    list_display = ["organization", "plan", "effective_from", "created_by", "reason"]
    list_filter = ["plan"]
    list_select_related = ["organization", "plan", "created_by"]
    search_fields = ["organization__name", "organization__slug"]
    autocomplete_fields = ["organization"]

    def add_by_service(self, request: HttpRequest, given: dict[str, Any]) -> PlanAssignment:
        organization = given.pop("organization")
        assigned = terms.assign_plan(organization, actor=request.user, **given)
        assert assigned is not None, "the form refuses the plan that an organization is on"
        return assigned


@admin.register(PaymentSettings)
class PaymentSettingsAdmin(ReadOnly, ModelAdmin):
    list_display = ["organization", "fee_absorption"]
    list_select_related = ["organization"]
    search_fields = ["organization__name", "organization__slug"]


@admin.register(ConnectedAccount)
class ConnectedAccountAdmin(ReadOnly, ModelAdmin):
    list_display = ["organization", "stripe_account_id", "shown_state", "is_current", "synced_at"]
    list_filter = ["is_current", "charges_enabled", "payouts_enabled", "country"]
    list_select_related = ["organization"]
    search_fields = ["organization__name", "organization__slug", "stripe_account_id"]

    @admin.display(description="state")
    def shown_state(self, account: ConnectedAccount) -> str:
        return str(account.state.label)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "event_id",
        "type",
        "endpoint",
        "status",
        "attempts",
        "received_at",
        "acknowledged_at",
        "short_error",
    ]
    list_filter = ["status", "endpoint", "type"]
    search_fields = ["event_id", "object_id", "account"]
    date_hierarchy = "received_at"
    show_full_result_count = False
    actions = ["replay_events", "acknowledge_events"]

    @admin.display(description="error")
    def short_error(self, event: StripeEvent) -> str:
        return event.error[:80]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("connect.change_stripeevent"))

    @admin.action(description="Handle again…", permissions=["replay"])
    def replay_events(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> HttpResponse:
        if page := self._ask_why(request, events, "replay_events", "Handle events again"):
            return page
        count = inbox.replay(events, actor=request.user, reason=request.POST["reason"].strip())
        self.message_user(request, f"{count} events will be handled again.", messages.SUCCESS)
        return redirect(reverse("admin:connect_stripeevent_changelist"))

    @admin.action(description="Let dead letters rest…", permissions=["replay"])
    def acknowledge_events(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> HttpResponse:
        if page := self._ask_why(request, events, "acknowledge_events", "Let dead letters rest"):
            return page
        count = inbox.acknowledge(events, actor=request.user, reason=request.POST["reason"].strip())
        self.message_user(request, f"{count} dead letters need nothing more.", messages.SUCCESS)
        return redirect(reverse("admin:connect_stripeevent_changelist"))

    def _ask_why(
        self, request: HttpRequest, events: QuerySet[StripeEvent], action: str, title: str
    ) -> HttpResponse | None:
        """The page that asks for a reason; None once one is given."""
        if request.POST.get("reason", "").strip():
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "events": events,
            "was_sent": "reason" in request.POST,
        }
        return render(request, f"connect/admin/{action}.html", context)


def _read_preview(given: Any) -> FeePreview | None:
    """The preview of what a form holds; None until an organization is chosen."""
    chosen = str(given.get("organization", ""))
    organization = Organization.objects.filter(pk=chosen).first() if chosen.isdecimal() else None
    currency = given.get("currency") or "usd"
    if organization is None or currency not in CURRENCIES:
        return None
    try:
        percent = Decimal(given["percent"]) if given.get("percent") else None
        fixed_amount = int(given["fixed_amount"]) if given.get("fixed_amount") else None
    except (InvalidOperation, ValueError):
        return FeePreview(problem="The rate isn't a number.")
    return preview_override(organization, currency=currency, percent=percent, fixed_amount=fixed_amount)


@admin.register(EventCursor)
class EventCursorAdmin(ReadOnly, ModelAdmin):
    list_display = ["__str__", "complete_at", "found", "found_at", "error"]
    search_fields = ["account_id"]
