"""Application fees: what the platform takes of a payment, and what it gives back."""

import time

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.currencies import in_words
from sandbox.errors import invalid, no_such, refused
from sandbox.ids import new_id
from sandbox.lists import page, paginate
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources import balance_transactions
from sandbox.state import StripeObject
from sandbox.world import APPLICATION, World

SHOWN = 10


def create_fee(world: World, charge: StripeObject, payment: str, account: str) -> StripeObject:
    """Credit a charge's application fee to the platform; the connected side pays it within its payment."""
    fee_id = new_id("fee")
    entry = balance_transactions.post(
        world,
        account="",
        kind="application_fee",
        amount=charge["application_fee_amount"],
        currency=charge["currency"],
        source=fee_id,
        like=charge["balance_transaction"],
    )
    fee: StripeObject = {
        "id": fee_id,
        "object": "application_fee",
        "account": account,
        "amount": charge["application_fee_amount"],
        "amount_refunded": 0,
        "application": APPLICATION,
        "balance_transaction": entry["id"],
        "charge": payment,
        "created": int(time.time()),
        "currency": charge["currency"],
        "fee_source": {"charge": payment, "type": "charge"},
        "livemode": False,
        # The charge on the platform that the payment came from.
        "originating_transaction": charge["id"],
        "refunded": False,
        "refunds": shapes.empty_list(f"/v1/application_fees/{fee_id}/refunds"),
    }
    world.state.save(fee)
    world.emit("application_fee.created", fee)
    return fee


def refund_fee(
    world: World, fee: StripeObject, *, amount: int, metadata: dict[str, str] | None = None
) -> StripeObject:
    """Take part of an application fee (minor units) from the platform; the connected side is booked by the caller."""
    refund_id = new_id("fr")
    entry = balance_transactions.post(
        world,
        account="",
        kind="application_fee_refund",
        amount=-amount,
        currency=fee["currency"],
        source=refund_id,
        like=fee["balance_transaction"],
    )
    refund: StripeObject = {
        "id": refund_id,
        "object": "fee_refund",
        "amount": amount,
        "balance_transaction": entry["id"],
        "created": int(time.time()),
        "currency": fee["currency"],
        "fee": fee["id"],
        "metadata": metadata or {},
    }
    world.state.save(refund)
    newest = [refund, *fee["refunds"]["data"]]
    fee["refunds"] = {**fee["refunds"], "data": newest[:SHOWN], "has_more": len(newest) > SHOWN}
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    world.state.save(fee)
    world.emit("application_fee.refunded", fee)
    return refund


@route("GET", "/v1/application_fees")
def list_fees(call: Call) -> StripeObject:
    """List application fees, all or those of one payment."""
    return page(call, "application_fee", noun="application fee", equal=("charge",))


@route("GET", "/v1/application_fees/{id}")
def retrieve_fee(call: Call) -> StripeObject:
    """Retrieve an application fee."""
    return call.own("application_fee", call.arguments["id"])


# Fee refunds by themselves


@route("POST", "/v1/application_fees/{id}/refunds")
def create_fee_refund(call: Call) -> StripeObject:
    """Give an application fee back to its account, wholly or in part, without touching the payment."""
    fee = call.own("application_fee", call.arguments["id"])
    left = fee["amount"] - fee["amount_refunded"]
    amount = call.params.get("amount", left)
    if fee["refunded"]:
        raise refused(f"Application fee {fee['id']} has already been refunded.", param="id")
    if amount < 1:
        raise invalid(f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer")
    if amount > left:
        raise refused(
            f"Refund amount ({in_words(amount, fee['currency'])}) is greater than unrefunded amount on application "
            f"fee ({in_words(left, fee['currency'])})",
            param="amount",
        )
    metadata = checked_metadata(call.params.get("metadata"))
    refund = refund_fee(call.world, fee, amount=amount, metadata=metadata)
    payment = call.state.get("charge", fee["charge"])
    balance_transactions.post(
        call.world,
        account=fee["account"],
        kind="adjustment",
        category="fee",
        amount=amount,
        currency=fee["currency"],
        source=refund["id"],
        like=payment["balance_transaction"],
        description=f"Application fee refund for {fee['charge']}",
    )
    return refund


@route("GET", "/v1/application_fees/{id}/refunds")
def list_fee_refunds(call: Call) -> StripeObject:
    """List the refunds of an application fee."""
    fee = call.own("application_fee", call.arguments["id"])
    rows = call.state.newest_first("fee_refund")
    return paginate(call, (row for row in rows if row["fee"] == fee["id"]), noun="fee refund")


@route("GET", "/v1/application_fees/{fee}/refunds/{id}")
def retrieve_fee_refund(call: Call) -> StripeObject:
    """Retrieve a refund of an application fee."""
    refund = call.own("fee_refund", call.arguments["id"])
    if refund["fee"] != call.arguments["fee"]:
        raise no_such("fee refund", call.arguments["id"])
    return refund


@route("POST", "/v1/application_fees/{fee}/refunds/{id}")
def update_fee_refund(call: Call) -> StripeObject:
    """Change a fee refund's metadata."""
    refund = retrieve_fee_refund(call)
    if "metadata" in call.params:
        before = {"metadata": refund["metadata"]}
        refund["metadata"] = merged_metadata(refund["metadata"], call.params["metadata"])
        call.world.emit("application_fee.refund.updated", refund, previous=before)
    return call.state.save(refund)
