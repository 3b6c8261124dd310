"""The door: who was let in when and where, and the links that opened it. Only looked at."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from accounts.admin import ReadOnly
from ticketing.models import CheckIn, DoorLink


@admin.register(CheckIn)
class CheckInAdmin(ReadOnly, ModelAdmin):
    """Overridden and undone entries are told by their columns."""

    list_display = ("ticket", "event", "gate", "scanned_at", "recorded_at", "override_reason", "undone_at")
    list_select_related = ("ticket", "event")
    search_fields = ("ticket__code", "ticket__order__code", "event__slug")
    show_full_result_count = False


@admin.register(DoorLink)
class DoorLinkAdmin(ReadOnly, ModelAdmin):
    """Links without their tokens, which nobody has kept."""

    list_display = ("name", "event", "created_by", "created_at", "expires_at", "revoked_at")
    list_select_related = ("event", "created_by")
    search_fields = ("name", "event__slug")
    exclude = ("token_hash",)
