"""Line items of a Checkout Session: of a price that exists, or of the one-off price that `price_data` makes."""

from typing import Any

from sandbox.ids import new_id
from sandbox.resources.prices import price_object, recurring_part
from sandbox.resources.products import create_product, product_name
from sandbox.state import StripeObject
from sandbox.world import World


def line_item(world: World, line: dict[str, Any], currency: str) -> StripeObject:
    """Return the line item of checked parameters; amounts in minor units."""
    price, name = _price_and_name(world, line, currency)
    quantity = line.get("quantity", 1)
    total = price["unit_amount"] * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "metadata": line.get("metadata") or {},
        "price": price,
        "quantity": quantity,
    }


def _price_and_name(world: World, line: dict[str, Any], currency: str) -> tuple[StripeObject, str]:
    if "price" in line:
        price: StripeObject = world.state.get("price", line["price"])
        return price, product_name(world.state, price)
    data = line["price_data"]
    more = {"active": False, "tax_behavior": data.get("tax_behavior", "unspecified")}
    if "recurring" not in data:
        # Prices of tickets come by the thousand and are never asked for: they stand in their line alone.
        name = (
            data["product_data"]["name"]
            if "product_data" in data
            else world.state.get("product", data["product"])["name"]
        )
        product = data.get("product") or new_id("prod", 14)
        return price_object(product, data["unit_amount"], currency, **more), name
    product = data.get("product") or create_product(world, data["product_data"])["id"]
    price = price_object(
        product, data["unit_amount"], currency, recurring=recurring_part(data["recurring"]), **more
    )
    world.state.save(price)
    world.emit("price.created", price)
    return price, product_name(world.state, price)
