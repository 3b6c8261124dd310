"""Line items of a Checkout Session, each with the one-off price that `price_data` makes."""

import time
from typing import Any

from sandbox.ids import new_id
from sandbox.state import StripeObject


def line_item(line: dict[str, Any], currency: str) -> StripeObject:
    """Return the line item of checked parameters; amounts in minor units."""
    data = line["price_data"]
    total = data["unit_amount"] * line["quantity"]
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": data["product_data"]["name"],
        "metadata": line.get("metadata") or {},
        "price": _price(data, currency),
        "quantity": line["quantity"],
    }


def _price(data: dict[str, Any], currency: str) -> StripeObject:
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": int(time.time()),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("prod", 14),
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": data["unit_amount"],
        "unit_amount_decimal": str(data["unit_amount"]),
    }
