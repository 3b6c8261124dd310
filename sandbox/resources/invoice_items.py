"""Invoice items: what an invoice by hand is to charge."""

import time

from sandbox import currencies
from sandbox.call import Call, route
from sandbox.errors import invalid, missing_parameter
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.metadata import checked_metadata
from sandbox.state import State, StripeObject

KNOWN = ("amount", "currency", "customer", "description", "metadata")


@route("POST", "/v1/invoiceitems")
def post_item(call: Call) -> StripeObject:
    """Create an item of an amount, which waits for the customer's next invoice by hand."""
    call.require_platform()
    params, now = call.params, int(time.time())
    for name in params:
        if name not in KNOWN:
            raise invalid(f"The sandbox's invoice items do without `{name}`.", param=name)
    for name in ("customer", "amount", "currency"):
        if name not in params:
            raise missing_parameter(name)
    customer = call.own("customer", params["customer"], param="customer", status=400)
    if not currencies.is_known(params["currency"].lower()):
        raise invalid(f"Invalid currency: {params['currency']}.", param="currency")
    item: StripeObject = {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": params["amount"],
        "currency": params["currency"].lower(),
        "customer": customer["id"],
        "customer_account": None,
        "date": now,
        "description": params.get("description"),
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": checked_metadata(params.get("metadata")),
        "net_amount": params["amount"],
        "parent": None,
        "period": {"end": now, "start": now},
        "pricing": None,
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": None,
    }
    call.state.save(item)
    call.world.emit("invoiceitem.created", item)
    return item


@route("GET", "/v1/invoiceitems")
def list_items(call: Call) -> StripeObject:
    """List invoice items, by customer, invoice, or those that wait."""
    pending = call.params.get("pending")

    def keep(item: StripeObject) -> bool:
        return pending is None or (item["invoice"] is None) == pending

    return page(call, "invoiceitem", noun="invoice item", equal=("customer", "invoice"), keep=keep, times=())


@route("GET", "/v1/invoiceitems/{invoiceitem}")
def retrieve_item(call: Call) -> StripeObject:
    """Retrieve an invoice item."""
    return call.own("invoiceitem", call.arguments["invoiceitem"], noun="invoice item")


def waiting_items(state: State, customer: str) -> list[StripeObject]:
    """Return the items that wait for a customer's next invoice, oldest first."""
    return [
        one for one in state.values("invoiceitem") if one["customer"] == customer and one["invoice"] is None
    ]
