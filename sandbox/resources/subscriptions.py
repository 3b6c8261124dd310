"""Subscriptions: made by a checkout or a call, changed, canceled."""

from typing import Any

from sandbox.call import Call, route
from sandbox.errors import invalid, missing_parameter, no_such, refused
from sandbox.lists import page
from sandbox.metadata import checked_metadata
from sandbox.resources.payment_methods import attach, found_method
from sandbox.resources.subscription_changes import (
    carry_out,
    check_open,
    plain_changes,
    recurring_price,
    set_cancel,
    set_card,
    wanted_switch,
)
from sandbox.resources.subscription_payments import OVER, end_subscription, is_over, save_changes
from sandbox.resources.subscription_periods import item_of, own_now
from sandbox.resources.subscription_states import begin
from sandbox.state import StripeObject

PATH = "/v1/subscriptions/{subscription_exposed_id}"
CREATES = (
    "cancel_at_period_end", "collection_method", "currency", "customer", "default_payment_method", "description",
    "items", "metadata", "off_session", "payment_behavior", "payment_settings", "proration_behavior",
    "trial_period_days",
)  # fmt: skip
UPDATES = (
    "cancel_at", "cancel_at_period_end", "cancellation_details", "default_payment_method", "description", "items",
    "metadata", "off_session", "payment_behavior", "proration_behavior", "proration_date",
)  # fmt: skip
PAYMENT_BEHAVIORS = ("allow_incomplete", "default_incomplete", "error_if_incomplete")


def _only(params: dict[str, Any], known: tuple[str, ...]) -> None:
    """Refuse what Stripe knows and the sandbox doesn't do; raises `StripeError`."""
    for name in params:
        if name not in known:
            raise invalid(f"The sandbox's subscriptions do without `{name}`.", param=name)
    if params.get("payment_behavior", "allow_incomplete") not in PAYMENT_BEHAVIORS:
        raise invalid("The sandbox has no pending updates.", param="payment_behavior")
    if params.get("collection_method", "charge_automatically") != "charge_automatically":
        raise invalid("The sandbox charges automatically only.", param="collection_method")


@route("POST", "/v1/subscriptions")
def post_subscription(call: Call) -> StripeObject:
    """Create a subscription to one price, charged to a kept card."""
    call.require_platform()
    params = call.params
    _only(params, CREATES)
    for name in ("customer", "items"):
        if name not in params:
            raise missing_parameter(name)
    customer = call.own("customer", params["customer"], param="customer", status=400)
    # A plan is a price by its older name.
    given = params["items"][0].get("price") or params["items"][0].get("plan")
    if len(params["items"]) != 1 or not given:
        raise invalid("The sandbox's subscriptions have one item: send one price.", param="items")
    price = recurring_price(call, given, "items[0][price]")
    method = _kept_method(call, customer) or customer["invoice_settings"]["default_payment_method"]
    trial_days = params.get("trial_period_days", 0)
    if not method and not trial_days and params.get("payment_behavior") != "default_incomplete":
        raise refused(
            "This customer has no attached payment source or default payment method. Please consider adding a "
            "default payment method.",
            code="resource_missing",
        )
    subscription = begin(
        call.world,
        customer,
        price,
        params["items"][0].get("quantity", 1),
        trial_days=trial_days,
        default_payment_method=_kept_method(call, customer),
        description=params.get("description") or None,
        metadata=checked_metadata(params.get("metadata")),
    )
    if params.get("cancel_at_period_end"):
        set_cancel(call.world, subscription, at_period_end=True)
    return subscription


def _kept_method(call: Call, customer: StripeObject) -> str | None:
    """Return the customer's card that a call names for a subscription, or None; raises `StripeError`."""
    given = call.params.get("default_payment_method")
    if not given:
        return None
    method = found_method(call, given, param="default_payment_method", status=400)
    if method["customer"] is None:
        attach(call.world, method, customer)
    if method["customer"] != customer["id"]:
        raise no_such("PaymentMethod", given, param="default_payment_method", status=400)
    return str(method["id"])


@route("POST", PATH)
def update_subscription(call: Call) -> StripeObject:
    """Change a subscription: its price, its end, its card."""
    subscription: StripeObject = retrieve_subscription(call)
    world, params = call.world, call.params
    _only(params, UPDATES)
    check_open(subscription, params)
    _check_end(params)
    switch = wanted_switch(call, subscription, params)
    changes = plain_changes(call, subscription)
    if params.get("default_payment_method"):
        customer = call.state.get("customer", subscription["customer"])
        set_card(world, subscription, call.state.get("payment_method", _kept_method(call, customer) or ""))
    if switch:
        strict = params.get("payment_behavior") == "error_if_incomplete"
        carry_out(world, subscription, switch, all_or_nothing=strict)
    details = params.get("cancellation_details")
    if "cancel_at" in params:
        set_cancel(world, subscription, at_period_end=False, in_portal=True)
    elif "cancel_at_period_end" in params:
        set_cancel(world, subscription, at_period_end=params["cancel_at_period_end"], details=details)
    elif details:
        changes["cancellation_details"] = {**subscription["cancellation_details"], **details}
    save_changes(world, subscription, changes)
    return subscription


def _check_end(params: dict[str, Any]) -> None:
    """Refuse two ends at once, and a day that isn't a period's end; raises `StripeError`."""
    if "cancel_at" in params and "cancel_at_period_end" in params:
        raise invalid("You may only specify one of: cancel_at, cancel_at_period_end.", param="cancel_at")
    if params.get("cancel_at"):
        raise invalid(
            "The sandbox's subscriptions end with a period: `cancel_at` may be empty.", param="cancel_at"
        )


@route("DELETE", PATH)
def cancel_subscription(call: Call) -> StripeObject:
    """Cancel a subscription at once; nothing is given back."""
    subscription: StripeObject = retrieve_subscription(call)
    if is_over(subscription):
        raise no_such("subscription", subscription["id"])
    if call.params.get("prorate") or call.params.get("invoice_now"):
        raise invalid("The sandbox cancels without a last invoice.", param="prorate")
    subscription["cancellation_details"] |= call.params.get("cancellation_details", {})
    end_subscription(
        call.world, subscription, own_now(call.world, subscription), reason="cancellation_requested"
    )
    return subscription


@route("GET", "/v1/subscriptions")
def list_subscriptions(call: Call) -> StripeObject:
    """List subscriptions by customer, price and status; those that are canceled only when asked for."""
    status, price = call.params.get("status"), call.params.get("price")

    def keep(subscription: StripeObject) -> bool:
        if price and item_of(subscription)["price"]["id"] != price:
            return False
        if status == "all":
            return True
        if status == "ended":
            return subscription["status"] in OVER
        return bool(
            subscription["status"] != "canceled" if status is None else subscription["status"] == status
        )

    return page(call, "subscription", equal=("customer", "collection_method"), keep=keep)


@route("GET", PATH)
def retrieve_subscription(call: Call) -> StripeObject:
    """Retrieve a subscription."""
    return call.own("subscription", call.arguments["subscription_exposed_id"])
