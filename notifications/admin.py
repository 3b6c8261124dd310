"""The outbox in the Django admin: to look at, and to send again what was given up."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin, TabularInline
from accounts.admin.lists import only
from notifications.models import DeliveryEvent, Message
from notifications.services import outbox

STATES = only(
    "state",
    "state__exact",
    {"queued": ("Queued", Q(state="queued")), "dead": ("Given up", Q(state="dead"))},
)


class DeliveryEvents(ReadOnly, TabularInline):
    """What the provider told of a message."""

    model = DeliveryEvent
    fields = ("occurred_at", "delivery", "detail")
    readonly_fields = fields


@admin.register(Message)
class MessageAdmin(Acting, ReadOnly, StaffAdmin):
    """Read-only, with one action."""

    list_display = (
        "key",
        "kind",
        "to",
        "state",
        "delivery",
        "attempts",
        "created_at",
        "sent_at",
        "short_error",
    )
    list_filter = (STATES,)
    ordering = ("-id",)
    sortable_by = ()
    found_by = ("key", "provider_id")
    search_help_text = "Key or provider's id"
    inlines = (DeliveryEvents,)
    actions = ("send_again",)

    @admin.display(description="error")
    def short_error(self, message: Message) -> str:
        return message.error[:80]

    @confirmed(
        "Send again",
        warning="Messages that were given up are queued once more, under their old ids. Others stay as they are.",
        button="Send again",
        permission="notifications.change_message",
        tell=lambda message: f"{message.kind} to {message.to or 'a browser'}",
    )
    def send_again(self, request: HttpRequest, message: Message, given: dict[str, Any]) -> str:  # noqa: ARG002
        count = outbox.send_again([message], actor=request.user)
        return "is queued again." if count else "wasn't given up."
