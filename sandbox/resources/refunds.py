"""Refunds: money back to the buyer, and with it the transfer and the application fee if the request says so."""

from typing import Any

from sandbox.call import Call, route
from sandbox.errors import invalid, missing_parameter, refused
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources.refund_states import Wish, cancel_refund, make_refund
from sandbox.state import StripeObject


@route("POST", "/v1/refunds")
def create_refund(call: Call) -> StripeObject:
    """Refund a charge, wholly or in part."""
    params = call.params
    wish = Wish(
        amount=params.get("amount"),
        reverse_transfer=params.get("reverse_transfer", False),
        refund_application_fee=params.get("refund_application_fee", False),
        reason=params.get("reason"),
        metadata=checked_metadata(params.get("metadata")),
    )
    return make_refund(call.world, _charge(call), wish)


def _charge(call: Call) -> StripeObject:
    params: dict[str, Any] = call.params
    if "charge" in params and "payment_intent" in params:
        raise invalid("You may only specify one of these parameters: charge, payment_intent.", param="charge")
    if "charge" in params:
        return call.own("charge", params["charge"], param="charge", status=400)
    if "payment_intent" not in params:
        raise missing_parameter("charge")
    intent_id = params["payment_intent"]
    intent = call.own("payment_intent", intent_id, noun="payment_intent", param="payment_intent", status=400)
    if intent["status"] != "succeeded":
        raise refused(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")
    return call.own("charge", intent["latest_charge"], param="charge", status=400)


@route("GET", "/v1/refunds")
def list_refunds(call: Call) -> StripeObject:
    """List refunds, all or those of one payment."""
    return page(call, "refund", equal=("charge", "payment_intent"))


@route("GET", "/v1/refunds/{refund}")
def retrieve_refund(call: Call) -> StripeObject:
    """Retrieve a refund."""
    return call.own("refund", call.arguments["refund"], param="refund")


@route("POST", "/v1/refunds/{refund}")
def update_refund(call: Call) -> StripeObject:
    """Change a refund's metadata."""
    refund = retrieve_refund(call)
    if "metadata" in call.params:
        before = {"metadata": refund["metadata"]}
        refund["metadata"] = merged_metadata(refund["metadata"], call.params["metadata"])
        call.world.emit("refund.updated", call.state.save(refund), account=call.account, previous=before)
    return refund


@route("POST", "/v1/refunds/{refund}/cancel")
def cancel_refund_call(call: Call) -> StripeObject:
    """Cancel a refund that waits for money."""
    refund = retrieve_refund(call)
    cancel_refund(call.world, refund)
    return refund
