"""Payments: to look at, and what staff decide about those that were put aside."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin
from accounts.admin.lists import only
from maly.money import format_amount
from ticketing.models import Payment
from ticketing.services import reviews

STATES = only(
    "state",
    "status__exact",
    {
        "review": ("Needs staff", Q(status="review")),
        "requested": ("Requested", Q(status="requested")),
        "open": ("Open", Q(status="open")),
    },
)
CHANGE = "ticketing.change_payment"


def tell(payment: Payment) -> str:
    return f"{payment.order}: {payment.review_reason}"


@admin.register(Payment)
class PaymentAdmin(Acting, ReadOnly, StaffAdmin):
    """`Needs staff` is the filter of payments that no sweep touches."""

    list_display = ("order", "status", "amount", "session_id", "review_reason", "created_at")
    list_filter = (STATES,)
    list_select_related = ("order",)
    ordering = ("-id",)
    sortable_by = ()
    found_by = ("order__code", "session_id", "payment_intent_id", "charge_id", "transfer_id")
    search_help_text = "Order's code or Stripe id"
    exclude = ("parameters", "session_url")
    actions = ("accept", "refund", "close")

    def name_of(self, row: Payment) -> str:
        return f"{row.payment_intent_id or row.session_id} ({row.get_status_display()})"

    @confirmed(
        "In review: accept, and settle the order after all",
        warning="Stripe is asked again; if the money is what the order says, the order is paid by it.",
        button="Accept",
        permission=CHANGE,
        is_money=True,
        tell=tell,
    )
    def accept(self, request: HttpRequest, payment: Payment, given: dict[str, Any]) -> str:  # noqa: ARG002
        order = reviews.accept_payment(payment, actor=request.user)
        return f"the order is {order.get_status_display()}."

    @confirmed(
        "In review: refund in full at Stripe",
        warning="All that is left of what Stripe has received goes back to the buyer, with the transfer and the "
        "application fee. No order is paid by it. The buyer reads the reason.",
        button="Refund in full",
        permission=CHANGE,
        is_money=True,
        tell=tell,
    )
    def refund(self, request: HttpRequest, payment: Payment, given: dict[str, Any]) -> str:
        refund = reviews.refund_in_review(payment, actor=request.user, reason=given["reason"])
        amount = format_amount(refund.amount, refund.currency)
        return f"{amount}, {refund.get_status_display()}. {refund.failure_reason}"

    @confirmed(
        "In review: nothing is left to do",
        warning="These payments need nobody any more. Refused while money is left with them.",
        button="Close",
        permission=CHANGE,
        is_money=True,
        tell=tell,
    )
    def close(self, request: HttpRequest, payment: Payment, given: dict[str, Any]) -> str:  # noqa: ARG002
        closed = reviews.close_review(payment, actor=request.user)
        return f"its payment is {closed.get_status_display()}."
