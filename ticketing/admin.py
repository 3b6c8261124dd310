"""Ticketing in the Django admin: events and ticket types are edited by the services, money is only looked at."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin import ReadOnly
from maly.errors import MalyError
from ticketing.models import Event, Order, OrderLine, Payment, Ticket, TicketType
from ticketing.services import events, ticket_types


class CoverForm(forms.ModelForm):
    """An event's own fields; the cover is prepared by the service that stores it."""

    class Meta:
        model = Event
        fields = ("organization", *events.FIELDS, "cover")


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


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    list_display = ("code", "event", "status", "email", "total_amount", "currency", "created_at")
    list_filter = ("status",)
    list_select_related = ("event",)
    search_fields = ("code", "email")
    exclude = ("key", "request_key")
    inlines = (LineInline, PaymentInline)
    show_full_result_count = False


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
