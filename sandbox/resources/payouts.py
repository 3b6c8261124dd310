"""Payouts as the API shows them: listed, made by hand, canceled; always of the account that the call acts on."""

from typing import Any

from sandbox.call import Call, route
from sandbox.currencies import is_known
from sandbox.errors import invalid, no_such, refused
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources.payout_states import create_payout, end_payout, owner_account
from sandbox.state import StripeObject

LONGEST_DESCRIPTOR = 22


@route("POST", "/v1/payouts")
def make_payout(call: Call) -> StripeObject:
    """Pay out a part of the available balance by hand."""
    params = call.params
    amount, currency = params["amount"], params["currency"].lower()
    if not is_known(currency):
        raise invalid(f"Invalid currency: {currency}", param="currency")
    if amount < 1:
        raise invalid(f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer")
    if params.get("method") == "instant":
        raise refused("Instant payouts are not enabled for this account.", param="method")
    if len(params.get("statement_descriptor", "")) > LONGEST_DESCRIPTOR:
        raise invalid(
            f"The statement descriptor must be at most {LONGEST_DESCRIPTOR} characters.",
            param="statement_descriptor",
        )
    account = owner_account(call.world, call.account)
    if not account["payouts_enabled"]:
        raise refused(
            "Payouts are not enabled for this account; see its requirements.", code="payouts_not_allowed"
        )
    destination = params.get("destination")
    if destination and destination not in [bank["id"] for bank in account["external_accounts"]["data"]]:
        raise no_such("external account", destination, param="destination", status=400)
    return create_payout(
        call.world,
        call.account,
        amount=amount,
        currency=currency,
        automatic=False,
        description=params.get("description"),
        descriptor=params.get("statement_descriptor"),
        metadata=checked_metadata(params.get("metadata")),
    )


@route("GET", "/v1/payouts")
def list_payouts(call: Call) -> StripeObject:
    """List payouts by status, destination and the times of creation and arrival."""
    return page(call, "payout", equal=("destination", "status"), times=("created", "arrival_date"))


@route("GET", "/v1/payouts/{payout}")
def retrieve_payout(call: Call) -> StripeObject:
    """Retrieve a payout."""
    return call.own("payout", call.arguments["payout"], param="payout")


@route("POST", "/v1/payouts/{payout}")
def update_payout(call: Call) -> StripeObject:
    """Change a payout's metadata."""
    payout = retrieve_payout(call)
    if "metadata" in call.params:
        before: dict[str, Any] = {"metadata": payout["metadata"]}
        payout["metadata"] = merged_metadata(payout["metadata"], call.params["metadata"])
        call.world.emit("payout.updated", call.state.save(payout), account=call.account, previous=before)
    return payout


@route("POST", "/v1/payouts/{payout}/cancel")
def cancel_payout(call: Call) -> StripeObject:
    """Cancel a payout that isn't on its way yet; the money is available again."""
    payout = retrieve_payout(call)
    if payout["automatic"]:
        raise refused("Automatic payouts can't be canceled.", param="payout")
    end_payout(call.world, payout, "canceled")
    return payout
