"""Holding payouts: the policy of an organization, events that are excepted from it, and money released by hand."""

from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin

from maly.errors import MalyError
from payouts.admin.payouts import Amounts
from payouts.forms.holding import PayoutHoldExceptionForm, PayoutHoldForm, PayoutReleaseForm
from payouts.models import PayoutHold, PayoutHoldException, PayoutRelease
from payouts.services.holding import end_hold, hold_payouts
from payouts.services.holding_releases import release_amount, release_event


class ByService(ModelAdmin):
    """Saves by a service that calls Stripe, and so outside of a transaction; its refusal is a message."""

    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            # Not Django's own, which opens a transaction around the whole request.
            return self._changeform_view(request, object_id, form_url, extra_context)
        except MalyError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:  # noqa: ARG002
        saved = self.save_by_service(request, obj, form.cleaned_data)
        obj.__dict__.update(saved.__dict__)

    def save_by_service(self, request: HttpRequest, obj: Any, given: dict[str, Any]) -> Any:
        raise NotImplementedError


@admin.register(PayoutHold)
class PayoutHoldAdmin(ByService):
    form = PayoutHoldForm
    list_display = [
        "organization",
        "status",
        "days_after_event",
        "applied_at",
        "set_by",
        "changed_at",
        "reason",
    ]
    list_filter = ["status"]
    list_select_related = ["organization", "set_by"]
    search_fields = ["organization__name", "organization__slug"]
    autocomplete_fields = ["organization"]

    def get_readonly_fields(self, request: HttpRequest, obj: PayoutHold | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("organization",) if obj else ()

    def save_by_service(self, request: HttpRequest, obj: PayoutHold, given: dict[str, Any]) -> PayoutHold:
        organization = given.get("organization") or obj.organization
        who = {"actor": request.user, "reason": given["reason"]}
        if not given["is_held"]:
            return end_hold(organization, **who)
        return hold_payouts(organization, days_after_event=given["days_after_event"], **who)


class AddOnly(ByService):
    """Rows are added by a service and never changed."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(PayoutHoldException)
class PayoutHoldExceptionAdmin(AddOnly):
    form = PayoutHoldExceptionForm
    list_display = ["event", "created_by", "created_at", "reason"]
    list_select_related = ["event", "created_by"]
    search_fields = ["event__title", "event__slug", "event__organization__name"]
    autocomplete_fields = ["event"]

    def save_by_service(
        self,
        request: HttpRequest,
        obj: PayoutHoldException,  # noqa: ARG002
        given: dict[str, Any],
    ) -> PayoutHoldException:
        return release_event(given["event"], actor=request.user, reason=given["reason"])


@admin.register(PayoutRelease)
class PayoutReleaseAdmin(Amounts, AddOnly):
    form = PayoutReleaseForm
    list_display = ["organization", "shown_amount", "shown_status", "created_by", "created_at", "reason"]
    list_filter = ["currency"]
    list_select_related = ["organization", "created_by", "request"]
    search_fields = ["organization__name", "organization__slug", "request__payout__stripe_payout_id"]
    autocomplete_fields = ["organization"]

    @admin.display(description="status", ordering="request__status")
    def shown_status(self, release: PayoutRelease) -> str:
        return release.request.get_status_display()

    def save_by_service(
        self,
        request: HttpRequest,
        obj: PayoutRelease,  # noqa: ARG002
        given: dict[str, Any],
    ) -> PayoutRelease:
        key = f"staff:{request.user.pk}", str(given.pop("key"))
        payout = release_amount(given.pop("organization"), actor=request.user, idempotency=key, **given)
        return PayoutRelease.objects.get(request__payout=payout)
