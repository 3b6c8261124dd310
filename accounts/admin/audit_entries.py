"""The audit log, to be read; the cockpit has it with more ways to look."""

from django.contrib import admin
from django.db.models import Q

from accounts.admin.base import ReadOnly, StaffAdmin
from accounts.admin.lists import only
from accounts.models import AuditEntry

BY_WHOM = only(
    "who",
    "actor_kind__exact",
    {
        "staff": ("Platform staff", Q(actor_kind="staff")),
        "command": ("Commands", Q(actor_kind="command")),
    },
)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, StaffAdmin):
    list_display = ["at", "action", "subject", "organization", "actor_kind", "actor", "reason"]
    list_select_related = ["actor", "organization"]
    list_filter = [BY_WHOM]
    ordering = ["-at", "-id"]
    found_by = ("subject", "action")
    found_under = ("organization__slug", "actor__email")
    search_help_text = "Subject, action, email, organization's address"
    sortable_by = ()
