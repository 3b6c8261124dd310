"""The prices of Premium at Stripe: made once, found by their lookup keys."""

from connect import billing_calls
from connect.errors import GatewayRefused
from connect.stripe_objects.billing import Price
from premium.plans import PLANS, Plan

MISSING = "Premium has no price at Stripe: run `manage.py premium_prices`."


def find_price(plan: Plan) -> Price:
    """The price that a plan has now. Raises GatewayRefused when there is none, GatewayError."""
    price = _find(plan, billing_calls.list_prices([plan.lookup_key]))
    if price is None:
        raise GatewayRefused(MISSING)
    return price


def create_prices() -> dict[str, Price]:
    """Make what is missing at Stripe, products and prices, and answer all of them by plan.

    A price that costs something else now is replaced: those who pay the old one go on with it. Safe to call twice.
    """
    known = billing_calls.list_prices([plan.lookup_key for plan in PLANS.values()])
    return {code: _find(plan, known) or _create(plan, known) for code, plan in PLANS.items()}


def missing_prices() -> list[str]:
    """The lookup keys of plans that Stripe has no right price of. Raises GatewayError."""
    known = billing_calls.list_prices([plan.lookup_key for plan in PLANS.values()])
    return [plan.lookup_key for plan in PLANS.values() if _find(plan, known) is None]


def _find(plan: Plan, known: list[Price]) -> Price | None:
    wanted = (plan.lookup_key, plan.amount, plan.currency, plan.interval, 1)
    for price in known:
        if (
            price.lookup_key,
            price.amount,
            price.currency,
            price.interval,
            price.interval_count,
        ) == wanted and price.product_name == plan.product_name:
            return price
    return None


def _create(plan: Plan, known: list[Price]) -> Price:
    """The keys say what is made, so that making it twice at once makes it once."""
    # Whatever has the lookup key now has another amount, or its product another name.
    before = next((price for price in known if price.lookup_key == plan.lookup_key), None)
    if before is not None:
        billing_calls.rename_product(before.product_id, plan.product_name)
        product_id = before.product_id
        if (before.amount, before.currency, before.interval) == (plan.amount, plan.currency, plan.interval):
            return before
    else:
        product_id = billing_calls.create_product(
            plan.product_name,
            request=plan.lookup_key,
            idempotency_key=f"product-{plan.lookup_key}-{plan.product_name}",
        )
    return billing_calls.create_price(
        product_id,
        amount=plan.amount,
        currency=plan.currency,
        interval=plan.interval,
        lookup_key=plan.lookup_key,
        idempotency_key=f"price-{product_id}-{plan.lookup_key}-{plan.amount}-{plan.currency}",
    )
