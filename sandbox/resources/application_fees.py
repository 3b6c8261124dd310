"""Application fees: what the platform takes of a payment, and what it gives back."""

import time

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.resources import balance_transactions
from sandbox.state import StripeObject
from sandbox.world import APPLICATION, World


def create_fee(
    world: World, charge: StripeObject, payment: str, account: str, *, at_once: bool
) -> StripeObject:
    """Credit a charge's application fee to the platform; the connected side pays it within its payment."""
    fee_id = new_id("fee")
    entry = balance_transactions.post(
        world,
        account="",
        kind="application_fee",
        amount=charge["application_fee_amount"],
        currency=charge["currency"],
        source=fee_id,
        at_once=at_once,
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


def refund_fee(world: World, fee: StripeObject, *, amount: int, at_once: bool) -> StripeObject:
    """Give part of an application fee (minor units) back to the connected account, whose refund books it."""
    refund_id = new_id("fr")
    entry = balance_transactions.post(
        world,
        account="",
        kind="application_fee_refund",
        amount=-amount,
        currency=fee["currency"],
        source=refund_id,
        at_once=at_once,
    )
    refund: StripeObject = {
        "id": refund_id,
        "object": "fee_refund",
        "amount": amount,
        "balance_transaction": entry["id"],
        "created": int(time.time()),
        "currency": fee["currency"],
        "fee": fee["id"],
        "metadata": {},
    }
    world.state.save(refund)
    fee["refunds"] = {**fee["refunds"], "data": [refund, *fee["refunds"]["data"]]}
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
