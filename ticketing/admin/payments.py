"""Payments: to look at, and what staff decide about those that were put aside."""

from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from accounts.admin import ReadOnly
from maly.money import format_amount
from ticketing.admin.base import Confirmed
from ticketing.models import Payment
from ticketing.services import reviews

REFUND_WARNING = (
    "All that is left of what Stripe has received goes back to the buyer, with the transfer and the application fee. "
    "No order is paid by it. The buyer reads the reason."
)


@admin.register(Payment)
class PaymentAdmin(Confirmed, ReadOnly, ModelAdmin):
    """`Needs staff` is the filter of payments that no sweep touches."""

    list_display = ("order", "status", "amount", "currency", "session_id", "review_reason", "created_at")
    list_filter = ("status",)
    list_select_related = ("order",)
    search_fields = ("order__code", "session_id", "payment_intent_id", "charge_id")
    exclude = ("parameters", "session_url")
    show_full_result_count = False
    actions = ("accept", "refund", "close")

    def has_review_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("ticketing.change_payment"))

    @admin.action(description="In review: accept, and settle the order after all", permissions=["review"])
    def accept(self, request: HttpRequest, payments: QuerySet[Payment]) -> None:
        for payment in payments:
            self.say(request, payment.order, partial(self._accept, request, payment))

    @admin.action(description="In review: refund in full at Stripe…", permissions=["review"])
    def refund(self, request: HttpRequest, payments: QuerySet[Payment]) -> HttpResponse | None:
        chosen = [(each.pk, f"{each.order}: {each.review_reason}") for each in payments]
        reason = self.confirm(request, "refund", REFUND_WARNING, chosen)
        if isinstance(reason, HttpResponse):
            return reason
        for payment in payments:
            self.say(request, payment.order, partial(self._refund, request, payment, reason))
        return None

    @admin.action(description="In review: nothing is left to do", permissions=["review"])
    def close(self, request: HttpRequest, payments: QuerySet[Payment]) -> None:
        for payment in payments:
            self.say(request, payment.order, partial(self._close, request, payment))

    def _accept(self, request: HttpRequest, payment: Payment) -> str:
        order = reviews.accept_payment(payment, actor=request.user)
        return f"the order is {order.get_status_display()}."

    def _refund(self, request: HttpRequest, payment: Payment, reason: str) -> str:
        refund = reviews.refund_in_review(payment, actor=request.user, reason=reason)
        amount = format_amount(refund.amount, refund.currency)
        return f"{amount}, {refund.get_status_display()}. {refund.failure_reason}"

    def _close(self, request: HttpRequest, payment: Payment) -> str:
        closed = reviews.close_review(payment, actor=request.user)
        return f"its payment is {closed.get_status_display()}."
