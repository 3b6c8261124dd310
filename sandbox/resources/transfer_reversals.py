"""Reversals: taking back a transfer, wholly or in part, for a refund or by itself."""

import time

from sandbox.call import Call, route
from sandbox.currencies import in_words, share
from sandbox.errors import invalid, no_such, refused
from sandbox.ids import new_id
from sandbox.lists import paginate
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources import application_fees, balance_transactions
from sandbox.resources.charge_objects import add_refunded
from sandbox.resources.transfers import application_fee_line
from sandbox.state import StripeObject
from sandbox.world import World

SHOWN = 10


def fee_part(fee: StripeObject | None, amount: int, left: int) -> int:
    """Return how much of an application fee goes back with `amount` of what is `left` of its payment; minor units.

    In proportion to what is left of both, rounded half up: the last part takes all the rest.
    """
    return share(fee["amount"] - fee["amount_refunded"], amount, left) if fee else 0


def fee_of(world: World, transfer: StripeObject) -> StripeObject | None:
    """Return the application fee that was taken of a transfer."""
    payment = world.state.get("charge", transfer["destination_payment"])
    fee: StripeObject | None = world.state.get("application_fee", payment["application_fee"] or "")
    return fee


def check_left(transfer: StripeObject, amount: int) -> None:
    """Refuse to take back more of a transfer (minor units) than is left of it; raises `StripeError`."""
    left = transfer["amount"] - transfer["amount_reversed"]
    if transfer["reversed"]:
        raise refused(f"The transfer {transfer['id']} is already fully reversed.", param="id")
    if amount > left:
        raise refused(
            f"Reversal amount ({in_words(amount, transfer['currency'])}) is greater than unreversed amount on "
            f"transfer ({in_words(left, transfer['currency'])})",
            param="amount",
        )


def check_balance(world: World, transfer: StripeObject, needed: int) -> None:
    """Refuse a reversal that the connected account can't bear; raises `StripeError` (`balance_insufficient`).

    `needed` is the reversal less the fee given back with it; it may use pending money too.
    """
    totals = balance_transactions.balance_of(world, transfer["destination"]).get(transfer["currency"], {})
    if needed > max(0, sum(totals.values())):
        raise refused(
            f"The connected account {transfer['destination']} has insufficient funds to reverse "
            f"{in_words(needed, transfer['currency'])} of transfer {transfer['id']}.",
            code="balance_insufficient",
        )


def reverse_transfer(
    world: World,
    transfer: StripeObject,
    *,
    amount: int,
    fee_amount: int = 0,
    refund: str | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """Take part of a transfer (minor units) back, and give part of its application fee back; both sides are booked.

    The account's payment is refunded by the amount, less the fee that it gets back.
    """
    reversal_id = new_id("trr")
    entry = balance_transactions.post(
        world,
        account="",
        kind="transfer_refund",
        amount=amount,
        currency=transfer["currency"],
        source=reversal_id,
        like=transfer["balance_transaction"],
    )
    reversal: StripeObject = {
        "id": reversal_id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": entry["id"],
        "created": int(time.time()),
        "currency": transfer["currency"],
        "destination_payment_refund": new_id("pyr"),
        "metadata": metadata or {},
        "source_refund": refund,
        "transfer": transfer["id"],
    }
    world.state.save(reversal)
    reversals = transfer["reversals"]
    newest = [reversal, *reversals["data"]]
    transfer["reversals"] = {**reversals, "data": newest[:SHOWN], "has_more": len(newest) > SHOWN}
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    world.state.save(transfer)
    world.emit("transfer.reversed", transfer)
    _refund_payment(world, transfer, reversal, fee_amount)
    fee = fee_of(world, transfer)
    if fee and fee_amount:
        application_fees.refund_fee(world, fee, amount=fee_amount)
    return reversal


def _refund_payment(world: World, transfer: StripeObject, reversal: StripeObject, fee_amount: int) -> None:
    """Book a reversal on the connected account, as a refund of its payment."""
    account, currency = transfer["destination"], transfer["currency"]
    payment = world.state.get("charge", transfer["destination_payment"])
    lines = [application_fee_line(-fee_amount, currency, "Maly application fee refund")] if fee_amount else []
    entry = balance_transactions.post(
        world,
        account=account,
        kind="payment_refund",
        amount=-reversal["amount"],
        currency=currency,
        source=reversal["destination_payment_refund"],
        fees=lines,
        like=payment["balance_transaction"],
    )
    add_refunded(payment, reversal["amount"])
    world.state.save(payment)
    refund = {
        "id": reversal["destination_payment_refund"],
        "object": "refund",
        "amount": reversal["amount"],
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
    }
    world.state.save(refund, owner=account)


# Calls


@route("POST", "/v1/transfers/{id}/reversals")
def create_reversal(call: Call) -> StripeObject:
    """Take back what a transfer gave, wholly or in part, with or without the application fee."""
    transfer = call.own("transfer", call.arguments["id"])
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.get("amount", left)
    if amount < 1 and left:
        raise invalid(f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer")
    check_left(transfer, amount)
    fee_amount = 0
    if call.params.get("refund_application_fee"):
        fee = fee_of(call.world, transfer)
        if fee is None:
            raise refused(
                f"Transfer {transfer['id']} has no application fee; you cannot use the `refund_application_fee` "
                "parameter.",
                param="refund_application_fee",
            )
        fee_amount = fee_part(fee, amount, left)
    check_balance(call.world, transfer, amount - fee_amount)
    metadata = checked_metadata(call.params.get("metadata"))
    return reverse_transfer(call.world, transfer, amount=amount, fee_amount=fee_amount, metadata=metadata)


@route("GET", "/v1/transfers/{id}/reversals")
def list_reversals(call: Call) -> StripeObject:
    """List a transfer's reversals."""
    transfer = call.own("transfer", call.arguments["id"])
    rows = call.state.newest_first("transfer_reversal")
    return paginate(
        call, (row for row in rows if row["transfer"] == transfer["id"]), noun="transfer reversal"
    )


@route("GET", "/v1/transfers/{transfer}/reversals/{id}")
def retrieve_reversal(call: Call) -> StripeObject:
    """Retrieve a reversal of a transfer."""
    reversal = call.own("transfer_reversal", call.arguments["id"])
    if reversal["transfer"] != call.arguments["transfer"]:
        raise no_such("transfer reversal", call.arguments["id"])
    return reversal


@route("POST", "/v1/transfers/{transfer}/reversals/{id}")
def update_reversal(call: Call) -> StripeObject:
    """Change a reversal's metadata."""
    reversal = retrieve_reversal(call)
    if "metadata" in call.params:
        reversal["metadata"] = merged_metadata(reversal["metadata"], call.params["metadata"])
    return call.state.save(reversal)
