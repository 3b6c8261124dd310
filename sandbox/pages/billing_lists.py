"""The lists of subscriptions and customers on the sandbox's own pages, with what can be done to them."""

from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.pages.render import money
from sandbox.resources.invoice_lines import day_words
from sandbox.resources.prices import interval_words
from sandbox.resources.products import product_name
from sandbox.resources.subscription_payments import is_over, method_of
from sandbox.resources.subscription_periods import item_of, period_of
from sandbox.state import State, StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox


def subscriptions(sandbox: "Sandbox", count: int) -> list[dict[str, Any]]:
    """Return subscriptions as the pages list them, newest first."""
    state = sandbox.world.state
    return [_subscription(state, one) for one in islice(state.newest_first("subscription"), count)]


def _subscription(state: State, subscription: StripeObject) -> dict[str, Any]:
    price, (start, end) = item_of(subscription)["price"], period_of(subscription)
    customer = state.get("customer", subscription["customer"])
    method = method_of(state, subscription)
    status = subscription["status"]
    return {
        "id": subscription["id"],
        "customer": customer["email"] or customer["id"],
        "plan": f"{product_name(state, price)}, {money(price['unit_amount'], price['currency'])} per "
        f"{interval_words(price)}",
        "status": status.replace("_", " ").capitalize() + (", ends" if subscription["cancel_at"] else ""),
        "look": "good" if status in ("active", "trialing") else "bad",
        "period": f"{day_words(start)} to {day_words(end)}",
        "card": f"…{method['card']['last4']}" if method else "none",
        "running": not is_over(subscription),
    }


def customers(sandbox: "Sandbox", count: int) -> list[dict[str, Any]]:
    """Return customers as the pages list them, newest first."""
    return [
        {
            "id": one["id"],
            "email": one["email"] or one["name"] or "",
            "balance": money(one["balance"], one["currency"] or "usd"),
            "late": one["delinquent"],
        }
        for one in islice(sandbox.world.state.newest_first("customer"), count)
    ]
