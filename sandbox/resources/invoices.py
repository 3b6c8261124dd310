"""Invoices: of subscriptions and by hand, read, paid, and shown before they exist."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.errors import StripeError, invalid, missing_parameter, refused
from sandbox.expand import included
from sandbox.ids import random_text
from sandbox.lists import page, paginate
from sandbox.metadata import checked_metadata
from sandbox.resources.invoice_items import waiting_items
from sandbox.resources.invoice_lines import Line, full_line, item_line
from sandbox.resources.invoice_objects import draft_object, invoice_object
from sandbox.resources.invoice_states import draft_invoice, finalize_invoice
from sandbox.resources.payment_methods import card_of, declined, found_method
from sandbox.resources.subscription_changes import switch_invoice, wanted_switch
from sandbox.resources.subscription_lines import Switch, pending_lines
from sandbox.resources.subscription_payments import (
    collect,
    invoice_method,
    invoice_now,
    is_over,
    subscription_id_of,
    write_off,
)
from sandbox.resources.subscription_periods import item_of, next_end, period_of
from sandbox.state import State, StripeObject

_BY_HAND = (
    "auto_advance", "collection_method", "currency", "customer", "description", "metadata",
    "pending_invoice_items_behavior",
)  # fmt: skip
_PREVIEWS = ("customer", "preview_mode", "subscription", "subscription_details")
_DETAILS = ("cancel_at_period_end", "items", "proration_behavior", "proration_date")


@route("GET", "/v1/invoices")
def list_invoices(call: Call) -> StripeObject:
    """List invoices by customer, subscription and status."""
    wanted = call.params.get("subscription")

    def keep(invoice: StripeObject) -> bool:
        return wanted is None or subscription_id_of(invoice) == wanted

    return page(call, "invoice", equal=("customer", "status", "collection_method"), keep=keep)


@route("GET", "/v1/invoices/{invoice}")
def retrieve_invoice(call: Call) -> StripeObject:
    """Retrieve an invoice."""
    return call.own("invoice", call.arguments["invoice"], param="invoice")


@route("GET", "/v1/invoices/{invoice}/lines")
def list_lines(call: Call) -> StripeObject:
    """List an invoice's lines."""
    invoice: StripeObject = retrieve_invoice(call)
    return paginate(call, invoice["lines"]["data"], noun="line item")


@route("POST", "/v1/invoices/{invoice}/finalize")
def post_finalize(call: Call) -> StripeObject:
    """Finalize a draft now; it is charged when its own hour is over."""
    invoice: StripeObject = retrieve_invoice(call)
    if invoice["status"] != "draft":
        raise refused("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    finalize_invoice(call.world, invoice, invoice_now(call.world, invoice))
    return invoice


@route("POST", "/v1/invoices/{invoice}/pay")
def pay_invoice(call: Call) -> StripeObject:
    """Charge an invoice now, to the kept card or another one; raises the card's decline."""
    invoice: StripeObject = retrieve_invoice(call)
    for name in call.params:
        if name not in ("off_session", "payment_method"):
            raise invalid(f"The sandbox's invoices do without `{name}`.", param=name)
    if invoice["status"] == "paid":
        raise refused("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "draft":
        finalize_invoice(call.world, invoice, invoice_now(call.world, invoice))
    if invoice["status"] == "paid":
        return invoice
    if invoice["status"] != "open":
        raise refused("You can only pay an open invoice.", code="invoice_not_editable")
    method = _given_method(call, invoice) or invoice_method(call.state, invoice)
    if not collect(call.world, invoice, method=method, by_hand=True):
        raise declined(card_of(call.state, method)) if method else _no_card()
    return invoice


def _given_method(call: Call, invoice: StripeObject) -> StripeObject | None:
    if "payment_method" not in call.params:
        return None
    method = found_method(call, call.params["payment_method"], param="payment_method", status=400)
    method["customer"] = method["customer"] or invoice["customer"]
    return method


def _no_card() -> StripeError:
    return refused(
        "There is no default payment method set on this Customer or Invoice.", code="resource_missing"
    )


@route("POST", "/v1/invoices/{invoice}/void")
def post_void(call: Call) -> StripeObject:
    """Void an open invoice."""
    invoice: StripeObject = retrieve_invoice(call)
    if invoice["status"] != "open":
        raise refused("You can only pass in open invoices. This invoice isn't open.")
    write_off(call.world, invoice)
    return invoice


# By hand


@route("POST", "/v1/invoices")
def post_invoice(call: Call) -> StripeObject:
    """Make a draft of a customer's waiting invoice items, of no subscription."""
    call.require_platform()
    params = call.params
    _only(params, _BY_HAND, "")
    if "customer" not in params:
        raise missing_parameter("customer")
    if (
        params.get("auto_advance")
        or params.get("collection_method", "charge_automatically") != "charge_automatically"
    ):
        raise invalid("The sandbox's invoices by hand are paid by a call.", param="auto_advance")
    customer = call.own("customer", params["customer"], param="customer", status=400)
    takes = params.get("pending_invoice_items_behavior", "exclude") == "include"
    items = waiting_items(call.state, customer["id"]) if takes else []
    currency = params.get("currency") or (items[0]["currency"] if items else customer["currency"] or "usd")
    now = int(time.time())
    invoice = draft_object(
        call.world, customer, currency, [item_line(item) for item in items], "manual", (now, now)
    )
    invoice |= {
        "auto_advance": False,
        "description": params.get("description"),
        "metadata": checked_metadata(params.get("metadata")),
    }
    for item in items:
        item["invoice"] = invoice["id"]
        call.state.save(item)
    return draft_invoice(call.world, invoice)


# Before they exist


@route("POST", "/v1/invoices/create_preview")
def create_preview(call: Call) -> StripeObject:
    """Return the next invoice of a subscription, or that of a change, without making it."""
    _only(call.params, _PREVIEWS, "")
    if "subscription" not in call.params:
        raise missing_parameter("subscription")
    subscription = call.own("subscription", call.params["subscription"], param="subscription", status=400)
    if call.params.get("customer", subscription["customer"]) != subscription["customer"]:
        raise invalid("The subscription is another customer's.", param="customer")
    details = call.params.get("subscription_details", {})
    _only(details, _DETAILS, "subscription_details")
    ends = details.get("cancel_at_period_end", bool(subscription["cancel_at"]))
    switch = wanted_switch(call, subscription, details, "subscription_details")
    if is_over(subscription) or (ends and not (switch and switch.at_once)):
        raise StripeError(
            f"No upcoming invoices for customer: {subscription['customer']}",
            status=404,
            code="invoice_upcoming_none",
        )
    return _as_preview(_upcoming(call, subscription, switch))


def _only(params: dict[str, Any], known: tuple[str, ...], prefix: str) -> None:
    for name in params:
        if name not in known:
            full = f"{prefix}[{name}]" if prefix else name
            raise invalid(f"The sandbox's invoices do without `{full}`.", param=full)


def _upcoming(call: Call, subscription: StripeObject, switch: Switch | None) -> StripeObject:
    if switch and switch.at_once:
        return switch_invoice(call.world, subscription, switch)
    item, (start, end) = item_of(subscription), period_of(subscription)
    price, quantity = (switch.price, switch.quantity) if switch else (item["price"], item["quantity"])
    later = next_end(subscription["billing_cycle_anchor"], end, price["recurring"])
    lines: list[Line] = [*pending_lines(call.state, subscription), *(switch.lines if switch else [])]
    lines.append(full_line(call.state, price, quantity, (end, later)))
    date = switch.at if switch else None
    return invoice_object(call.world, subscription, lines, "upcoming", (start, end), proration_date=date)


def _as_preview(invoice: StripeObject) -> StripeObject:
    """Return an invoice with an id that leads nowhere, as that of a preview."""
    preview_id = f"upcoming_in_{random_text(24)}"
    lines = {
        **invoice["lines"],
        "data": [{**line, "invoice": preview_id} for line in invoice["lines"]["data"]],
        "url": f"/v1/invoices/upcoming/lines?preview={preview_id}",
    }
    return {**invoice, "id": preview_id, "auto_advance": False, "lines": lines}


# Invoice payments: the way from an invoice to its charge, and back


@included("invoice", "payments")
def include_payments(state: State, invoice: StripeObject) -> StripeObject:
    """Return an invoice's payments, for `expand[]=payments`."""
    data = [row for row in state.newest_first("invoice_payment") if row["invoice"] == invoice["id"]]
    return {
        "object": "list",
        "data": data,
        "has_more": False,
        "url": f"/v1/invoices/{invoice['id']}/payments",
    }


@route("GET", "/v1/invoice_payments")
def list_payments(call: Call) -> StripeObject:
    """List invoice payments, of one invoice or of one PaymentIntent."""
    wanted = call.params.get("payment", {})
    if wanted and "payment_intent" not in wanted:
        raise missing_parameter("payment[payment_intent]")

    def keep(payment: StripeObject) -> bool:
        return not wanted or payment["payment"]["payment_intent"] == wanted["payment_intent"]

    return page(call, "invoice_payment", noun="invoice payment", equal=("invoice", "status"), keep=keep)


@route("GET", "/v1/invoice_payments/{invoice_payment}")
def retrieve_payment(call: Call) -> StripeObject:
    """Retrieve an invoice payment."""
    return call.own("invoice_payment", call.arguments["invoice_payment"], noun="invoice payment")
