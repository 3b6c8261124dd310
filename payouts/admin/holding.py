"""Holding payouts: the policy of an organization, events that are excepted from it, and money released by hand."""

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.admin.base import AddOnly, ByService, StaffAdmin
from payouts.forms.holding import PayoutHoldExceptionForm, PayoutHoldForm, PayoutReleaseForm
from payouts.models import PayoutHold, PayoutHoldException, PayoutRelease
from payouts.services.holding import end_hold, hold_payouts
from payouts.services.holding_releases import release_amount, release_event


@admin.register(PayoutHold)
class PayoutHoldAdmin(ByService, StaffAdmin):
    asks_again = calls_stripe = True
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

    def save_by_service(
        self,
        request: HttpRequest,
        obj: PayoutHold,
        form: ModelForm,
        change: bool,  # noqa: ARG002
    ) -> PayoutHold:
        given = form.cleaned_data
        organization = given.get("organization") or obj.organization
        who = {"actor": request.user, "reason": given["reason"]}
        if not given["is_held"]:
            return end_hold(organization, **who)
        return hold_payouts(organization, days_after_event=given["days_after_event"], **who)


@admin.register(PayoutHoldException)
class PayoutHoldExceptionAdmin(AddOnly, StaffAdmin):
    asks_again = calls_stripe = True
    form = PayoutHoldExceptionForm
    list_display = ["event", "created_by", "created_at", "reason"]
    list_select_related = ["event", "created_by"]
    search_fields = ["event__title", "event__slug", "event__organization__name"]
    autocomplete_fields = ["event"]

    def save_by_service(
        self,
        request: HttpRequest,
        obj: PayoutHoldException,  # noqa: ARG002
        form: ModelForm,
        change: bool,  # noqa: ARG002
    ) -> PayoutHoldException:
        given = form.cleaned_data
        return release_event(given["event"], actor=request.user, reason=given["reason"])


@admin.register(PayoutRelease)
class PayoutReleaseAdmin(AddOnly, StaffAdmin):
    asks_again = calls_stripe = True
    form = PayoutReleaseForm
    list_display = ["organization", "amount", "shown_status", "created_by", "created_at", "reason"]
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
        form: ModelForm,
        change: bool,  # noqa: ARG002
    ) -> PayoutRelease:
        given = dict(form.cleaned_data)
        key = f"staff:{request.user.pk}", str(given.pop("key"))
        payout = release_amount(given.pop("organization"), actor=request.user, idempotency=key, **given)
        return PayoutRelease.objects.get(request__payout=payout)
