"""Customers of the platform."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.errors import invalid
from sandbox.expand import included
from sandbox.ids import new_id, random_text
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources.payment_methods import attach, found_method
from sandbox.state import State, StripeObject
from sandbox.world import World

# Stripe's tokens of test cards, in the older form that some tools still send.
TEST_SOURCES = {
    "tok_visa": "pm_card_visa",
    "tok_mastercard": "pm_card_mastercard",
    "tok_chargeCustomerFail": "pm_card_chargeCustomerFail",
}
_GIVEN = ("address", "description", "email", "name", "phone", "shipping")


def create_customer(world: World, given: dict[str, Any], *, owner: str = "") -> StripeObject:
    """Make a customer of checked parameters."""
    customer: StripeObject = {name: given.get(name) for name in _GIVEN} | {
        "id": new_id("cus", 14),
        "object": "customer",
        "balance": 0,
        "created": int(time.time()),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_prefix": random_text(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": checked_metadata(given.get("metadata")),
        "next_invoice_sequence": 1,
        "preferred_locales": given.get("preferred_locales", []),
        "tax_exempt": given.get("tax_exempt") or "none",
        "test_clock": None,
    }
    world.state.save(customer, owner=owner)
    world.emit("customer.created", customer, account=owner)
    return customer


def _check(params: dict[str, Any]) -> None:
    if "balance" in params:
        raise invalid("The sandbox changes balances by balance_transactions only.", param="balance")
    email = params.get("email")
    if email and ("@" not in email or " " in email):
        raise invalid(f"Invalid email address: {email}", param="email", code="email_invalid")


@route("POST", "/v1/customers")
def post_customer(call: Call) -> StripeObject:
    """Create a customer."""
    params = call.params
    _check(params)
    source = TEST_SOURCES.get(params.get("source", ""))
    if "source" in params and source is None:
        raise invalid(f"No such token: '{params['source']}'", param="source", code="resource_missing")
    given = source or params.get("payment_method")
    method = found_method(call, given, param="payment_method", status=400) if given else None
    customer = create_customer(call.world, params, owner=call.account)
    if method:
        attach(call.world, method, customer)
    wanted = params.get("invoice_settings", {}).get("default_payment_method")
    if method and (source or wanted in (given, method["id"])):
        customer["invoice_settings"]["default_payment_method"] = method["id"]
        call.state.save(customer)
    return customer


@route("POST", "/v1/customers/{customer}")
def update_customer(call: Call) -> StripeObject:
    """Change a customer."""
    customer: StripeObject = retrieve_customer(call)
    _check(call.params)
    changes = {name: call.params[name] or None for name in _GIVEN if name in call.params}
    if "invoice_settings" in call.params:
        changes["invoice_settings"] = _settings(call, customer)
    if "metadata" in call.params:
        changes["metadata"] = merged_metadata(customer["metadata"], call.params["metadata"])
    previous = {name: customer[name] for name, value in changes.items() if customer[name] != value}
    if previous:
        customer.update(changes)
        call.state.save(customer)
        call.world.emit("customer.updated", customer, account=call.account, previous=previous)
    return customer


def _settings(call: Call, customer: StripeObject) -> dict[str, Any]:
    """Return a customer's invoice settings after an update; raises `StripeError` for a card that isn't theirs."""
    given = call.params["invoice_settings"]
    method = given.get("default_payment_method")
    if method:
        param = "invoice_settings[default_payment_method]"
        found = call.own("payment_method", method, noun="PaymentMethod", param=param, status=400)
        if found["customer"] != customer["id"]:
            raise invalid(
                f"The customer does not have a payment method with the ID {method}.",
                param=param,
                code="resource_missing",
            )
    settings: dict[str, Any] = customer["invoice_settings"]
    return settings | {name: value or None for name, value in given.items()}


@route("GET", "/v1/customers")
def list_customers(call: Call) -> StripeObject:
    """List customers, all or by email."""
    return page(call, "customer", equal=("email",))


@route("GET", "/v1/customers/{customer}")
def retrieve_customer(call: Call) -> StripeObject:
    """Retrieve a customer."""
    return call.own("customer", call.arguments["customer"], param="customer")


@included("customer", "subscriptions")
def include_subscriptions(state: State, customer: StripeObject) -> StripeObject:
    """Return a customer's running subscriptions, for `expand[]=subscriptions`."""
    rows = state.newest_first("subscription")
    data = [row for row in rows if row["customer"] == customer["id"] and row["status"] != "canceled"]
    url = f"/v1/customers/{customer['id']}/subscriptions"
    return {"object": "list", "data": data[:10], "has_more": len(data) > 10, "url": url}
