"""The door: who was let in when and where, and the links that opened it. Only looked at."""

from django.contrib import admin

from accounts.admin.base import ReadOnly, StaffAdmin
from ticketing.models import CheckIn, DoorLink


@admin.register(CheckIn)
class CheckInAdmin(ReadOnly, StaffAdmin):
    """Overridden and undone entries are told by their columns."""

    list_display = ("ticket", "event", "gate", "scanned_at", "recorded_at", "override_reason", "undone_at")
    list_select_related = ("ticket", "event")
    ordering = ("-id",)
    sortable_by = ()
    found_by = ("ticket__code", "ticket__order__code")
    found_under = ("event__slug",)
    named_by = ("public_id",)
    search_help_text = "Code of ticket or order, event's address"


@admin.register(DoorLink)
class DoorLinkAdmin(ReadOnly, StaffAdmin):
    """Links without their tokens, which nobody has kept."""

    list_display = ("name", "event", "created_by", "created_at", "expires_at", "revoked_at")
    list_select_related = ("event", "created_by")
    search_fields = ("name", "event__slug")
    exclude = ("token_hash",)
