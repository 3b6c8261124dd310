"""Refunds: money back to the buyer, and with it the transfer and the application fee if the request says so."""

import time
from dataclasses import dataclass

from sandbox.call import Call, route
from sandbox.currencies import share
from sandbox.errors import StripeError, invalid, missing_parameter, refused
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.metadata import checked_metadata
from sandbox.resources import application_fees, balance_transactions, transfers
from sandbox.resources.charges import settle_charge
from sandbox.state import StripeObject
from sandbox.world import APPLICATION, World


@dataclass(frozen=True)
class Plan:
    """What a refund takes from whom, in minor units; all is settled before anything moves."""

    amount: int
    reversal: int
    fee: int


@route("POST", "/v1/refunds")
def create_refund(call: Call) -> StripeObject:
    """Refund a charge, wholly or in part."""
    charge = _charge(call)
    if call.params.get("reverse_transfer") and not charge["transfer_data"]:
        raise invalid(
            "Cannot reverse transfer on charges without an associated transfer.", param="reverse_transfer"
        )
    if call.params.get("refund_application_fee") and not charge["application_fee_amount"]:
        raise refused(
            f"Charge {charge['id']} has no application fee; you cannot use the `refund_application_fee` parameter.",
            param="refund_application_fee",
        )
    # A refund right after the payment finds transfer and fee still under way: they are made first.
    settle_charge(call.world, charge=charge["id"])
    plan = _plan(call, charge)
    return _carry_out(call, charge, plan)


def _charge(call: Call) -> StripeObject:
    params = call.params
    if "charge" in params and "payment_intent" in params:
        raise invalid("You may only specify one of these parameters: charge, payment_intent.", param="charge")
    if "payment_intent" in params:
        intent = call.own(
            "payment_intent",
            params["payment_intent"],
            noun="payment_intent",
            param="payment_intent",
            status=400,
        )
        if intent["status"] != "succeeded":
            raise refused(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
        charge_id = intent["latest_charge"]
    elif "charge" in params:
        charge_id = params["charge"]
    else:
        raise missing_parameter("charge")
    charge = call.own("charge", charge_id, param="charge", status=400)
    if not charge["paid"]:
        raise refused(f"Charge {charge_id} has not succeeded and cannot be refunded.")
    if charge["refunded"]:
        raise refused(f"Charge {charge_id} has already been refunded.", code="charge_already_refunded")
    return charge


def _plan(call: Call, charge: StripeObject) -> Plan:
    """Return who gives what; raises `StripeError` if it is too much or the connected balance is short."""
    left = charge["amount"] - charge["amount_refunded"]
    amount = call.params.get("amount", left)
    if amount < 1:
        raise invalid(f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer")
    if amount > left:
        raise refused(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    reversal = fee = 0
    if call.params.get("reverse_transfer"):
        transfer = call.state.get("transfer", charge["transfer"])
        rest = transfer["amount"] - transfer["amount_reversed"]
        reversal = rest if amount == left else min(rest, share(transfer["amount"], amount, charge["amount"]))
    if call.params.get("refund_application_fee"):
        if not reversal:
            raise invalid(
                "You must also reverse the transfer when refunding the application fee of a destination charge.",
                param="refund_application_fee",
            )
        whole = call.state.get("application_fee", charge["application_fee"])
        rest = whole["amount"] - whole["amount_refunded"]
        fee = rest if amount == left else min(rest, share(whole["amount"], amount, charge["amount"]))
    if reversal:
        _check_balance(call.world, charge, reversal - fee)
    return Plan(amount, reversal, fee)


def _check_balance(world: World, charge: StripeObject, needed: int) -> None:
    destination = charge["transfer_data"]["destination"]
    totals = balance_transactions.balance_of(world, destination).get(charge["currency"], {})
    if needed > sum(totals.values()):
        raise StripeError(
            "The connected account's balance is insufficient to reverse the transfer of this charge.",
            code="balance_insufficient",
            kept=True,
        )


def _carry_out(call: Call, charge: StripeObject, plan: Plan) -> StripeObject:
    world, state = call.world, call.state
    paid = state.get("balance_transaction", charge["balance_transaction"])
    at_once = paid["status"] == "available"
    refund = _refund(call, charge, plan.amount)
    if plan.reversal:
        transfer = state.get("transfer", charge["transfer"])
        reversal = transfers.reverse_transfer(
            world, transfer, amount=plan.reversal, refund=refund["id"], at_once=at_once
        )
        refund["transfer_reversal"] = reversal["id"]
        _take_back(world, charge, reversal, transfer, plan, at_once=at_once)
    refund["balance_transaction"] = balance_transactions.post(
        world,
        account="",
        kind="refund",
        amount=-plan.amount,
        currency=charge["currency"],
        source=refund["id"],
        at_once=at_once,
        description="REFUND FOR CHARGE",
    )["id"]
    if plan.fee:
        fee = state.get("application_fee", charge["application_fee"])
        application_fees.refund_fee(world, fee, amount=plan.fee, at_once=at_once)
    state.save(refund)
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += plan.amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    state.save(charge)
    world.emit("refund.created", refund)
    world.emit("charge.refunded", charge, previous=before)
    return refund


def _refund(call: Call, charge: StripeObject, amount: int) -> StripeObject:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": checked_metadata(call.params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def _take_back(
    world: World,
    charge: StripeObject,
    reversal: StripeObject,
    transfer: StripeObject,
    plan: Plan,
    *,
    at_once: bool,
) -> None:
    """Book the reversal on the connected account: less the amount, plus the fee that it gets back."""
    account, currency = transfer["destination"], charge["currency"]
    refund_id = reversal["destination_payment_refund"]
    lines = []
    if plan.fee:
        lines = [
            balance_transactions.fee_line(
                "application_fee",
                -plan.fee,
                currency,
                application=APPLICATION,
                description="Maly application fee refund",
            )
        ]
    entry = balance_transactions.post(
        world,
        account=account,
        kind="payment_refund",
        amount=-plan.reversal,
        currency=currency,
        source=refund_id,
        fees=lines,
        at_once=at_once,
    )
    payment = world.state.get("charge", transfer["destination_payment"])
    payment["amount_refunded"] += plan.reversal
    payment["refunded"] = payment["amount_refunded"] == payment["amount"]
    world.state.save(payment)
    world.state.save(
        {
            "id": refund_id,
            "object": "refund",
            "amount": plan.reversal,
            "balance_transaction": entry["id"],
            "charge": payment["id"],
            "created": int(time.time()),
            "currency": currency,
            "metadata": {},
            "payment_intent": None,
            "reason": None,
            "receipt_number": None,
            "source_transfer_reversal": reversal["id"],
            "status": "succeeded",
            "transfer_reversal": None,
        },
        owner=account,
    )


@route("GET", "/v1/refunds")
def list_refunds(call: Call) -> StripeObject:
    """List refunds, all or those of one payment."""
    return page(call, "refund", equal=("charge", "payment_intent"))


@route("GET", "/v1/refunds/{refund}")
def retrieve_refund(call: Call) -> StripeObject:
    """Retrieve a refund."""
    return call.own("refund", call.arguments["refund"], param="refund")
