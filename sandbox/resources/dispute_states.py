"""What becomes of a dispute: opened by the card's bank, answered, won, lost, or lost by silence.

An inquiry (`warning_…`) comes before one: the bank asks, and takes nothing unless it is escalated.
"""

import time
from typing import Any

from sandbox.clock import work
from sandbox.errors import refused
from sandbox.ids import new_id
from sandbox.resources import balance_transactions
from sandbox.resources.payout_schedules import DAY
from sandbox.state import StripeObject
from sandbox.world import World

# Stripe's fee for a dispute, $15.00; other currencies pay the same figure here. It isn't given back.
DISPUTE_FEE = 1500
EVIDENCE_DAYS = 7
WORK = "dispute_due"
REASONS = (
    "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized",
    "duplicate", "fraudulent", "general", "incorrect_account_details", "insufficient_funds", "noncompliant",
    "product_not_received", "product_unacceptable", "subscription_canceled", "unrecognized",
)  # fmt: skip
FILES = (
    "cancellation_policy", "customer_communication", "customer_signature", "duplicate_charge_documentation",
    "receipt", "refund_policy", "service_documentation", "shipping_documentation", "uncategorized_file",
)  # fmt: skip
TEXTS = (
    "access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal",
    "customer_email_address", "customer_name", "customer_purchase_ip", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "refund_policy_disclosure", "refund_refusal_explanation",
    "service_date", "shipping_address", "shipping_carrier", "shipping_date", "shipping_tracking_number",
    "uncategorized_text",
)  # fmt: skip
CLOSED = ("won", "lost", "warning_closed")
OUTCOMES = (*CLOSED, "escalated")
READ = ("under_review", "warning_under_review")
# Stripe's test evidence: what its text decides.
DECIDING_TEXTS = {"winning_evidence": "won", "losing_evidence": "lost"}


def open_dispute(
    world: World,
    charge: StripeObject,
    reason: str,
    amount: int | None = None,
    *,
    inquiry: bool = False,
    days: int = EVIDENCE_DAYS,
) -> StripeObject:
    """Dispute a charge, all that isn't refunded or an `amount` of it (minor units): the platform is debited that
    and the fee; an inquiry debits nothing. An answer is due within `days`.
    Raises `StripeError` if nothing of it can be disputed."""
    left = charge["amount"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if charge["disputed"] or not charge["paid"] or not 0 < amount <= left:
        raise refused(f"Charge {charge['id']} cannot be disputed, or not by that amount.")
    dispute = _dispute(charge, reason, amount, inquiry=inquiry, days=days)
    world.state.save(dispute)
    charge["disputed"] = True
    world.state.save(charge)
    if inquiry:
        world.emit("charge.dispute.created", dispute)
        return dispute
    _withdraw(world, dispute, days)
    world.emit("charge.dispute.created", dispute)
    world.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _withdraw(world: World, dispute: StripeObject, days: int = EVIDENCE_DAYS) -> None:
    """Take the disputed amount and the fee from the platform; from now on silence loses."""
    line = balance_transactions.fee_line(
        "stripe_fee", DISPUTE_FEE, dispute["currency"], application=None, description="Dispute fee"
    )
    entry = balance_transactions.post(
        world,
        account="",
        kind="adjustment",
        category="dispute",
        amount=-dispute["amount"],
        currency=dispute["currency"],
        source=dispute["id"],
        fees=[line],
        at_once=True,
        description=f"Chargeback withdrawal for {dispute['charge']}",
    )
    dispute["balance_transactions"] = [entry]
    world.state.save(dispute)
    world.clock.plan(WORK, days * DAY, dispute["id"], dispute=dispute["id"])


def is_inquiry(dispute: StripeObject) -> bool:
    """Return whether the bank only asks."""
    return str(dispute["status"]).startswith("warning_")


def _dispute(charge: StripeObject, reason: str, amount: int, *, inquiry: bool, days: int) -> StripeObject:
    now = int(time.time())
    details = charge["payment_method_details"] or {}
    return {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(sorted(FILES + TEXTS)) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + days * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": details.get("card", {}).get("brand", "visa"),
                "case_type": "inquiry" if inquiry else "chargeback",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def add_evidence(world: World, dispute: StripeObject, evidence: dict[str, Any], *, submit: bool) -> None:
    """Stage evidence, or submit all that is staged; the bank then reviews it. Raises `StripeError` if it is late."""
    check_open(dispute)
    if dispute["status"] in READ:
        raise refused(
            f"Dispute {dispute['id']} is under review: its evidence was submitted and can't be changed."
        )
    before = {name: dispute[name] for name in ("evidence", "evidence_details", "status")}
    dispute["evidence"] = dispute["evidence"] | evidence
    details = dispute["evidence_details"]
    has_evidence = any(value for name, value in dispute["evidence"].items() if name != "enhanced_evidence")
    dispute["evidence_details"] = details | {"has_evidence": has_evidence}
    if submit:
        dispute["status"] = "warning_under_review" if is_inquiry(dispute) else "under_review"
        dispute["evidence_details"] |= {"submission_count": details["submission_count"] + 1}
        world.clock.cancel(f"{WORK}:{dispute['id']}")
        outcome = DECIDING_TEXTS.get(dispute["evidence"]["uncategorized_text"] or "")
        if outcome and not is_inquiry(dispute):
            world.plan_asynchronous("dispute_decided", dispute["id"], dispute=dispute["id"], outcome=outcome)
    changed = {name: old for name, old in before.items() if dispute[name] != old}
    world.emit("charge.dispute.updated", world.state.save(dispute), previous=changed)


def check_open(dispute: StripeObject) -> None:
    """Refuse a dispute that is decided; raises `StripeError`."""
    if dispute["status"] in CLOSED:
        raise refused(f"Dispute {dispute['id']} is already closed: it was {dispute['status']}.")


def decide_dispute(world: World, dispute: StripeObject, outcome: str) -> None:
    """Close a dispute: won, the amount comes back to the platform; lost, it doesn't. An inquiry is closed
    (`warning_closed`) or becomes a dispute (`escalated`); raises `StripeError` for what can't become of it."""
    check_open(dispute)
    if is_inquiry(dispute) != (outcome in ("warning_closed", "escalated")):
        raise refused(f"Dispute {dispute['id']} is {dispute['status']}: it can't be {outcome}.")
    if outcome == "escalated":
        _escalate(world, dispute)
        return
    world.clock.cancel(f"{WORK}:{dispute['id']}")
    before = {"status": dispute["status"]}
    dispute["status"] = outcome
    if outcome == "won":
        entry = balance_transactions.post(
            world,
            account="",
            kind="adjustment",
            category="dispute_reversal",
            amount=dispute["amount"],
            currency=dispute["currency"],
            source=dispute["id"],
            at_once=True,
            description=f"Chargeback reversal for {dispute['charge']}",
        )
        dispute["balance_transactions"] = [*dispute["balance_transactions"], entry]
    world.state.save(dispute)
    if outcome == "won":
        world.emit("charge.dispute.funds_reinstated", dispute)
    world.emit("charge.dispute.closed", dispute, previous=before)


def _escalate(world: World, dispute: StripeObject) -> None:
    """Make a dispute of an inquiry: the money is taken, and it can be answered once more."""
    before = {name: dispute[name] for name in ("amount", "evidence_details", "status")}
    dispute["status"], dispute["is_charge_refundable"] = "needs_response", False
    charge = world.state.get("charge", dispute["charge"])
    dispute["amount"] = min(dispute["amount"], charge["amount"] - charge["amount_refunded"])
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    due_by = int(time.time()) + EVIDENCE_DAYS * DAY
    dispute["evidence_details"] = dispute["evidence_details"] | {"due_by": due_by, "submission_count": 0}
    _withdraw(world, dispute)
    world.emit("charge.dispute.updated", dispute, previous=before)
    world.emit("charge.dispute.funds_withdrawn", dispute)


@work("dispute_decided")
def hear_decision(world: World, *, dispute: str, outcome: str) -> None:
    """Decide a dispute by its test evidence, unless it was decided otherwise."""
    row = world.state.get("dispute", dispute)
    if row["status"] not in CLOSED:
        decide_dispute(world, row, outcome)


@work(WORK)
def pass_due_date(world: World, *, dispute: str) -> None:
    """Lose a dispute that nobody answered in time."""
    row = world.state.get("dispute", dispute)
    row["evidence_details"] = row["evidence_details"] | {"past_due": True}
    decide_dispute(world, row, "lost")
