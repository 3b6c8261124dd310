"""Events and ticket types: edited by their services."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ByService, StaffAdmin
from accounts.models import AuditEntry
from ticketing.models import Event, TicketType
from ticketing.services import events, ticket_types
from ticketing.services.cancellation_preview import preview_cancellation
from ticketing.services.cancellations import LONGEST_REASON, cancel_event

FEE_CHOICES = [("", "As each order's plan says"), ("true", "Yes"), ("false", "No")]


class CoverForm(forms.ModelForm):
    """An event's own fields; the cover is prepared by the service that stores it."""

    class Meta:
        model = Event
        fields = ("organization", *events.FIELDS, "cover")


class CancelForm(forms.Form):
    """What staff say when they cancel events."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        help_text="The buyers read it, and the audit log keeps it.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    refund_application_fee = forms.NullBooleanField(
        required=False,
        widget=UnfoldAdminSelectWidget(choices=FEE_CHOICES),
        label="Give the service fee back to the organizer",
    )


@admin.register(Event)
class EventAdmin(Acting, ByService, StaffAdmin):
    form = CoverForm
    list_display = ("title", "organization", "starts_at", "status", "sold", "held")
    list_filter = ("status",)
    list_select_related = ("organization",)
    search_fields = ("title", "slug", "organization__name")
    named_by = ("slug",)
    readonly_fields = ("slug", "status", "sold", "held")
    raw_id_fields = ("organization",)
    actions = ("publish", "pause", "cancel")

    def get_readonly_fields(self, request: HttpRequest, obj: Event | None = None) -> tuple[str, ...]:  # noqa: ARG002
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

    @confirmed(
        "Put on sale",
        warning="Everybody sees these events and can buy their tickets.",
        button="Put on sale",
        permission="ticketing.change_event",
    )
    def publish(self, request: HttpRequest, event: Event, given: dict[str, Any]) -> str:  # noqa: ARG002
        with transaction.atomic():
            done = events.publish_event(event, actor=request.user)
        return f"{done.get_status_display()}."

    @confirmed(
        "Pause sales",
        warning="Nobody can begin to buy tickets of these events; what is being paid goes on.",
        button="Pause sales",
        permission="ticketing.change_event",
    )
    def pause(self, request: HttpRequest, event: Event, given: dict[str, Any]) -> str:  # noqa: ARG002
        with transaction.atomic():
            done = events.pause_event(event, actor=request.user)
        return f"{done.get_status_display()}."

    @confirmed(
        "Cancel",
        warning="Sales end for good, all that was paid goes back to the buyers, and each of them gets a mail. "
        "By each order's own terms:",
        button="Cancel the events",
        permission="ticketing.change_event",
        is_money=True,
        form=CancelForm,
        preview="ticketing/admin/_cancellations.html",
        foresee=preview_cancellation,
    )
    def cancel(self, request: HttpRequest, event: Event, given: dict[str, Any]) -> str:
        cancelled = cancel_event(
            event,
            actor=request.user,
            actor_kind=AuditEntry.Actor.STAFF,
            reason=given["reason"],
            gives_fee_back=given["refund_application_fee"],
        )
        return f"{cancelled.get_status_display()}; the refunds are made one after the other."


@admin.register(TicketType)
class TicketTypeAdmin(ByService, StaffAdmin):
    fields = ("event", *ticket_types.FIELDS, "sold", "held")
    currency_at = "event.currency"
    list_display = ("name", "event", "price_amount", "capacity", "sold", "held", "is_hidden")
    list_select_related = ("event",)
    search_fields = ("name", "public_id", "event__title")
    named_by = ("public_id",)
    readonly_fields = ("sold", "held")
    raw_id_fields = ("event",)

    def get_readonly_fields(self, request: HttpRequest, obj: TicketType | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return (*self.readonly_fields, "event") if obj else self.readonly_fields

    def save_by_service(
        self, request: HttpRequest, obj: TicketType, form: forms.ModelForm, change: bool
    ) -> TicketType:
        fields = {name: value for name, value in form.cleaned_data.items() if name in ticket_types.FIELDS}
        if change:
            fields = {name: value for name, value in fields.items() if name in form.changed_data}
            return ticket_types.update_ticket_type(obj, actor=request.user, **fields)
        return ticket_types.create_ticket_type(form.cleaned_data["event"], actor=request.user, **fields)
