"""Premium in the Django admin: to look at, found by email and every Stripe id. Money moves at Stripe."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin, TabularInline
from accounts.services.audit import record
from premium.models import (
    Customer,
    PlanChange,
    PremiumDispute,
    PremiumInvoice,
    PremiumRefund,
    Subscription,
    SubscriptionCheckout,
)
from premium.services.subscriptions import follow_subscription

BY_PERSON = "Email or Stripe id"


class InvoiceInline(ReadOnly, TabularInline):
    model = PremiumInvoice
    fields = ("stripe_invoice_id", "status", "total_amount", "charged_amount", "refunded_amount", "issued_at")
    show_change_link = True


class RefundInline(ReadOnly, TabularInline):
    model = PremiumRefund
    fields = ("code", "status", "amount", "failure_reason", "created_at")
    readonly_fields = ("code",)


@admin.register(Subscription)
class SubscriptionAdmin(Acting, ReadOnly, StaffAdmin):
    list_display = (
        "stripe_subscription_id",
        "user",
        "subscription_type",
        "status",
        "amount",
        "current_period_end",
        "cancel_at_period_end",
        "is_extra",
    )
    list_filter = ("status", "subscription_type", "cancel_at_period_end", "is_extra")
    list_select_related = ("user",)
    found_by = ("stripe_subscription_id", "customer__stripe_customer_id", "invoices__stripe_invoice_id")
    found_under = ("user__email",)
    search_help_text = BY_PERSON
    inlines = (InvoiceInline,)
    actions = ("ask_again",)

    @confirmed(
        "Ask Stripe again",
        warning="These subscriptions are brought to what Stripe says of them now. Nothing is changed at Stripe.",
        button="Ask again",
        permission="premium.change_subscription",
    )
    def ask_again(self, request: HttpRequest, subscription: Subscription, given: dict[str, Any]) -> str:
        found = follow_subscription(subscription.stripe_subscription_id)
        record(
            "premium.synced_by_staff",
            subject=f"subscription:{subscription.stripe_subscription_id}"[:80],
            actor=request.user,
            reason=given["reason"],
        )
        return f"{found.get_status_display()}." if found else "Stripe doesn't know it."


@admin.register(PremiumInvoice)
class PremiumInvoiceAdmin(ReadOnly, StaffAdmin):
    list_display = (
        "__str__",
        "user",
        "status",
        "total_amount",
        "charged_amount",
        "refunded_amount",
        "issued_at",
    )
    list_filter = ("status",)
    list_select_related = ("user",)
    found_by = (
        "stripe_invoice_id",
        "payment_intent_id",
        "charge_id",
        "subscription__stripe_subscription_id",
        "customer__stripe_customer_id",
        "refunds__stripe_refund_id",
        "disputes__stripe_dispute_id",
    )
    found_under = ("user__email",)
    search_help_text = BY_PERSON
    exclude = ("hosted_url", "pdf_url")
    inlines = (RefundInline,)


@admin.register(PremiumRefund)
class PremiumRefundAdmin(ReadOnly, StaffAdmin):
    list_display = ("code", "invoice", "status", "amount", "failure_reason", "created_at")
    list_filter = ("status",)
    list_select_related = ("invoice",)
    found_by = ("code", "stripe_refund_id", "invoice__stripe_invoice_id")
    search_help_text = "Code or Stripe id"


@admin.register(PremiumDispute)
class PremiumDisputeAdmin(ReadOnly, StaffAdmin):
    """They are answered in Stripe's dashboard."""

    list_display = ("stripe_dispute_id", "invoice", "status", "reason", "amount", "due_by", "closed_at")
    list_filter = ("status",)
    list_select_related = ("invoice",)
    found_by = ("stripe_dispute_id", "invoice__stripe_invoice_id", "invoice__charge_id")
    search_help_text = "Stripe id"


@admin.register(Customer)
class CustomerAdmin(ReadOnly, StaffAdmin):
    list_display = ("__str__", "user", "created_at")
    list_select_related = ("user",)
    found_by = ("stripe_customer_id",)
    found_under = ("user__email",)
    search_help_text = BY_PERSON
    exclude = ("parameters", "idempotency_key")


@admin.register(SubscriptionCheckout)
class SubscriptionCheckoutAdmin(ReadOnly, StaffAdmin):
    list_display = ("session_id", "customer", "plan", "status", "failure", "created_at")
    list_filter = ("status",)
    list_select_related = ("customer",)
    found_by = ("session_id", "customer__stripe_customer_id")
    search_help_text = "Stripe id"
    exclude = ("parameters", "url", "idempotency_key")


@admin.register(PlanChange)
class PlanChangeAdmin(ReadOnly, StaffAdmin):
    list_display = ("subscription", "from_plan", "to_plan", "status", "amount", "failure", "created_at")
    list_filter = ("status",)
    list_select_related = ("subscription",)
    found_by = ("subscription__stripe_subscription_id",)
    search_help_text = "Stripe id"
    exclude = ("token", "idempotency_key")
