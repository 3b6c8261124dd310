"""Orders, to look at and to refund."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin import ReadOnly
from maly.errors import MalyError
from maly.money import format_amount
from ticketing.models import Order, OrderLine, Payment, Refund, Ticket
from ticketing.services.refund_plans import RefundPlan
from ticketing.services.refunds import preview_refund, request_refund


class RefundForm(forms.Form):
    """What staff say when they refund orders."""

    reason = forms.CharField(max_length=500, help_text="The buyer reads it.")
    refund_application_fee = forms.NullBooleanField(
        required=False,
        widget=forms.Select(choices=[("", "As the order's plan says"), ("true", "Yes"), ("false", "No")]),
        label="Give the service fee back",
    )
    restock = forms.BooleanField(required=False, initial=True, label="Sell the seats again")


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    fields = ("name", "quantity", "unit_price_amount", "unit_total_amount")
    extra = 0


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    fields = ("status", "amount", "currency", "session_id", "payment_intent_id", "created_at")
    extra = 0


class RefundInline(ReadOnly, TabularInline):
    model = Refund
    fields = readonly_fields = ("code", "status", "amount", "currency", "reason", "needs_staff", "created_at")
    extra = 0


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    list_display = ("code", "event", "status", "email", "total_amount", "currency", "created_at")
    list_filter = ("status",)
    list_select_related = ("event",)
    search_fields = ("code", "email")
    exclude = ("key", "request_key")
    inlines = (LineInline, PaymentInline, RefundInline)
    show_full_result_count = False
    actions = ("refund_in_full",)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("ticketing.add_refund"))

    @admin.action(description="Refund…", permissions=["refund"])
    def refund_in_full(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse | None:
        form = RefundForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            for order in orders:
                self._refund(request, order, form.cleaned_data)
            return redirect(reverse("admin:ticketing_order_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Refund all that is left",
            "opts": self.opts,
            "form": form,
            "previews": [(order, *_preview(order)) for order in orders],
        }
        return render(request, "ticketing/admin/refund_orders.html", context)

    def _refund(self, request: HttpRequest, order: Order, wish: dict[str, Any]) -> None:
        try:
            refund = request_refund(order, actor=request.user, origin=Refund.Origin.STAFF, **wish)
        except MalyError as error:
            self.message_user(request, f"{order}: {error.detail}", messages.ERROR)
        else:
            amount = format_amount(refund.amount, refund.currency)
            self.message_user(request, f"{order}: {amount}, {refund.get_status_display()}.", messages.SUCCESS)


def _preview(order: Order) -> tuple[RefundPlan | None, str]:
    """What a full refund would take from whom by the order's own terms, or why it can't be made."""
    try:
        return preview_refund(order), ""
    except MalyError as error:
        return None, error.detail


@admin.register(Ticket)
class TicketAdmin(ReadOnly, ModelAdmin):
    list_display = ("code", "event", "order", "holder_name", "status", "payment_status")
    list_filter = ("status", "payment_status")
    list_select_related = ("event", "order")
    search_fields = ("code", "order__code", "holder_name")
    show_full_result_count = False
