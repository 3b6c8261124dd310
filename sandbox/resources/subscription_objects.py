"""The objects of a subscription and of its one item."""

import time
from typing import Any

from sandbox.ids import new_id
from sandbox.state import StripeObject


def subscription_object(
    customer: str, price: StripeObject, quantity: int, period: tuple[int, int], **more: Any
) -> StripeObject:
    """Return a new subscription to a price; the period in Unix times, whatever else it has in `more`."""
    nothing = (
        "application", "application_fee_percent", "billing_cycle_anchor_config", "billing_thresholds", "cancel_at",
        "canceled_at", "customer_account", "days_until_due", "default_payment_method", "default_source",
        "description", "ended_at", "latest_invoice", "next_pending_invoice_item_invoice", "on_behalf_of",
        "pause_collection", "pending_invoice_item_interval", "pending_setup_intent", "pending_update", "schedule",
        "test_clock", "transfer_data", "trial_end", "trial_start",
    )  # fmt: skip
    subscription_id = new_id("sub")
    item = subscription_item(subscription_id, price, quantity, period)
    return (
        dict.fromkeys(nothing)
        | {
            "id": subscription_id,
            "object": "subscription",
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": period[0],
            "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
            "billing_schedules": [],
            "cancel_at_period_end": False,
            "cancellation_details": {"comment": None, "feedback": None, "reason": None},
            "collection_method": "charge_automatically",
            "created": int(time.time()),
            "currency": price["currency"],
            "customer": customer,
            "default_tax_rates": [],
            "discounts": [],
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "items": {
                "object": "list",
                "data": [item],
                "has_more": False,
                "url": f"/v1/subscription_items?subscription={subscription_id}",
            },
            "livemode": False,
            "managed_payments": {"enabled": False},
            "metadata": {},
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": None,
                "save_default_payment_method": "off",
            },
            "start_date": period[0],
            "status": "active",
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        }
        | more
    )


def subscription_item(
    subscription: str, price: StripeObject, quantity: int, period: tuple[int, int]
) -> StripeObject:
    """Return the item of a subscription: its price, and the current period, which is not the subscription's own."""
    return {
        "id": new_id("si", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": int(time.time()),
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }
