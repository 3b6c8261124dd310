"""The outbox in the Django admin: to look at, and to send again what was given up."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from notifications.models import Message


@admin.register(Message)
class MessageAdmin(ModelAdmin):
    """Read-only, with one action."""

    list_display = ("key", "kind", "to", "state", "attempts", "created_at", "sent_at")
    list_filter = ("state", "kind")
    search_fields = ("key", "to")
    show_full_result_count = False
    actions = ("send_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    @admin.action(description="Send again what was given up", permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        count = queryset.filter(state=Message.State.DEAD).update(
            state=Message.State.QUEUED, attempts=0, due_at=timezone.now(), lease_until=None
        )
        messages.success(request, f"{count} messages are queued again.")
