"""Cancelled events: how far their refunds are, and what staff do where they are stuck."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin
from maly.money import format_amount
from ticketing.models import CancelledOrder, EventCancellation
from ticketing.services.cancellations import settle_by_staff, try_again

CHANGE = "ticketing.change_cancelledorder"


def tell(row: CancelledOrder) -> str:
    return f"{row.order.code}: {row.get_state_display()}. {row.error}".strip()


@admin.register(EventCancellation)
class EventCancellationAdmin(ReadOnly, StaffAdmin):
    """`Needs staff` is the filter of what a person has to look at."""

    list_display = ("event", "state", "orders_done", "orders_stuck", "refunded", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("event",)
    search_fields = ("event__title", "event__slug")
    list_per_page = 25

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
class CancelledOrderAdmin(Acting, ReadOnly, StaffAdmin):
    """The orders of cancelled events; those that need staff say why."""

    currency_at = "order.currency"
    list_display = ("order", "event", "state", "amount", "refund", "error", "attempts", "due_at")
    list_filter = ("state",)
    list_select_related = ("order", "refund", "cancellation__event")
    ordering = ("-id",)
    sortable_by = ()
    found_by = ("order__code", "cancellation__event__slug")
    named_by = ("order__code",)
    search_help_text = "Order's code or event's address"
    actions = ("refund_again", "refund_with_fee", "mark_settled")

    @admin.display(description="Event")
    def event(self, row: CancelledOrder) -> str:
        return str(row.cancellation.event)

    @confirmed(
        "Try again",
        warning="What these orders still hold is refunded, as the cancellation said.",
        button="Refund again",
        permission=CHANGE,
        is_money=True,
        tell=tell,
    )
    def refund_again(self, request: HttpRequest, row: CancelledOrder, given: dict[str, Any]) -> str:  # noqa: ARG002
        return _after(try_again(row, actor=request.user))

    @confirmed(
        "Try again, with the service fee given back",
        warning="What these orders still hold is refunded, and the organizers get the service fee back.",
        button="Refund again, with the fee",
        permission=CHANGE,
        is_money=True,
        tell=tell,
    )
    def refund_with_fee(self, request: HttpRequest, row: CancelledOrder, given: dict[str, Any]) -> str:  # noqa: ARG002
        return _after(try_again(row, actor=request.user, gives_fee_back=True))

    @confirmed(
        "The buyer is paid another way",
        warning="Nothing more is refunded for these orders. Say how their buyers were paid.",
        button="They are paid",
        permission=CHANGE,
        is_money=True,
        tell=tell,
    )
    def mark_settled(self, request: HttpRequest, row: CancelledOrder, given: dict[str, Any]) -> str:  # noqa: ARG002
        was_open = settle_by_staff(row, actor=request.user)
        return "it needs nobody any more." if was_open else "it needed nobody."


def _after(is_taken_up: bool) -> str:
    return "it is taken up again." if is_taken_up else "it needed nobody."
