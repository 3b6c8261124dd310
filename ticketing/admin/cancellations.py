"""Cancelled events: what it will cost before, how far the refunds are after, and what staff do where they are stuck."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.admin import ModelAdmin

from accounts.admin import ReadOnly
from accounts.models import AuditEntry
from maly.errors import MalyError
from maly.money import format_amount
from ticketing.admin.base import Confirmed
from ticketing.models import CancelledOrder, Event, EventCancellation
from ticketing.services.cancellation_preview import preview_cancellation
from ticketing.services.cancellations import LONGEST_REASON, cancel_event, settle_by_staff, try_again


class CancelForm(forms.Form):
    """What staff say when they cancel events."""

    reason = forms.CharField(max_length=LONGEST_REASON, required=False, help_text="The buyers read it.")
    refund_application_fee = forms.NullBooleanField(
        required=False,
        widget=forms.Select(choices=[("", "As each order's plan says"), ("true", "Yes"), ("false", "No")]),
        label="Give the service fee back to the organizer",
    )


def cancel_after_preview(
    page: ModelAdmin, request: HttpRequest, events: QuerySet[Event]
) -> HttpResponse | None:
    """Show what cancelling these events would do; once that is confirmed, cancel them."""
    form = CancelForm(request.POST if "confirmed" in request.POST else None)
    if form.is_valid():
        for event in events:
            _cancel(page, request, event, form.cleaned_data)
        return redirect(reverse("admin:ticketing_eventcancellation_changelist"))
    context = {
        **page.admin_site.each_context(request),
        "title": "Cancel events",
        "opts": page.opts,
        "form": form,
        "previews": [(event, preview_cancellation(event)) for event in events],
    }
    return render(request, "ticketing/admin/cancel_events.html", context)


def _cancel(page: ModelAdmin, request: HttpRequest, event: Event, wish: dict[str, Any]) -> None:
    try:
        cancelled = cancel_event(
            event,
            actor=request.user,
            actor_kind=AuditEntry.Actor.STAFF,
            reason=wish["reason"],
            gives_fee_back=wish["refund_application_fee"],
        )
    except MalyError as error:
        page.message_user(request, f"{event}: {error.detail}", messages.ERROR)
    else:
        page.message_user(request, f"{cancelled}: {cancelled.get_status_display()}", messages.SUCCESS)


@admin.register(EventCancellation)
class EventCancellationAdmin(ReadOnly, ModelAdmin):
    """`Needs staff` is the filter of what a person has to look at."""

    list_display = ("event", "state", "orders_done", "orders_stuck", "refunded", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("event",)
    search_fields = ("event__title", "event__slug")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventCancellation]:
        is_left = Q(orders__state__in=[CancelledOrder.State.WAITING, CancelledOrder.State.NEEDS_STAFF])
        cancellations: QuerySet[EventCancellation] = super().get_queryset(request)
        return cancellations.annotate(
            orders_total=Count("orders"),
            orders_left=Count("orders", filter=is_left),
            stuck=Count("orders", filter=Q(orders__state=CancelledOrder.State.NEEDS_STAFF)),
            refunded_amount=Sum("orders__amount", filter=Q(orders__state=CancelledOrder.State.REFUNDED)),
        )

    @admin.display(description="Orders done")
    def orders_done(self, cancellation: Any) -> str:
        return f"{cancellation.orders_total - cancellation.orders_left} of {cancellation.orders_total}"

    @admin.display(description="Need staff")
    def orders_stuck(self, cancellation: Any) -> int:
        return int(cancellation.stuck)

    @admin.display(description="Refunded")
    def refunded(self, cancellation: Any) -> str:
        return format_amount(cancellation.refunded_amount or 0, cancellation.event.currency)


@admin.register(CancelledOrder)
class CancelledOrderAdmin(Confirmed, ReadOnly, ModelAdmin):
    """The orders of cancelled events; those that need staff say why."""

    list_display = ("order", "event", "state", "amount", "refund", "error", "attempts", "due_at")
    list_filter = ("state",)
    list_select_related = ("order", "refund", "cancellation__event")
    search_fields = ("order__code", "cancellation__event__slug")
    show_full_result_count = False
    actions = ("refund_again", "refund_with_fee", "mark_settled")

    @admin.display(description="Event")
    def event(self, row: CancelledOrder) -> str:
        return str(row.cancellation.event)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("ticketing.change_cancelledorder"))

    @admin.action(description="Try again", permissions=["settle"])
    def refund_again(self, request: HttpRequest, rows: QuerySet[CancelledOrder]) -> None:
        self._say(request, sum(try_again(row, actor=request.user) for row in rows))

    @admin.action(description="Try again, with the service fee given back", permissions=["settle"])
    def refund_with_fee(self, request: HttpRequest, rows: QuerySet[CancelledOrder]) -> None:
        self._say(request, sum(try_again(row, actor=request.user, gives_fee_back=True) for row in rows))

    @admin.action(description="The buyer is paid another way", permissions=["settle"])
    def mark_settled(self, request: HttpRequest, rows: QuerySet[CancelledOrder]) -> None:
        for row in rows:
            self.say(request, row, partial(self._settle, request, row))

    def _settle(self, request: HttpRequest, row: CancelledOrder) -> str:
        was_open = settle_by_staff(row, actor=request.user)
        return "it needs nobody any more." if was_open else "it needed nobody."

    def _say(self, request: HttpRequest, count: int) -> None:
        self.message_user(request, f"{count} orders need nobody any more.", messages.SUCCESS)
