"""A customer's balance: what an invoice leaves as credit (negative) or defers (positive), and every change of it."""

import time

from sandbox.call import Call, route
from sandbox.errors import invalid
from sandbox.ids import new_id
from sandbox.lists import paginate
from sandbox.metadata import checked_metadata
from sandbox.state import StripeObject
from sandbox.world import World


def change_balance(
    world: World,
    customer: StripeObject,
    amount: int,
    currency: str,
    *,
    kind: str,
    invoice: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """Add an amount (minor units; negative is credit) to a customer's balance and record it."""
    before = {"balance": customer["balance"]}
    customer["balance"] += amount
    customer["currency"] = currency
    world.state.save(customer)
    transaction: StripeObject = {
        "id": new_id("cbtxn"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": int(time.time()),
        "credit_note": None,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "description": description,
        "ending_balance": customer["balance"],
        "invoice": invoice,
        "livemode": False,
        "metadata": metadata or {},
        "type": kind,
    }
    world.state.save(transaction)
    world.emit("customer.updated", customer, previous=before)
    return transaction


@route("POST", "/v1/customers/{customer}/balance_transactions")
def adjust_balance(call: Call) -> StripeObject:
    """Change a customer's balance by hand."""
    customer = call.own("customer", call.arguments["customer"], param="customer")
    if not call.params["amount"]:
        raise invalid("The amount must not be zero.", param="amount")
    return change_balance(
        call.world,
        customer,
        call.params["amount"],
        call.params["currency"].lower(),
        kind="adjustment",
        description=call.params.get("description"),
        metadata=checked_metadata(call.params.get("metadata")),
    )


@route("GET", "/v1/customers/{customer}/balance_transactions")
def list_balance_changes(call: Call) -> StripeObject:
    """List the changes of a customer's balance."""
    customer = call.own("customer", call.arguments["customer"], param="customer")
    rows = call.state.newest_first("customer_balance_transaction")
    return paginate(call, (row for row in rows if row["customer"] == customer["id"]), noun="transaction")
