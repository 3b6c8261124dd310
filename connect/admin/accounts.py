"""Connected accounts as we know them."""

from django.contrib import admin

from accounts.admin.base import ReadOnly, StaffAdmin
from connect.models import ConnectedAccount


@admin.register(ConnectedAccount)
class ConnectedAccountAdmin(ReadOnly, StaffAdmin):
    list_display = ["organization", "stripe_account_id", "shown_state", "is_current", "synced_at"]
    list_filter = ["is_current", "charges_enabled", "payouts_enabled"]
    list_select_related = ["organization"]
    search_fields = ["organization__name", "organization__slug", "stripe_account_id"]
    named_by = ("stripe_account_id",)

    @admin.display(description="state")
    def shown_state(self, account: ConnectedAccount) -> str:
        return str(account.state.label)
