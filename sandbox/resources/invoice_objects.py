"""The objects of an invoice: itself, and the payment that it asks for."""

import time
from typing import Any

from sandbox.ids import new_id
from sandbox.resources.accounts import platform_name
from sandbox.resources.invoice_lines import Line, subscription_line
from sandbox.state import StripeObject
from sandbox.world import World


def invoice_object(
    world: World,
    subscription: StripeObject,
    lines: list[Line],
    reason: str,
    period: tuple[int, int],
    *,
    proration_date: int | None = None,
) -> StripeObject:
    """Return a draft of a subscription's invoice; nothing is stored.

    `period` is what Stripe calls the invoice's own: the one that has ended, not the one that its lines pay for.
    """
    customer = world.state.get("customer", subscription["customer"])
    rows = [subscription_line(subscription, line) for line in lines]
    parent = _parent(subscription, proration_date)
    return draft_object(world, customer, subscription["currency"], rows, reason, period) | {"parent": parent}


def draft_object(
    world: World,
    customer: StripeObject,
    currency: str,
    lines: list[StripeObject],
    reason: str,
    period: tuple[int, int],
) -> StripeObject:
    """Return a draft of lines for a customer, of no subscription; nothing is stored."""
    total, invoice_id = sum(line["amount"] for line in lines), new_id("in")
    return _plain_fields() | {
        "id": invoice_id,
        "object": "invoice",
        **_amounts(total, customer["balance"]),
        "account_country": "US",
        "account_name": platform_name(world),
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": int(time.time()),
        "currency": currency,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "lines": {
            "object": "list",
            "data": [{**line, "invoice": invoice_id} for line in lines],
            "has_more": False,
            "url": f"/v1/invoices/{invoice_id}/lines",
        },
        "parent": None,
        "period_end": period[1],
        "period_start": period[0],
        "starting_balance": customer["balance"],
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
    }


def _amounts(total: int, balance: int) -> dict[str, int]:
    due = max(0, total + balance)
    return {"amount_due": due, "amount_paid": 0, "amount_remaining": due}


def _plain_fields() -> dict[str, Any]:
    """Return the fields of a draft that say nothing, or the same of every invoice here."""
    nothing = (
        "account_tax_ids", "application", "automatically_finalizes_at", "custom_fields", "customer_account",
        "default_payment_method", "default_source", "description", "due_date", "effective_at", "ending_balance",
        "footer", "from_invoice", "hosted_invoice_url", "invoice_pdf", "last_finalization_error", "latest_revision",
        "next_payment_attempt", "number", "on_behalf_of", "receipt_number", "rendering", "shipping_cost",
        "shipping_details", "statement_descriptor", "test_clock", "webhooks_delivered_at",
    )  # fmt: skip
    moments = ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
    return dict.fromkeys(nothing) | {
        "amount_overpaid": 0,
        "amount_paid_off_stripe": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": {},
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "status": "draft",
        "status_transitions": dict.fromkeys(moments),
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _parent(subscription: StripeObject, proration_date: int | None) -> StripeObject:
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    if proration_date is not None:
        details["subscription_proration_date"] = proration_date
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def payment_object(invoice: StripeObject, intent: StripeObject) -> StripeObject:
    """Return the invoice payment that ties an invoice to the PaymentIntent that pays it."""
    return {
        "id": new_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": int(time.time()),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
