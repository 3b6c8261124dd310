"""Disputes: opened by the card's bank; amount and fee are taken from the platform at once."""

import time

from sandbox.call import Call, route
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.resources import balance_transactions
from sandbox.state import StripeObject
from sandbox.world import World

# Stripe's fee for a dispute, $15.00; other currencies pay the same figure here.
DISPUTE_FEE = 1500
EVIDENCE_DAYS = 7
DAY = 24 * 3600
_EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file",
    "uncategorized_text",
)  # fmt: skip


def open_dispute(world: World, charge: StripeObject, reason: str) -> StripeObject:
    """Dispute a whole charge: the platform is debited its amount and the fee."""
    dispute_id, now = new_id("dp"), int(time.time())
    line = balance_transactions.fee_line(
        "stripe_fee", DISPUTE_FEE, charge["currency"], application=None, description="Dispute fee"
    )
    entry = balance_transactions.post(
        world,
        account="",
        kind="adjustment",
        amount=-charge["amount"],
        currency=charge["currency"],
        source=dispute_id,
        fees=[line],
        at_once=True,
        description=f"Chargeback withdrawal for {charge['id']}",
    )
    dispute: StripeObject = {
        "id": dispute_id,
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [entry],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + EVIDENCE_DAYS * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
    world.state.save(dispute)
    charge["disputed"] = True
    world.state.save(charge)
    world.emit("charge.dispute.created", dispute)
    world.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


@route("GET", "/v1/disputes")
def list_disputes(call: Call) -> StripeObject:
    """List disputes."""
    return page(call, "dispute", equal=("charge", "payment_intent"))


@route("GET", "/v1/disputes/{dispute}")
def retrieve_dispute(call: Call) -> StripeObject:
    """Retrieve a dispute."""
    return call.own("dispute", call.arguments["dispute"], param="dispute")
