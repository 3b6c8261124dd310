"""Ticketing in the Django admin: events and ticket types are edited by the services, money is only looked at."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin import ReadOnly
from maly.errors import MalyError
from maly.money import format_amount
from ticketing.models import Event, Order, OrderLine, OrganizerReceivable, Payment, Refund, Ticket, TicketType
from ticketing.services import events, ticket_types
from ticketing.services.receivables import release_receivable
from ticketing.services.refund_failures import settle_refund
from ticketing.services.refund_plans import RefundPlan
from ticketing.services.refunds import preview_refund, request_refund


class CoverForm(forms.ModelForm):
    """An event's own fields; the cover is prepared by the service that stores it."""

    class Meta:
        model = Event
        fields = ("organization", *events.FIELDS, "cover")


class RefundForm(forms.Form):
    """What staff say when they refund orders."""

    reason = forms.CharField(max_length=500, help_text="The buyer reads it.")
    refund_application_fee = forms.NullBooleanField(
        required=False,
        widget=forms.Select(choices=[("", "As the order's plan says"), ("true", "Yes"), ("false", "No")]),
        label="Give the service fee back",
    )
    restock = forms.BooleanField(required=False, initial=True, label="Sell the seats again")


class EditedByService(ModelAdmin):
    """Saves by a service, and shows its refusal as a message instead of an error page. Nothing is deleted."""

    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except MalyError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        saved = self.save_by_service(request, obj, form, change)
        obj.__dict__.update(saved.__dict__)

    def save_by_service(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> Any:
        raise NotImplementedError


@admin.register(Event)
class EventAdmin(EditedByService):
    form = CoverForm
    list_display = ("title", "organization", "starts_at", "status", "sold", "held")
    list_filter = ("status", "currency")
    list_select_related = ("organization",)
    search_fields = ("title", "slug", "organization__name")
    readonly_fields = ("slug", "status", "sold", "held")
    raw_id_fields = ("organization",)
    actions = ("publish", "pause", "cancel")

    def get_readonly_fields(self, request: HttpRequest, obj: Event | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "organization") if obj else self.readonly_fields

    def save_by_service(self, request: HttpRequest, obj: Event, form: forms.ModelForm, change: bool) -> Event:
        given = form.cleaned_data
        fields = {name: given[name] for name in events.FIELDS if name in given}
        if change:
            fields = {name: value for name, value in fields.items() if name in form.changed_data}
            event = events.update_event(obj, actor=request.user, **fields)
        else:
            event = events.create_event(given["organization"], actor=request.user, **fields)
        if "cover" in form.changed_data:
            event = events.set_cover(event, given["cover"] or None, alt=given["cover_alt"])
        return event

    @admin.action(description="Put on sale", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, events.publish_event)

    @admin.action(description="Pause sales", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, events.pause_event)

    @admin.action(description="Cancel", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, events.cancel_event)

    def _each(self, request: HttpRequest, queryset: Any, service: Any) -> None:
        for event in queryset:
            try:
                with transaction.atomic():
                    done = service(event, actor=request.user)
            except MalyError as error:
                messages.error(request, f"{event}: {error.detail}")
            else:
                messages.success(request, f"{done}: {done.get_status_display()}")


@admin.register(TicketType)
class TicketTypeAdmin(EditedByService):
    fields = ("event", *ticket_types.FIELDS, "sold", "held")
    list_display = ("name", "event", "price_amount", "capacity", "sold", "held", "is_hidden")
    list_select_related = ("event",)
    search_fields = ("name", "public_id", "event__title")
    readonly_fields = ("sold", "held")
    raw_id_fields = ("event",)

    def get_readonly_fields(self, request: HttpRequest, obj: TicketType | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "event") if obj else self.readonly_fields

    def save_by_service(
        self, request: HttpRequest, obj: TicketType, form: forms.ModelForm, change: bool
    ) -> TicketType:
        fields = {name: value for name, value in form.cleaned_data.items() if name in ticket_types.FIELDS}
        if change:
            fields = {name: value for name, value in fields.items() if name in form.changed_data}
            return ticket_types.update_ticket_type(obj, actor=request.user, **fields)
        return ticket_types.create_ticket_type(form.cleaned_data["event"], actor=request.user, **fields)


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


@admin.register(Refund)
class RefundAdmin(ReadOnly, ModelAdmin):
    """`Needs staff` is the filter of what a person has to look at."""

    list_display = ("code", "order", "status", "origin", "amount", "currency", "needs_staff", "created_at")
    list_filter = ("needs_staff", "status", "origin")
    list_select_related = ("order",)
    search_fields = ("code", "order__code", "stripe_refund_id")
    exclude = ("request_key",)
    show_full_result_count = False
    actions = ("mark_settled",)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("ticketing.change_refund"))

    @admin.action(description="What needed staff is done", permissions=["settle"])
    def mark_settled(self, request: HttpRequest, refunds: QuerySet[Refund]) -> None:
        count = sum(settle_refund(refund, actor=request.user) for refund in refunds)
        self.message_user(request, f"{count} refunds need nobody any more.", messages.SUCCESS)


@admin.register(OrganizerReceivable)
class OrganizerReceivableAdmin(ReadOnly, ModelAdmin):
    list_display = ("organization", "refund", "amount", "settled_amount", "currency", "needs_staff")
    list_filter = ("needs_staff", "currency")
    list_select_related = ("organization", "refund")
    search_fields = ("organization__name", "refund__code", "refund__order__code")
    show_full_result_count = False
    actions = ("release",)

    def has_release_permission(self, request: HttpRequest) -> bool:
        return bool(
            request.user.is_superuser or request.user.has_perm("ticketing.change_organizerreceivable")
        )

    @admin.action(description="Take it from the organizer", permissions=["release"])
    def release(self, request: HttpRequest, receivables: QuerySet[OrganizerReceivable]) -> None:
        for receivable in receivables:
            released = release_receivable(receivable, actor=request.user)
            left = format_amount(released.open_amount, released.currency)
            self.message_user(request, f"{released.organization}: {left} is still owed.", messages.SUCCESS)


@admin.register(Payment)
class PaymentAdmin(ReadOnly, ModelAdmin):
    """`Needs staff` is the filter of payments that no sweep touches."""

    list_display = ("order", "status", "amount", "currency", "session_id", "review_reason", "created_at")
    list_filter = ("status",)
    list_select_related = ("order",)
    search_fields = ("order__code", "session_id", "payment_intent_id", "charge_id")
    exclude = ("parameters", "session_url")
    show_full_result_count = False


@admin.register(Ticket)
class TicketAdmin(ReadOnly, ModelAdmin):
    list_display = ("code", "event", "order", "holder_name", "status", "payment_status")
    list_filter = ("status", "payment_status")
    list_select_related = ("event", "order")
    search_fields = ("code", "order__code", "holder_name")
    show_full_result_count = False
