"""Disputes: the queue by their deadlines."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin
from ticketing.dispute_words import reason_in_words, status_in_words
from ticketing.models import Dispute
from ticketing.selectors.disputes import can_answer
from ticketing.services.disputes import settle_dispute


@admin.register(Dispute)
class DisputeAdmin(Acting, ReadOnly, StaffAdmin):
    """Open ones first, by their deadline; `answer` leads to the evidence desk of the cockpit."""

    list_display = (
        "due_by",
        "order",
        "organization",
        "words",
        "amount",
        "state",
        "needs_staff",
        "answer_it",
    )
    list_filter = ("needs_staff", "status")
    list_select_related = ("order", "organization")
    found_by = ("stripe_dispute_id", "order__code", "payment__charge_id", "payment__payment_intent_id")
    found_under = ("organization__slug",)
    search_help_text = "Order's code or Stripe id"
    actions = ("mark_settled",)
    exclude = ("answer_key", "lease_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        disputes: QuerySet[Dispute] = super().get_queryset(request)
        return disputes.order_by(
            F("closed_at").desc(nulls_first=True), F("due_by").asc(nulls_last=True), "pk"
        )

    @admin.display(description="Reason")
    def words(self, dispute: Dispute) -> str:
        return reason_in_words(dispute.reason)

    @admin.display(description="Status")
    def state(self, dispute: Dispute) -> str:
        return status_in_words(dispute)

    @admin.display(description="Answer")
    def answer_it(self, dispute: Dispute) -> str:
        words = "Answer" if can_answer(dispute) else "Look"
        url = reverse("adminpanel:dispute", args=[dispute.stripe_dispute_id])
        return format_html('<a href="{}">{}</a>', url, words)

    @confirmed(
        "What needed staff is done",
        warning="These disputes need nobody any more; what of a won one was taken from the organizer goes back to it.",
        button="It is done",
        permission="ticketing.change_dispute",
        is_money=True,
        tell=lambda dispute: f"{dispute}: {dispute.staff_reason}",
    )
    def mark_settled(self, request: HttpRequest, dispute: Dispute, given: dict[str, Any]) -> str:  # noqa: ARG002
        was_open = settle_dispute(dispute, actor=request.user)
        return "it needs nobody any more." if was_open else "it needed nobody."
