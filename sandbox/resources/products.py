"""Products: what is sold again and again, by the prices that belong to it."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.errors import invalid, refused
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.state import State, StripeObject
from sandbox.world import World

_GIVEN = (
    "description",
    "package_dimensions",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
)
_PLAIN = ("active", "images", "marketing_features", "name")


def create_product(world: World, given: dict[str, Any]) -> StripeObject:
    """Make a product of checked parameters."""
    now = int(time.time())
    product: StripeObject = {name: given.get(name) for name in _GIVEN} | {
        "id": given.get("id") or new_id("prod", 14),
        "object": "product",
        "active": given.get("active", True),
        "created": now,
        "default_price": None,
        "images": given.get("images", []),
        "livemode": False,
        "marketing_features": given.get("marketing_features", []),
        "metadata": checked_metadata(given.get("metadata")),
        "name": given["name"],
        "updated": now,
    }
    world.state.save(product)
    world.emit("product.created", product)
    return product


@route("POST", "/v1/products")
def post_product(call: Call) -> StripeObject:
    """Create a product; its id may be chosen."""
    call.require_platform()
    if "default_price_data" in call.params:
        raise invalid(
            "The sandbox makes prices by themselves: create one for the product.", param="default_price_data"
        )
    wanted = call.params.get("id")
    if wanted and call.state.get("product", wanted):
        raise refused(f"Product already exists: {wanted}", param="id", code="resource_already_exists")
    return create_product(call.world, call.params)


@route("POST", "/v1/products/{id}")
def update_product(call: Call) -> StripeObject:
    """Change a product."""
    product: StripeObject = retrieve_product(call)
    params = call.params
    changes = {name: params[name] or None for name in _GIVEN if name in params}
    changes |= {name: params[name] for name in _PLAIN if name in params}
    if params.get("default_price"):
        changes["default_price"] = call.own(
            "price", params["default_price"], param="default_price", status=400
        )["id"]
    if "metadata" in params:
        changes["metadata"] = merged_metadata(product["metadata"], params["metadata"])
    previous = {name: product[name] for name, value in changes.items() if product[name] != value}
    if previous:
        product.update(changes, updated=int(time.time()))
        call.state.save(product)
        call.world.emit("product.updated", product, previous=previous)
    return product


@route("GET", "/v1/products")
def list_products(call: Call) -> StripeObject:
    """List products, all, the active ones, or some ids."""
    wanted = call.params.get("ids")
    return page(
        call,
        "product",
        equal=("active", "shippable", "url"),
        keep=lambda product: wanted is None or product["id"] in wanted,
    )


@route("GET", "/v1/products/{id}")
def retrieve_product(call: Call) -> StripeObject:
    """Retrieve a product."""
    return call.own("product", call.arguments["id"])


def product_name(state: State, price: StripeObject) -> str:
    """Return the name of a price's product."""
    product = state.get("product", price["product"])
    return str(product["name"]) if product else "Subscription"
