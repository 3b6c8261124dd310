"""Payouts in the Django admin: looked at, never edited. They are made and changed at Stripe."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin import ReadOnly
from maly.money import CURRENCIES, format_amount
from payouts.models import OrganizerPayout, Payout, PayoutLine, PayoutRelease, PayoutRequest, PlatformPayout
from payouts.wording.failures import failure_in_words


class Amounts:
    """Shows an amount with its currency."""

    @admin.display(description="amount", ordering="amount")
    def shown_amount(self, row: Payout | PayoutLine | PayoutRequest | PayoutRelease) -> str:
        return in_words(row.amount, row.currency)


def in_words(amount: int, currency: str) -> str:
    """An amount as people read it; Stripe may hold a currency that nothing here is sold in."""
    return format_amount(amount, currency) if currency in CURRENCIES else f"{amount} {currency.upper()}"


class PayoutLineInline(Amounts, ReadOnly, TabularInline):
    model = PayoutLine
    fields = ["type", "order", "shown_amount", "shown_fee", "shown_net", "allocated", "occurred_at"]
    readonly_fields = fields
    extra = 0
    per_page = 50

    @admin.display(description="fee")
    def shown_fee(self, line: PayoutLine) -> str:
        return in_words(line.fee_amount, line.currency)

    @admin.display(description="net")
    def shown_net(self, line: PayoutLine) -> str:
        return in_words(line.net_amount, line.currency)


@admin.register(OrganizerPayout)
class OrganizerPayoutAdmin(Amounts, ReadOnly, ModelAdmin):
    list_display = ["stripe_payout_id", "organization", "shown_amount", "status", "arrival_date", "reason"]
    list_filter = ["status", "automatic", "currency"]
    list_select_related = ["organization"]
    search_fields = ["stripe_payout_id", "organization__name", "organization__slug"]
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = [PayoutLineInline]

    @admin.display(description="reason")
    def reason(self, payout: OrganizerPayout) -> str:
        return failure_in_words(payout.failure_code) if payout.failure_code else ""


@admin.register(PlatformPayout)
class PlatformPayoutAdmin(Amounts, ReadOnly, ModelAdmin):
    list_display = ["stripe_payout_id", "shown_amount", "status", "arrival_date", "failure_code"]
    list_filter = ["status", "automatic", "currency"]
    search_fields = ["stripe_payout_id"]
    date_hierarchy = "created_at"
    show_full_result_count = False


@admin.register(PayoutLine)
class PayoutLineAdmin(Amounts, ReadOnly, ModelAdmin):
    list_display = ["balance_transaction_id", "payout", "type", "order", "shown_amount", "allocated"]
    list_filter = ["type", "allocated", "currency"]
    list_select_related = ["payout", "order"]
    search_fields = ["balance_transaction_id", "source_id", "payout__stripe_payout_id", "order__code"]
    show_full_result_count = False


@admin.register(PayoutRequest)
class PayoutRequestAdmin(Amounts, ReadOnly, ModelAdmin):
    list_display = ["organization", "shown_amount", "status", "requested_by", "payout", "created_at"]
    list_filter = ["status", "currency"]
    list_select_related = ["organization", "requested_by", "payout"]
    search_fields = ["organization__name", "organization__slug", "payout__stripe_payout_id"]
    show_full_result_count = False
