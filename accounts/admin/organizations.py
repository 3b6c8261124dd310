"""Organizations: their texts are edited, their flags set by the service."""

from typing import Any

from django.contrib import admin
from django.db.models import URLField
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import Audited, StaffAdmin
from accounts.admin.people import MembershipInline
from accounts.models import Organization
from accounts.services.flags import flag_organization, unflag_organization


@admin.register(Organization)
class OrganizationAdmin(Acting, Audited, StaffAdmin):
    list_display = ["name", "slug", "kind", "flagged_at", "created_at"]
    list_filter = ["kind", ("flagged_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "slug", "members__email"]
    named_by = ("slug",)
    search_help_text = "Part of a name, an address or a member's email"
    readonly_fields = ["slug", "kind", "host", "logo", "flagged_at", "flag_reason", "created_at"]
    inlines = [MembershipInline]
    actions = ["flag", "unflag"]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @confirmed(
        "Flag",
        warning="Nothing of these organizations is sold from now on. Tickets that were sold stay valid; refunds and "
        "payouts go on.",
        button="Stop their sales",
        permission="accounts.change_organization",
        is_money=True,
    )
    def flag(self, request: HttpRequest, organization: Organization, given: dict[str, Any]) -> str:
        entry = flag_organization(organization, actor=request.user, reason=given["reason"])
        return "nothing is sold any more." if entry else "was flagged already; the first reason stays."

    @confirmed(
        "Unflag",
        warning="These organizations sell again.",
        button="Let them sell",
        permission="accounts.change_organization",
        is_money=True,
    )
    def unflag(self, request: HttpRequest, organization: Organization, given: dict[str, Any]) -> str:
        entry = unflag_organization(organization, actor=request.user, reason=given["reason"])
        return "may sell again." if entry else "wasn't flagged."
