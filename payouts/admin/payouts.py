"""Payouts in the Django admin: looked at, never edited. They are made and changed at Stripe."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.base import ReadOnly, StaffAdmin, TabularInline
from payouts.models import OrganizerPayout, PayoutLine, PayoutRequest, PlatformPayout
from payouts.wording.failures import failure_in_words


class PayoutLineInline(ReadOnly, TabularInline):
    model = PayoutLine
    fields = ["type", "order", "amount", "fee_amount", "net_amount", "allocated", "occurred_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutLine]:
        lines: QuerySet[PayoutLine] = super().get_queryset(request).select_related("order")
        return lines


@admin.register(OrganizerPayout)
class OrganizerPayoutAdmin(ReadOnly, StaffAdmin):
    list_display = ["stripe_payout_id", "organization", "amount", "status", "arrival_date", "reason"]
    list_filter = ["status", "automatic"]
    list_select_related = ["organization"]
    found_by = ["stripe_payout_id"]
    found_under = ["organization__slug"]
    search_help_text = "Payout's id or organization's address"
    inlines = [PayoutLineInline]

    @admin.display(description="reason")
    def reason(self, payout: OrganizerPayout) -> str:
        return failure_in_words(payout.failure_code) if payout.failure_code else ""


@admin.register(PlatformPayout)
class PlatformPayoutAdmin(ReadOnly, StaffAdmin):
    list_display = ["stripe_payout_id", "amount", "status", "arrival_date", "failure_code"]
    list_filter = ["status", "automatic"]
    found_by = ["stripe_payout_id"]
    search_help_text = "Payout's id"


@admin.register(PayoutLine)
class PayoutLineAdmin(ReadOnly, StaffAdmin):
    list_display = ["balance_transaction_id", "payout", "type", "order", "amount", "allocated"]
    list_select_related = ["payout", "order"]
    ordering = ["-id"]
    sortable_by = ()
    found_by = ["balance_transaction_id", "source_id", "payout__stripe_payout_id", "order__code"]
    search_help_text = "Order's code or Stripe id"


@admin.register(PayoutRequest)
class PayoutRequestAdmin(ReadOnly, StaffAdmin):
    list_display = ["organization", "amount", "status", "requested_by", "payout", "created_at"]
    list_filter = ["status"]
    list_select_related = ["organization", "requested_by", "payout"]
    search_fields = ["organization__name", "organization__slug", "payout__stripe_payout_id"]
