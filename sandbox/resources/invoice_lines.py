"""The lines of an invoice: of a subscription's period, of a change within it, of an item that was added by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.currencies import in_words
from sandbox.ids import new_id
from sandbox.resources.prices import interval_words
from sandbox.resources.products import product_name
from sandbox.resources.subscription_periods import item_of
from sandbox.state import State, StripeObject


@dataclass(frozen=True)
class Line:
    """What a line of an invoice says; amount in minor units, the period in Unix times."""

    price: StripeObject
    quantity: int
    amount: int
    period: tuple[int, int]
    description: str
    proration: bool = False


def full_line(state: State, price: StripeObject, quantity: int, period: tuple[int, int]) -> Line:
    """Return the line of a whole period."""
    each = in_words(price["unit_amount"], price["currency"])
    words = f"{quantity} × {product_name(state, price)} (at {each} / {interval_words(price)})"
    return Line(price, quantity, price["unit_amount"] * quantity, period, words)


def trial_line(state: State, price: StripeObject, quantity: int, period: tuple[int, int]) -> Line:
    """Return the line of a trial, which costs nothing."""
    return Line(price, quantity, 0, period, f"Trial period for {product_name(state, price)}")


def day_words(moment: int) -> str:
    """Return a day as an invoice's lines write it: `22 Nov 2026`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")


def subscription_line(subscription: StripeObject, line: Line) -> StripeObject:
    """Return the object of a subscription's line."""
    details = {
        "invoice_item": new_id("ii") if line.proration else None,
        "proration": line.proration,
        "proration_details": {"credited_items": None} if line.proration else None,
        "subscription": subscription["id"],
        "subscription_item": item_of(subscription)["id"],
    }
    return _line_object(line.amount, line.price["currency"], line.description, line.period) | {
        "discountable": not line.proration,
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        },
        "pricing": {
            "price_details": {"price": line.price["id"], "product": line.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(abs(line.amount) // line.quantity),
        },
        "quantity": line.quantity,
        "subscription": subscription["id"],
    }


def item_line(item: StripeObject) -> StripeObject:
    """Return the object of a line for an invoice item."""
    details = {
        "invoice_item": item["id"],
        "proration": False,
        "proration_details": None,
        "subscription": None,
    }
    period = (item["period"]["start"], item["period"]["end"])
    return _line_object(item["amount"], item["currency"], item["description"], period) | {
        "metadata": dict(item["metadata"]),
        "parent": {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
    }


def _line_object(
    amount: int, currency: str, description: str | None, period: tuple[int, int]
) -> dict[str, Any]:
    """Return what all lines have; the invoice that takes a line writes its own id into it."""
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": None,
        "period": {"end": period[1], "start": period[0]},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
    }
