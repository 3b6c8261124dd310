"""Plans: the older form of recurring prices, which some tools still make. A plan is a price by another name."""

from typing import Any

from sandbox import currencies
from sandbox.call import Call, route
from sandbox.errors import invalid, missing_parameter
from sandbox.metadata import checked_metadata
from sandbox.resources.prices import price_object, recurring_part
from sandbox.resources.products import create_product
from sandbox.state import StripeObject

KNOWN = ("active", "amount", "currency", "interval", "interval_count", "metadata", "nickname", "product")


@route("POST", "/v1/plans")
def post_plan(call: Call) -> StripeObject:
    """Create a plan of a product, or of a new one."""
    call.require_platform()
    params = call.params
    for name in params:
        if name not in KNOWN:
            raise invalid(f"The sandbox's plans do without `{name}`.", param=name)
    for name in ("amount", "product"):
        if name not in params:
            raise missing_parameter(name)
    if not currencies.is_known(params["currency"].lower()):
        raise invalid(f"Invalid currency: {params['currency']}.", param="currency")
    if params["amount"] < 0:
        raise invalid(f"Invalid non-negative integer: {params['amount']}", param="amount")
    recurring = recurring_part(params)
    price = price_object(
        _product(call, params["product"]),
        params["amount"],
        params["currency"].lower(),
        active=params.get("active", True),
        metadata=checked_metadata(params.get("metadata")),
        nickname=params.get("nickname"),
        recurring=recurring,
    )
    call.state.save(price)
    plan = plan_object(price)
    call.world.emit("plan.created", plan)
    call.world.emit("price.created", price)
    return plan


def _product(call: Call, given: Any) -> str:
    if isinstance(given, dict):
        return str(create_product(call.world, given)["id"])
    return str(call.own("product", given, param="product", status=400)["id"])


@route("GET", "/v1/plans/{plan}")
def retrieve_plan(call: Call) -> StripeObject:
    """Retrieve a plan."""
    price = call.own("price", call.arguments["plan"], noun="plan", param="plan")
    if not price["recurring"]:
        raise invalid("This price is no plan.", param="plan")
    return plan_object(price)


def plan_object(price: StripeObject) -> StripeObject:
    """Return a recurring price as the plan that it is too."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
