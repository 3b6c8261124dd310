"""Prices: what a product costs, once or again and again; found by their lookup keys."""

import time
from typing import Any

from sandbox import currencies
from sandbox.call import Call, route
from sandbox.errors import invalid, missing_parameter, refused
from sandbox.expand import included
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources.products import create_product
from sandbox.state import State, StripeObject
from sandbox.world import World

# At most three years lie between two invoices of one subscription.
LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}
NOT_HERE = (
    "billing_scheme",
    "currency_options",
    "custom_unit_amount",
    "tiers",
    "tiers_mode",
    "transform_quantity",
)
MOST_LOOKUP_KEYS, LONGEST_LOOKUP_KEY = 10, 200


def price_object(product: str, amount: int, currency: str, **more: Any) -> StripeObject:
    """Return a price's object; `amount` in minor units, whatever else it has in `more`."""
    return {
        "id": new_id("price"),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": int(time.time()),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product,
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if more.get("recurring") else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    } | more


def recurring_part(given: dict[str, Any], param: str = "recurring") -> dict[str, Any]:
    """Return the recurring part of a price as Stripe shows it; raises `StripeError`."""
    if given.get("usage_type", "licensed") != "licensed" or "meter" in given:
        raise invalid("The sandbox has licensed prices only.", param=f"{param}[usage_type]")
    if "trial_period_days" in given:
        raise invalid(
            "Set trials on the subscription, not on the price.", param=f"{param}[trial_period_days]"
        )
    interval, count = given["interval"], given.get("interval_count", 1)
    if not 1 <= count <= LONGEST[interval]:
        raise invalid(
            "You cannot create a price with an interval of more than three years.",
            param=f"{param}[interval_count]",
        )
    return {
        "interval": interval,
        "interval_count": count,
        "meter": None,
        "usage_type": "licensed",
    }


@route("POST", "/v1/prices")
def post_price(call: Call) -> StripeObject:
    """Create a price of a product, or of a new one; `transfer_lookup_key` takes a key from the price that has it."""
    call.require_platform()
    params = call.params
    for name in NOT_HERE:
        if name in params and params[name] != "per_unit":
            raise invalid("The sandbox has plain prices per unit only.", param=name)
    currency, amount = _checked_amount(params)
    key = _checked_key(call)
    recurring = recurring_part(params["recurring"]) if "recurring" in params else None
    price = price_object(
        _product(call),
        amount,
        currency,
        active=params.get("active", True),
        lookup_key=key,
        metadata=checked_metadata(params.get("metadata")),
        nickname=params.get("nickname"),
        recurring=recurring,
        tax_behavior=params.get("tax_behavior", "unspecified"),
    )
    call.state.save(price)
    call.world.emit("price.created", price)
    return price


def _checked_amount(params: dict[str, Any]) -> tuple[str, int]:
    """Return currency and amount in minor units; raises `StripeError`."""
    currency = params["currency"].lower()
    if not currencies.is_known(currency):
        raise invalid(f"Invalid currency: {params['currency']}.", param="currency")
    if "unit_amount" not in params and "unit_amount_decimal" not in params:
        raise missing_parameter("unit_amount")
    text = str(params.get("unit_amount", params.get("unit_amount_decimal")))
    if not text.isdigit():
        raise invalid(
            f"Invalid non-negative integer: {text}", param="unit_amount", code="parameter_invalid_integer"
        )
    return currency, int(text)


def _product(call: Call) -> str:
    params = call.params
    if ("product" in params) == ("product_data" in params):
        raise invalid(
            "You must specify either `product` or `product_data` when creating a price.", param="product"
        )
    if "product" in params:
        return str(call.own("product", params["product"], param="product", status=400)["id"])
    return str(create_product(call.world, params["product_data"])["id"])


def _checked_key(call: Call) -> str | None:
    """Return the lookup key that a price is to have, taken from its holder if that is asked; raises `StripeError`."""
    key = call.params.get("lookup_key")
    if not key:
        return None
    if len(key) > LONGEST_LOOKUP_KEY:
        raise invalid(f"Lookup keys can have up to {LONGEST_LOOKUP_KEY} characters.", param="lookup_key")
    holder = _holder(call.state, key)
    if holder is None:
        return str(key)
    if not call.params.get("transfer_lookup_key"):
        raise refused(
            f"A price (`{holder['id']}`) already uses that lookup key.",
            param="lookup_key",
            code="resource_already_exists",
        )
    _change(call.world, holder, {"lookup_key": None})
    return str(key)


def _holder(state: State, key: str) -> StripeObject | None:
    return next((price for price in state.newest_first("price") if price["lookup_key"] == key), None)


def _change(world: World, price: StripeObject, changes: dict[str, Any]) -> None:
    previous = {name: price[name] for name, value in changes.items() if price[name] != value}
    if previous:
        price.update(changes)
        world.state.save(price)
        world.emit("price.updated", price, previous=previous)


@route("POST", "/v1/prices/{price}")
def update_price(call: Call) -> StripeObject:
    """Change what may be changed of a price: not its amount."""
    price: StripeObject = retrieve_price(call)
    params = call.params
    changes: dict[str, Any] = {name: params[name] for name in ("active", "tax_behavior") if name in params}
    if "nickname" in params:
        changes["nickname"] = params["nickname"] or None
    if "metadata" in params:
        changes["metadata"] = merged_metadata(price["metadata"], params["metadata"])
    if "lookup_key" in params and params["lookup_key"] != price["lookup_key"]:
        changes["lookup_key"] = _checked_key(call)
    _change(call.world, price, changes)
    return price


@route("GET", "/v1/prices")
def list_prices(call: Call) -> StripeObject:
    """List prices, by product, lookup keys, kind or interval."""
    keys = call.params.get("lookup_keys")
    if keys is not None and len(keys) > MOST_LOOKUP_KEYS:
        raise invalid(f"You may specify at most {MOST_LOOKUP_KEYS} lookup keys.", param="lookup_keys")
    wanted = call.params.get("recurring", {})

    def keep(price: StripeObject) -> bool:
        if keys is not None and price["lookup_key"] not in keys:
            return False
        return all((price["recurring"] or {}).get(name) == value for name, value in wanted.items())

    return page(call, "price", equal=("active", "currency", "product", "type"), keep=keep)


@route("GET", "/v1/prices/{price}")
def retrieve_price(call: Call) -> StripeObject:
    """Retrieve a price."""
    return call.own("price", call.arguments["price"], param="price")


@included("price", "product")
def include_product(state: State, price: StripeObject) -> StripeObject:
    """Return a price's product, for `expand[]=product`: its id may be of any form."""
    product: StripeObject | None = state.get("product", price["product"])
    if product is None:
        raise invalid("This property cannot be expanded (product).", param="expand")
    return product


def interval_words(price: StripeObject) -> str:
    """Return how often a price is due: `month`, `year`, `3 months`."""
    recurring = price["recurring"]
    count = recurring["interval_count"]
    return str(recurring["interval"]) if count == 1 else f"{count} {recurring['interval']}s"
