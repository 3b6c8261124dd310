"""Refunds, what organizers owe for them, and our transfers to organizers: to look at, and what staff decide."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin, TabularInline
from maly.money import format_amount
from ticketing.models import (
    ApplicationFeeRefund,
    OrganizerReceivable,
    OrganizerTransfer,
    Refund,
    TransferReversal,
)
from ticketing.services.paid_otherwise import pay_buyer_otherwise
from ticketing.services.receivables import release_receivable
from ticketing.services.refund_failures import make_organizer_whole, settle_refund
from ticketing.services.write_offs import write_off_receivable

CHANGE_REFUND = "ticketing.change_refund"
CHANGE_RECEIVABLE = "ticketing.change_organizerreceivable"


class ReversalInline(ReadOnly, TabularInline):
    model = TransferReversal
    currency_at = "refund.currency"
    fields = ("stripe_id", "status", "amount", "created_at")


class FeeRefundInline(ReadOnly, TabularInline):
    model = ApplicationFeeRefund
    currency_at = "refund.currency"
    fields = ("stripe_id", "status", "amount", "created_at")


def tell_refund(refund: Refund) -> str:
    return f"{refund}: {format_amount(refund.amount, refund.currency)}. {refund.staff_reason}".strip()


def tell_debt(receivable: OrganizerReceivable) -> str:
    return f"{receivable.organization} owes {_open(receivable)} for {receivable.cause}."


@admin.register(Refund)
class RefundAdmin(Acting, ReadOnly, StaffAdmin):
    """`Needs staff` is the filter of what a person has to look at."""

    list_display = ("code", "order", "status", "origin", "amount", "needs_staff", "created_at")
    list_filter = ("needs_staff", "status", "origin")
    list_select_related = ("order",)
    ordering = ("-id",)
    sortable_by = ()
    found_by = ("code", "order__code", "stripe_refund_id", "reversals__stripe_id", "fee_refunds__stripe_id")
    search_help_text = "Code of refund or order, or Stripe id"
    exclude = ("request_key", "note")  # the note is the organizer's own
    inlines = (ReversalInline, FeeRefundInline)
    actions = ("make_whole", "pay_otherwise", "mark_settled")

    @confirmed(
        "Failed refund: give the organizer back what was taken",
        warning="What these refunds had taken from the organizers goes back to them by a transfer.",
        button="Give it back",
        permission=CHANGE_REFUND,
        is_money=True,
        tell=tell_refund,
    )
    def make_whole(self, request: HttpRequest, refund: Refund, given: dict[str, Any]) -> str:  # noqa: ARG002
        sent = make_organizer_whole(refund, actor=request.user)
        amount = format_amount(sent.amount, sent.currency)
        return f"{amount} to the organizer, {sent.get_status_display()}. {sent.failure_reason}"

    @confirmed(
        "Failed refund: we paid the buyer another way",
        warning="We have paid these buyers ourselves, past Stripe, with what was taken from the organizers. It leaves "
        "our bank in the books, and the tickets are cancelled again. There is no way back. Say how it was paid.",
        button="We have paid them",
        permission=CHANGE_REFUND,
        is_money=True,
        tell=tell_refund,
    )
    def pay_otherwise(self, request: HttpRequest, refund: Refund, given: dict[str, Any]) -> str:
        paid = pay_buyer_otherwise(refund, actor=request.user, reason=given["reason"])
        return f"{paid.get_status_display()}."

    @confirmed(
        "What needed staff is done",
        warning="These refunds need nobody any more.",
        button="It is done",
        permission=CHANGE_REFUND,
        is_money=True,
        tell=tell_refund,
    )
    def mark_settled(self, request: HttpRequest, refund: Refund, given: dict[str, Any]) -> str:  # noqa: ARG002
        was_open = settle_refund(refund, actor=request.user)
        return "it needs nobody any more." if was_open else "it needed nobody."


@admin.register(OrganizerReceivable)
class OrganizerReceivableAdmin(Acting, ReadOnly, StaffAdmin):
    list_display = (
        "organization",
        "cause",
        "amount",
        "settled_amount",
        "written_off_amount",
        "needs_staff",
        "created_at",
    )
    list_filter = ("needs_staff",)
    list_select_related = ("organization", "refund", "dispute")
    found_by = ("refund__code", "refund__order__code", "dispute__order__code", "dispute__stripe_dispute_id")
    found_under = ("organization__slug",)
    search_help_text = "Code of refund or order, or Stripe id"
    actions = ("release", "write_off")

    @confirmed(
        "Take it from the organizer",
        warning="What is owed is taken from the organizers' balances, now and after each of their sales.",
        button="Take it",
        permission=CHANGE_RECEIVABLE,
        is_money=True,
        tell=tell_debt,
    )
    def release(self, request: HttpRequest, receivable: OrganizerReceivable, given: dict[str, Any]) -> str:  # noqa: ARG002
        released = release_receivable(receivable, actor=request.user)
        return f"{_open(released)} is still owed."

    @confirmed(
        "Write it off",
        warning="What is still owed becomes our loss, for good: it is never taken from the organizer's later sales. "
        "There is no way back.",
        button="Write it off",
        permission=CHANGE_RECEIVABLE,
        is_money=True,
        tell=tell_debt,
    )
    def write_off(self, request: HttpRequest, receivable: OrganizerReceivable, given: dict[str, Any]) -> str:
        owed = _open(receivable)
        write_off_receivable(receivable, actor=request.user, reason=given["reason"])
        return f"{owed} is our loss."


@admin.register(OrganizerTransfer)
class OrganizerTransferAdmin(ReadOnly, StaffAdmin):
    """One that is requested for long waits for our own balance: its failure reason says so."""

    list_display = ("order", "purpose", "status", "amount", "failure_reason", "created_at")
    list_filter = ("status", "purpose")
    list_select_related = ("order",)
    found_by = ("order__code", "refund__code", "stripe_id")
    search_help_text = "Code of refund or order, or Stripe id"
    exclude = ("idempotency_key", "destination", "lease_until")


def _open(receivable: OrganizerReceivable) -> str:
    return str(format_amount(receivable.open_amount, receivable.currency))
