"""Refunds, what organizers owe for them, and our transfers to organizers: to look at, and what staff decide."""

from functools import partial

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from accounts.admin import ReadOnly
from maly.money import format_amount
from ticketing.admin.base import Confirmed
from ticketing.models import OrganizerReceivable, OrganizerTransfer, Refund
from ticketing.services.paid_otherwise import pay_buyer_otherwise
from ticketing.services.receivables import release_receivable
from ticketing.services.refund_failures import make_organizer_whole, settle_refund
from ticketing.services.write_offs import write_off_receivable

OTHERWISE_WARNING = (
    "We have paid these buyers ourselves, past Stripe, with what was taken from the organizers. It leaves our bank in "
    "the books, and the tickets are cancelled again. There is no way back. Say how it was paid."
)
WRITE_OFF_WARNING = (
    "What is still owed becomes our loss, for good: it is never taken from the organizer's later sales. "
    "There is no way back."
)


@admin.register(Refund)
class RefundAdmin(Confirmed, ReadOnly, ModelAdmin):
    """`Needs staff` is the filter of what a person has to look at."""

    list_display = ("code", "order", "status", "origin", "amount", "currency", "needs_staff", "created_at")
    list_filter = ("needs_staff", "status", "origin")
    list_select_related = ("order",)
    search_fields = ("code", "order__code", "stripe_refund_id")
    exclude = ("request_key", "note")  # the note is the organizer's own
    show_full_result_count = False
    actions = ("make_whole", "pay_otherwise", "mark_settled")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("ticketing.change_refund"))

    @admin.action(description="Failed refund: give the organizer back what was taken", permissions=["settle"])
    def make_whole(self, request: HttpRequest, refunds: QuerySet[Refund]) -> None:
        for refund in refunds:
            self.say(request, refund, partial(self._make_whole, request, refund))

    @admin.action(description="Failed refund: we paid the buyer another way…", permissions=["settle"])
    def pay_otherwise(self, request: HttpRequest, refunds: QuerySet[Refund]) -> HttpResponse | None:
        chosen = [(each.pk, f"{each}: {format_amount(each.amount, each.currency)}") for each in refunds]
        reason = self.confirm(request, "pay_otherwise", OTHERWISE_WARNING, chosen)
        if isinstance(reason, HttpResponse):
            return reason
        for refund in refunds:
            self.say(request, refund, partial(self._pay_otherwise, request, refund, reason))
        return None

    @admin.action(description="What needed staff is done", permissions=["settle"])
    def mark_settled(self, request: HttpRequest, refunds: QuerySet[Refund]) -> None:
        for refund in refunds:
            self.say(request, refund, partial(self._settle, request, refund))

    def _make_whole(self, request: HttpRequest, refund: Refund) -> str:
        sent = make_organizer_whole(refund, actor=request.user)
        amount = format_amount(sent.amount, sent.currency)
        return f"{amount} to the organizer, {sent.get_status_display()}. {sent.failure_reason}"

    def _pay_otherwise(self, request: HttpRequest, refund: Refund, reason: str) -> str:
        return f"{pay_buyer_otherwise(refund, actor=request.user, reason=reason).get_status_display()}."

    def _settle(self, request: HttpRequest, refund: Refund) -> str:
        was_open = settle_refund(refund, actor=request.user)
        return "it needs nobody any more." if was_open else "it needed nobody."


@admin.register(OrganizerReceivable)
class OrganizerReceivableAdmin(Confirmed, ReadOnly, ModelAdmin):
    list_display = (
        "organization",
        "cause",
        "amount",
        "settled_amount",
        "written_off_amount",
        "currency",
        "needs_staff",
    )
    list_filter = ("needs_staff", "currency")
    list_select_related = ("organization", "refund", "dispute")
    search_fields = ("organization__name", "refund__code", "refund__order__code")
    show_full_result_count = False
    actions = ("release", "write_off")

    def has_release_permission(self, request: HttpRequest) -> bool:
        return bool(
            request.user.is_superuser or request.user.has_perm("ticketing.change_organizerreceivable")
        )

    @admin.action(description="Take it from the organizer", permissions=["release"])
    def release(self, request: HttpRequest, receivables: QuerySet[OrganizerReceivable]) -> None:
        for receivable in receivables:
            released = release_receivable(receivable, actor=request.user)
            words = f"{released.organization}: {_open(released)} is still owed."
            self.message_user(request, words, messages.SUCCESS)

    @admin.action(description="Write it off…", permissions=["release"])
    def write_off(
        self, request: HttpRequest, receivables: QuerySet[OrganizerReceivable]
    ) -> HttpResponse | None:
        chosen = [
            (each.pk, f"{each.organization} owes {_open(each)} for {each.cause}.") for each in receivables
        ]
        reason = self.confirm(request, "write_off", WRITE_OFF_WARNING, chosen)
        if isinstance(reason, HttpResponse):
            return reason
        for receivable in receivables:
            work = partial(self._write_off, request, receivable, reason)
            self.say(request, receivable.organization, work)
        return None

    def _write_off(self, request: HttpRequest, receivable: OrganizerReceivable, reason: str) -> str:
        owed = _open(receivable)
        write_off_receivable(receivable, actor=request.user, reason=reason)
        return f"{owed} is our loss."


@admin.register(OrganizerTransfer)
class OrganizerTransferAdmin(ReadOnly, ModelAdmin):
    """One that is requested for long waits for our own balance: its failure reason says so."""

    list_display = ("order", "purpose", "status", "amount", "currency", "failure_reason", "created_at")
    list_filter = ("status", "purpose")
    list_select_related = ("order",)
    search_fields = ("order__code", "refund__code", "stripe_id")
    exclude = ("idempotency_key", "destination", "lease_until")
    show_full_result_count = False


def _open(receivable: OrganizerReceivable) -> str:
    return str(format_amount(receivable.open_amount, receivable.currency))
