"""Changes of a running subscription: another price, canceled at the end of the period, resumed, another card."""

import copy
from typing import Any

from sandbox.call import Call
from sandbox.errors import invalid, no_such, refused
from sandbox.metadata import merged_metadata
from sandbox.resources import invoice_states
from sandbox.resources.invoice_objects import invoice_object
from sandbox.resources.payment_methods import card_of, declined
from sandbox.resources.subscription_lines import (
    Switch,
    keep_lines,
    pending_lines,
    plan_switch,
    take_pending_lines,
)
from sandbox.resources.subscription_payments import collect, is_over, method_of, save_changes
from sandbox.resources.subscription_periods import item_of, own_now, period_of, plan_renewal
from sandbox.state import StripeObject
from sandbox.world import World


def wanted_switch(
    call: Call, subscription: StripeObject, given: dict[str, Any], prefix: str = ""
) -> Switch | None:
    """Return the change of price that an update or a preview asks for, or None; raises `StripeError`."""
    if "items" not in given:
        return None
    price, quantity = _wanted_item(
        call, subscription, given["items"], f"{prefix}[items]" if prefix else "items"
    )
    item = item_of(subscription)
    if price["id"] == item["price"]["id"] and quantity == item["quantity"]:
        return None
    behavior = given.get("proration_behavior", "create_prorations")
    return plan_switch(call.world, subscription, price, quantity, behavior, given.get("proration_date"))


def _wanted_item(
    call: Call, subscription: StripeObject, items: list[dict[str, Any]], param: str
) -> tuple[StripeObject, int]:
    """Return the price and quantity that a subscription's one item is to have; raises `StripeError`."""
    item: dict[str, Any] = item_of(subscription)
    if len(items) != 1 or "id" not in items[0] or items[0].get("deleted"):
        raise invalid(
            "The sandbox's subscriptions have one item: send its id and the new price.", param=param
        )
    wanted: dict[str, Any] = items[0]
    if wanted["id"] != item["id"]:
        raise no_such("subscription item", wanted["id"], param=f"{param}[0][id]", status=400)
    price = item["price"]
    if "price" in wanted:
        price = recurring_price(call, wanted["price"], f"{param}[0][price]")
    if price["currency"] != subscription["currency"]:
        raise invalid("The price must be in the subscription's currency.", param=f"{param}[0][price]")
    quantity: int = wanted.get("quantity") or item["quantity"]
    if wanted.get("quantity", 1) < 1:
        raise invalid(f"Invalid positive integer: {wanted['quantity']}", param=f"{param}[0][quantity]")
    return price, quantity


def recurring_price(call: Call, identifier: str, param: str) -> StripeObject:
    """Return a price that can be subscribed to; raises `StripeError`."""
    price = call.own("price", identifier, param=param, status=400)
    if not price["recurring"]:
        raise invalid(
            f"The price specified is set to `type=one_time` but this field only accepts prices with "
            f"`type=recurring`: {identifier}.",
            param=param,
        )
    if not price["active"]:
        raise invalid(
            f"The price specified is inactive. This field only accepts active prices: {identifier}.",
            param=param,
        )
    return price


def carry_out(
    world: World, subscription: StripeObject, switch: Switch, *, all_or_nothing: bool = False
) -> None:
    """Change the price, and charge or credit what it comes to; raises the card's decline if `all_or_nothing`."""
    invoice = switch_invoice(world, subscription, switch) if switch.at_once else None
    if all_or_nothing and invoice and invoice["amount_due"]:
        _check_card(world, subscription)
    now, before = own_now(world, subscription), copy.deepcopy(subscription["items"])
    item_of(subscription).update(
        price=switch.price,
        quantity=switch.quantity,
        current_period_start=switch.period[0],
        current_period_end=switch.period[1],
    )
    if switch.anew:
        plan_renewal(world, subscription, switch.period[1] - now)
    changes: dict[str, Any] = {"billing_cycle_anchor": switch.anchor}
    if subscription["cancel_at_period_end"]:
        changes["cancel_at"] = switch.period[1]
    if invoice:
        take_pending_lines(world.state, subscription)
        changes["latest_invoice"] = invoice["id"]
    else:
        keep_lines(world.state, subscription, switch.lines)
    save_changes(world, subscription, changes, {"items": before})
    if invoice:
        _issue(world, invoice, switch.at)


def switch_invoice(world: World, subscription: StripeObject, switch: Switch) -> StripeObject:
    """Return the invoice of a change, a draft that isn't stored."""
    return invoice_object(
        world,
        subscription,
        [*pending_lines(world.state, subscription), *switch.lines],
        "subscription_update",
        (period_of(subscription)[0], switch.at),
        proration_date=switch.at,
    )


def _issue(world: World, invoice: StripeObject, now: int) -> None:
    invoice_states.draft_invoice(world, invoice)
    invoice_states.finalize_invoice(world, invoice, now)
    if invoice["status"] == "open":
        collect(world, invoice)


def _check_card(world: World, subscription: StripeObject) -> None:
    """Raise the decline of the card that a change would charge."""
    method = method_of(world.state, subscription)
    if method is None:
        raise refused("This customer has no attached payment source or default payment method.")
    card = card_of(world.state, method)
    if card.decline:
        raise declined(card)


def set_cancel(
    world: World,
    subscription: StripeObject,
    *,
    at_period_end: bool,
    details: Any = None,
    in_portal: bool = False,
) -> None:
    """Let a subscription end with its period, or go on after all.

    As at Stripe the portal names the day (`cancel_at`) and leaves `cancel_at_period_end` alone, since the billing mode
    is flexible; what it named isn't undone by setting that to false, but by an empty `cancel_at`.
    """
    said = {**subscription["cancellation_details"], **(details or {})}
    changes: dict[str, Any] = {"cancel_at_period_end": at_period_end and not in_portal}
    names_day = subscription["cancel_at"] and not subscription["cancel_at_period_end"]
    if names_day and not at_period_end and not in_portal:
        return
    if at_period_end:
        changes |= {
            "cancel_at": period_of(subscription)[1],
            "canceled_at": subscription["canceled_at"] or own_now(world, subscription),
            "cancellation_details": said | {"reason": "cancellation_requested"},
        }
    else:
        nothing = {"comment": None, "feedback": None, "reason": None}
        changes |= {"cancel_at": None, "canceled_at": None, "cancellation_details": nothing}
    save_changes(world, subscription, changes)


def set_card(world: World, subscription: StripeObject, method: StripeObject) -> None:
    """Charge a subscription, and whatever else its customer has, to another card."""
    customer = world.state.get("customer", subscription["customer"])
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] != method["id"]:
        before = {"invoice_settings": {"default_payment_method": settings["default_payment_method"]}}
        settings["default_payment_method"] = method["id"]
        world.state.save(customer)
        world.emit("customer.updated", customer, previous=before)
    save_changes(world, subscription, {"default_payment_method": method["id"]})


def plain_changes(call: Call, subscription: StripeObject) -> dict[str, Any]:
    """Return the fields that an update only writes down; raises `StripeError`."""
    params = call.params
    changes: dict[str, Any] = {}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(subscription["metadata"], params["metadata"])
    if "description" in params:
        changes["description"] = params["description"] or None
    return changes


def check_open(subscription: StripeObject, params: dict[str, Any]) -> None:
    """Refuse to change a subscription that is over; raises `StripeError`."""
    if is_over(subscription) and set(params) - {"metadata", "cancellation_details"}:
        raise refused("A canceled subscription can only update its cancellation_details and metadata.")
