"""Orders, to look at, to refund and to mail again."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin, TabularInline
from accounts.admin.lists import only
from accounts.services.audit import record
from maly.errors import MalyError
from maly.money import format_amount
from ticketing.models import Order, OrderLine, Payment, Refund, Ticket
from ticketing.services.buyers import resend_tickets
from ticketing.services.refund_plans import RefundPlan
from ticketing.services.refunds import preview_refund, request_refund

COMPLETED = Q(completed_at__isnull=False)
STATES = only(
    "state",
    "status__exact",
    {
        "awaiting_payment": ("Awaiting payment", Q(status="awaiting_payment")),
        "partly_refunded": ("Partly refunded", COMPLETED & Q(status="partly_refunded")),
        "refunded": ("Refunded", COMPLETED & Q(status="refunded")),
        "disputed": ("Disputed", COMPLETED & Q(status="disputed")),
    },
)
FEE_CHOICES = [("", "As the order's plan says"), ("true", "Yes"), ("false", "No")]


class RefundForm(forms.Form):
    """What staff say when they refund orders."""

    reason = forms.CharField(
        max_length=500,
        help_text="The buyer reads it, and the audit log keeps it.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    refund_application_fee = forms.NullBooleanField(
        required=False,
        widget=UnfoldAdminSelectWidget(choices=FEE_CHOICES),
        label="Give the service fee back",
    )
    restock = forms.BooleanField(
        required=False, initial=True, label="Sell the seats again", widget=UnfoldBooleanWidget
    )


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    currency_at = "order.currency"
    fields = ("name", "quantity", "unit_price_amount", "unit_total_amount")


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    fields = ("status", "amount", "payment_intent_id", "charge_id", "created_at")
    show_change_link = True


class RefundInline(ReadOnly, TabularInline):
    model = Refund
    fields = ("code", "status", "amount", "reason", "needs_staff", "created_at")
    readonly_fields = ("code",)
    show_change_link = True


class TicketInline(ReadOnly, TabularInline):
    model = Ticket
    currency_at = "order.currency"
    fields = ("code", "holder_name", "status", "payment_status", "paid_amount")
    readonly_fields = ("code",)
    show_change_link = True


def foresee(order: Order) -> tuple[RefundPlan | None, str]:
    """What a full refund would take from whom by the order's own terms, or why it can't be made."""
    try:
        return preview_refund(order), ""
    except MalyError as error:
        return None, error.detail


@admin.register(Order)
class OrderAdmin(Acting, ReadOnly, StaffAdmin):
    """Found by its own code, its buyer's email, a ticket's or refund's code, and every id that Stripe gave it."""

    list_display = ("code", "event", "status", "email", "total_amount", "created_at")
    list_filter = (STATES,)
    list_select_related = ("event",)
    ordering = ("-id",)
    sortable_by = ()
    found_by = (
        "code",
        "email",
        "tickets__code",
        "refunds__code",
        "payments__session_id",
        "payments__payment_intent_id",
        "payments__charge_id",
        "payments__transfer_id",
        "refunds__stripe_refund_id",
        "refunds__reversals__stripe_id",
        "refunds__fee_refunds__stripe_id",
        "disputes__stripe_dispute_id",
        "disputes__reversals__stripe_id",
        "transfers__stripe_id",
    )
    found_under = ("event__slug", "organization__slug")
    search_help_text = "Code, email, address or Stripe id"
    exclude = ("key", "request_key")
    inlines = (LineInline, TicketInline, PaymentInline, RefundInline)
    actions = ("refund_in_full", "resend")

    @confirmed(
        "Refund",
        warning="All that is left of these orders goes back, and their tickets are cancelled. By each order's own "
        "terms:",
        button="Refund",
        permission="ticketing.add_refund",
        is_money=True,
        form=RefundForm,
        preview="ticketing/admin/_refunds.html",
        foresee=foresee,
    )
    def refund_in_full(self, request: HttpRequest, order: Order, given: dict[str, Any]) -> str:
        refund = request_refund(order, actor=request.user, origin=Refund.Origin.STAFF, **given)
        return f"{format_amount(refund.amount, refund.currency)}, {refund.get_status_display()}."

    @confirmed(
        "Resend tickets",
        warning="The buyers get the mail with their tickets once more. Another address is the organizer's to give.",
        button="Send the tickets again",
        permission="ticketing.change_order",
        tell=lambda order: f"{order.code} to {order.email}",
    )
    def resend(self, request: HttpRequest, order: Order, given: dict[str, Any]) -> str:
        resend_tickets(order, actor=request.user, email=order.email)
        record(
            "order.tickets_resent",
            organization=order.organization,
            subject=f"order:{order.code}",
            actor=request.user,
            reason=given["reason"],
        )
        return f"the tickets are on their way to {order.email}."
