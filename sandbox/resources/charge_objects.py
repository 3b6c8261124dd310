"""The charge's object: a buyer's charge on the platform, and the payment that a transfer makes of it elsewhere."""

import time
from typing import Any

from sandbox import shapes
from sandbox.ids import new_id, random_text
from sandbox.state import StripeObject


def charge_object(charge_id: str, amount: int, currency: str, method: dict[str, Any]) -> StripeObject:
    """Return a paid charge's object (minor units) without anything that depends on how it came about."""
    nothing = (
        "application", "application_fee", "application_fee_amount", "balance_transaction", "customer", "description",
        "failure_balance_transaction", "failure_code", "failure_message", "on_behalf_of", "payment_intent",
        "receipt_email", "receipt_number", "review", "shipping", "source_transfer", "statement_descriptor",
        "statement_descriptor_suffix", "transfer_data", "transfer_group",
    )  # fmt: skip
    billing = {"address": shapes.address(), "email": None, "name": None, "phone": None, "tax_id": None}
    return dict.fromkeys(nothing) | {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": billing,
        "calculated_statement_descriptor": "MALY SANDBOX",
        "captured": True,
        "created": int(time.time()),
        "currency": currency,
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "outcome": outcome(None),
        "paid": True,
        "payment_method": new_id("pm"),
        "payment_method_details": method,
        "receipt_url": f"https://pay.example.com/receipts/{random_text(24)}",
        "refunded": False,
        "status": "succeeded",
    }


def outcome(reason: str | None) -> dict[str, Any]:
    """Return what the bank said to a charge: approved, or declined for a reason."""
    return {
        "advice_code": "try_again_later" if reason else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if reason else "approved_by_network",
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "The bank did not return any further details with this decline."
        if reason
        else "Payment complete.",
        "type": "issuer_declined" if reason else "authorized",
    }


def add_refunded(charge: StripeObject, amount: int) -> dict[str, Any]:
    """Count a refund (minor units; negative if it came to nothing) on a charge; returns what stood there before."""
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    return {name: old for name, old in before.items() if charge[name] != old}
