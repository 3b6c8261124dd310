"""dj-stripe's copies of Stripe's objects: looked at, and found by their ids.

dj-stripe's own pages would ask Stripe, change and delete objects there, and take API keys; none of them is kept. What
the mirror feeds is shown read-only; the rest of its tables stays empty.
"""

import json
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.base import ReadOnly, StaffAdmin, in_words

SHOWN = (
    "Account",
    "Charge",
    "Customer",
    "Dispute",
    "Invoice",
    "Payout",
    "Price",
    "Product",
    "Refund",
    "Subscription",
)
# Where Stripe's objects have their amount.
AMOUNTS = ("amount", "total", "unit_amount")


class MirroredAdmin(ReadOnly, StaffAdmin):
    """An object as Stripe last gave it to us."""

    list_display = ["id", "amount", "status", "created", "livemode", "djstripe_updated"]
    fields = ["id", "created", "livemode", "djstripe_created", "djstripe_updated", "said"]
    ordering = ["-djstripe_id"]
    sortable_by = ()
    found_by = ("id",)
    search_help_text = "A Stripe id, in full"

    @admin.display(description="amount")
    def amount(self, row: Any) -> str:
        data = row.stripe_data or {}
        amount = next((data[name] for name in AMOUNTS if isinstance(data.get(name), int)), None)
        return in_words(amount, str(data.get("currency") or ""))

    @admin.display(description="status")
    def status(self, row: Any) -> str:
        return str((row.stripe_data or {}).get("status") or "")

    @admin.display(description="Stripe said")
    def said(self, row: Any) -> SafeString:
        return format_html(
            '<pre class="staff-code" tabindex="0">{}</pre>', json.dumps(row.stripe_data, indent=2)
        )


for _model in apps.get_app_config("djstripe").get_models():
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
for _name in SHOWN:
    admin.site.register(apps.get_model("djstripe", _name), MirroredAdmin)
