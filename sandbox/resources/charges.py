"""Charges, and what follows them a moment later: fee, balance transactions, transfer, application fee."""

import time
from typing import Any

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.cards import Card
from sandbox.clock import work
from sandbox.currencies import stripe_fee
from sandbox.expand import included
from sandbox.ids import new_id, random_text
from sandbox.lists import page
from sandbox.resources import application_fees, balance_transactions, disputes, transfers
from sandbox.state import State, StripeObject
from sandbox.world import APPLICATION, World


def create_charge(
    world: World,
    intent: StripeObject,
    method: dict[str, Any],
    *,
    email: str | None,
    name: str | None,
    error: Any = None,
) -> StripeObject:
    """Charge a PaymentIntent's amount (minor units), or record the failed charge of a decline.

    As at Stripe for Connect, the fresh charge has no balance transaction, transfer or application fee yet.
    """
    charge = charge_object(new_id("ch"), intent["amount"], intent["currency"], method)
    for field in ("application_fee_amount", "customer", "description", "metadata", "on_behalf_of", "receipt_email",
                  "shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"):  # fmt: skip
        charge[field] = intent[field]
    charge["billing_details"] |= {"email": email, "name": name}
    charge["payment_intent"] = intent["id"]
    if intent["transfer_data"]:
        charge["transfer_data"] = {"amount": None} | intent["transfer_data"]
        charge["transfer"] = None
    if error:
        charge.update(
            amount_captured=0,
            captured=False,
            failure_code=error["code"],
            failure_message=error["message"],
            outcome=_outcome(error.get("decline_code") or error["code"]),
            paid=False,
            receipt_url=None,
            status="failed",
        )
    world.state.save(charge)
    world.emit("charge.failed" if error else "charge.succeeded", charge)
    return charge


def charge_object(charge_id: str, amount: int, currency: str, method: dict[str, Any]) -> StripeObject:
    """Return a paid charge's object without anything that depends on how it came about."""
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
        "outcome": _outcome(None),
        "paid": True,
        "payment_method": new_id("pm"),
        "payment_method_details": method,
        "receipt_url": f"https://pay.example.com/receipts/{random_text(24)}",
        "refunded": False,
        "status": "succeeded",
    }


def card_method(card: Card, expiry: tuple[int, int]) -> dict[str, Any]:
    """Return the payment method details of a card; `expiry` is (month, four-digit year)."""
    details = shapes.card_details(
        {
            "brand": card.brand,
            "exp_month": expiry[0],
            "exp_year": expiry[1],
            "fingerprint": card.fingerprint,
            "last4": card.last4,
            "network": card.brand,
        }
    )
    return {"card": details, "type": "card"}


def _outcome(reason: str | None) -> dict[str, Any]:
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


@work("settle_charge")
def settle_charge(world: World, *, charge: str, at_once: bool = False, disputed: str | None = None) -> None:
    """Book a charge: Stripe's fee to the platform, the transfer to its destination, the application fee back."""
    row = world.state.get("charge", charge)
    if row["balance_transaction"]:
        return
    before = {name: row.get(name) for name in ("application_fee", "balance_transaction", "transfer")}
    fee = stripe_fee(row["amount"], row["currency"])
    line = balance_transactions.fee_line(
        "stripe_fee", fee, row["currency"], application=None, description="Stripe processing fees"
    )
    row["balance_transaction"] = balance_transactions.post(
        world,
        account="",
        kind="charge",
        amount=row["amount"],
        currency=row["currency"],
        source=row["id"],
        fees=[line],
        at_once=at_once,
        description=row["description"],
    )["id"]
    if row["transfer_data"]:
        _transfer(world, row, at_once=at_once)
    world.state.save(row)
    world.emit(
        "charge.updated", row, previous={name: old for name, old in before.items() if row.get(name) != old}
    )
    if disputed:
        disputes.open_dispute(world, row, disputed)


def _transfer(world: World, charge: StripeObject, *, at_once: bool) -> None:
    """Move a charge to its destination account, as a payment there, less the application fee."""
    destination, currency = charge["transfer_data"]["destination"], charge["currency"]
    amount = charge["transfer_data"]["amount"] or charge["amount"]
    application_fee = charge["application_fee_amount"] or 0
    transfer = transfers.create_transfer(
        world, charge, destination=destination, amount=amount, at_once=at_once
    )
    payment = charge_object(
        transfer["destination_payment"], amount, currency, {"stripe_account": {}, "type": "stripe_account"}
    )
    payment |= {
        "application_fee_amount": application_fee or None,
        "payment_method": None,
        "receipt_url": None,
    }
    payment |= {
        "application": APPLICATION,
        "calculated_statement_descriptor": None,
        "source_transfer": transfer["id"],
    }
    lines = []
    if application_fee:
        fee = application_fees.create_fee(world, charge, payment["id"], destination, at_once=at_once)
        charge["application_fee"] = payment["application_fee"] = fee["id"]
        lines = [
            balance_transactions.fee_line(
                "application_fee",
                application_fee,
                currency,
                application=APPLICATION,
                description="Maly application fee",
            )
        ]
    payment["balance_transaction"] = balance_transactions.post(
        world,
        account=destination,
        kind="payment",
        amount=amount,
        currency=currency,
        source=payment["id"],
        fees=lines,
        at_once=at_once,
    )["id"]
    world.state.save(payment, owner=destination)
    charge["transfer"] = transfer["id"]
    world.emit("payment.created", payment, account=destination)


@route("GET", "/v1/charges")
def list_charges(call: Call) -> StripeObject:
    """List an account's charges."""
    return page(call, "charge", equal=("payment_intent", "customer", "transfer_group"))


@route("GET", "/v1/charges/{charge}")
def retrieve_charge(call: Call) -> StripeObject:
    """Retrieve a charge."""
    return call.own("charge", call.arguments["charge"], param="charge")


@included("charge", "refunds")
def include_refunds(state: State, charge: StripeObject) -> StripeObject:
    """Return a charge's refunds, for `expand[]=refunds`."""
    owner = state.owner_of(charge["id"])
    data = [refund for refund in state.newest_first("refund", owner) if refund["charge"] == charge["id"]]
    url = f"/v1/charges/{charge['id']}/refunds"
    return {"object": "list", "data": data[:10], "has_more": len(data) > 10, "url": url}
