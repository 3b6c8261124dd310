"""Customers of the platform."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.errors import invalid
from sandbox.ids import new_id, random_text
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.state import StripeObject
from sandbox.world import World

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
    email = params.get("email")
    if email and ("@" not in email or " " in email):
        raise invalid(f"Invalid email address: {email}", param="email", code="email_invalid")


@route("POST", "/v1/customers")
def post_customer(call: Call) -> StripeObject:
    """Create a customer."""
    _check(call.params)
    return create_customer(call.world, call.params, owner=call.account)


@route("POST", "/v1/customers/{customer}")
def update_customer(call: Call) -> StripeObject:
    """Change a customer."""
    customer: StripeObject = retrieve_customer(call)
    _check(call.params)
    changes = {name: call.params[name] or None for name in _GIVEN if name in call.params}
    if "metadata" in call.params:
        changes["metadata"] = merged_metadata(customer["metadata"], call.params["metadata"])
    previous = {name: customer[name] for name, value in changes.items() if customer[name] != value}
    if previous:
        customer.update(changes)
        call.state.save(customer)
        call.world.emit("customer.updated", customer, account=call.account, previous=previous)
    return customer


@route("GET", "/v1/customers")
def list_customers(call: Call) -> StripeObject:
    """List customers, all or by email."""
    return page(call, "customer", equal=("email",))


@route("GET", "/v1/customers/{customer}")
def retrieve_customer(call: Call) -> StripeObject:
    """Retrieve a customer."""
    return call.own("customer", call.arguments["customer"], param="customer")
