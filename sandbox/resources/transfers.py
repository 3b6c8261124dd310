"""Transfers to connected accounts, and their reversals."""

import time

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.resources import balance_transactions
from sandbox.state import StripeObject
from sandbox.world import World


def create_transfer(
    world: World, charge: StripeObject, *, destination: str, amount: int, at_once: bool
) -> StripeObject:
    """Move part of a charge (minor units) from the platform to a connected account."""
    transfer_id = new_id("tr")
    entry = balance_transactions.post(
        world,
        account="",
        kind="transfer",
        amount=-amount,
        currency=charge["currency"],
        source=transfer_id,
        at_once=at_once,
    )
    transfer: StripeObject = {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": entry["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "description": None,
        "destination": destination,
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": {},
        "reversals": shapes.empty_list(f"/v1/transfers/{transfer_id}/reversals"),
        "reversed": False,
        "source_transaction": charge["id"],
        "source_type": "card",
        "transfer_group": charge["transfer_group"] or f"group_{charge['payment_intent']}",
    }
    world.state.save(transfer)
    world.emit("transfer.created", transfer)
    return transfer


def reverse_transfer(
    world: World, transfer: StripeObject, *, amount: int, refund: str, at_once: bool
) -> StripeObject:
    """Take part of a transfer (minor units) back for a refund; the connected side is booked by the refund."""
    reversal_id = new_id("trr")
    entry = balance_transactions.post(
        world,
        account="",
        kind="transfer_refund",
        amount=amount,
        currency=transfer["currency"],
        source=reversal_id,
        at_once=at_once,
    )
    reversal: StripeObject = {
        "id": reversal_id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": entry["id"],
        "created": int(time.time()),
        "currency": transfer["currency"],
        "destination_payment_refund": new_id("pyr"),
        "metadata": {},
        "source_refund": refund,
        "transfer": transfer["id"],
    }
    world.state.save(reversal)
    reversals = transfer["reversals"]
    transfer["reversals"] = {**reversals, "data": [reversal, *reversals["data"]]}
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    world.state.save(transfer)
    world.emit("transfer.reversed", transfer)
    return reversal


@route("GET", "/v1/transfers")
def list_transfers(call: Call) -> StripeObject:
    """List transfers."""
    return page(call, "transfer", equal=("destination", "transfer_group"))


@route("GET", "/v1/transfers/{transfer}")
def retrieve_transfer(call: Call) -> StripeObject:
    """Retrieve a transfer."""
    return call.own("transfer", call.arguments["transfer"], param="transfer")
