"""The outbox in the Django admin: to look at, and to send again what was given up."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin import ReadOnly
from notifications.models import DeliveryEvent, Message
from notifications.services import outbox


class DeliveryEvents(ReadOnly, TabularInline):
    """What the provider told of a message."""

    model = DeliveryEvent
    fields = ("occurred_at", "delivery", "detail")
    readonly_fields = fields
    extra = 0


@admin.register(Message)
class MessageAdmin(ReadOnly, ModelAdmin):
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
    list_filter = ("state", "delivery", "channel", "kind")
    search_fields = ("key", "to", "provider_id")
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (DeliveryEvents,)
    actions = ("send_again",)

    @admin.display(description="error")
    def short_error(self, message: Message) -> str:
        return message.error[:80]

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("notifications.change_message"))

    @admin.action(description="Send again what was given up", permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        count = outbox.send_again(chosen, actor=request.user)
        self.message_user(request, f"{count} messages are queued again.", messages.SUCCESS)
