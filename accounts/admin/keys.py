"""API tokens, which staff may end, and what people are entitled to."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin
from accounts.models import ApiToken, Entitlement
from accounts.services.tokens import revoke_by_staff


@admin.register(ApiToken)
class ApiTokenAdmin(Acting, ReadOnly, StaffAdmin):
    """By their first characters; the key itself nobody has kept."""

    list_display = ["name", "prefix", "user", "created_at", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["prefix", "user__email"]
    exclude = ["key_hash"]
    actions = ["revoke"]

    @confirmed(
        "Revoke",
        warning="What uses these keys is refused from now on, for good.",
        button="Revoke",
        permission="accounts.change_apitoken",
        is_money=True,
    )
    def revoke(self, request: HttpRequest, token: ApiToken, given: dict[str, Any]) -> str:
        was_alive = revoke_by_staff(token, actor=request.user, reason=given["reason"])
        return "is worth nothing any more." if was_alive else "was revoked before."


@admin.register(Entitlement)
class EntitlementAdmin(ReadOnly, StaffAdmin):
    list_display = ["user", "kind", "until"]
    list_select_related = ["user"]
    search_fields = ["user__email", "kind"]
