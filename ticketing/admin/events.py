"""Events and ticket types: edited by their services."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from maly.errors import MalyError
from ticketing.admin.base import EditedByService
from ticketing.admin.cancellations import cancel_after_preview
from ticketing.models import Event, TicketType
from ticketing.services import events, ticket_types


class CoverForm(forms.ModelForm):
    """An event's own fields; the cover is prepared by the service that stores it."""

    class Meta:
        model = Event
        fields = ("organization", *events.FIELDS, "cover")


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

    @admin.action(description="Cancel…", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return cancel_after_preview(self, request, queryset)

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
