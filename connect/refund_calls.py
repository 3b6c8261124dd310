"""The gateway's calls about money that goes back: refunds, application fees, transfers. Its rules are the gateway's.

What makes something carries the idempotency key of one of our rows, and names that row in its metadata, so that it can
be found when the key is too old to repeat.
"""

from datetime import datetime, timedelta
from typing import Any

from connect.errors import GatewayRefused
from connect.gateway import call, call_list
from connect.stripe_objects import Moved, Refund

# The reversal and the fee that Stripe made with a refund, in the same answer.
EXPAND = ["transfer_reversal", "charge.application_fee"]
# Stripe keeps idempotency keys for at least 24 hours (docs.stripe.com/api/idempotent_requests).
KEY_IS_KNOWN_FOR = timedelta(hours=23)
SHORT = ("balance_insufficient", "insufficient_funds")


class BalanceShort(GatewayRefused):
    """Raised when a connected account's balance can't bear the reversal that was asked for: nothing was done."""


def create_refund(
    *,
    payment_intent_id: str,
    amount: int,
    reverse_transfer: bool,
    refund_application_fee: bool | None,
    code: str,
    order_code: str,
    idempotency_key: str,
) -> Refund:
    """Refund `amount` minor units of a charge (docs.stripe.com/api/refunds/create); raises BalanceShort.

    Stripe's own defaults keep transfer and fee, so both are always said; None for a charge without an application fee,
    which Stripe refuses to hear of.
    """
    parameters: dict[str, Any] = {
        "payment_intent": payment_intent_id,
        "amount": amount,
        "reverse_transfer": reverse_transfer,
        "metadata": {"refund": code, "order": order_code},
        "expand": EXPAND,
    }
    if refund_application_fee is not None:
        parameters["refund_application_fee"] = refund_application_fee
    options = {"idempotency_key": idempotency_key}
    try:
        return Refund.parse(
            call("create_refund", lambda client: client.v1.refunds.create(parameters, options))
        )
    except GatewayRefused as error:
        raise _told_apart(error) from error


def retrieve_refund(refund_id: str) -> Refund:
    """The refund as it is now, with its reversal and the charge's fee refunds."""
    return Refund.parse(
        call("retrieve_refund", lambda client: client.v1.refunds.retrieve(refund_id, {"expand": EXPAND}))
    )


def list_refunds(
    *,
    charge_id: str | None = None,
    payment_intent_id: str | None = None,
    created_after: datetime | None = None,
) -> list[Refund]:
    """The refunds of a charge or payment intent, or all since a moment, newest first; nothing expanded."""
    wanted: dict[str, Any] = {"limit": 100}
    if charge_id:
        wanted["charge"] = charge_id
    if payment_intent_id:
        wanted["payment_intent"] = payment_intent_id
    if created_after:
        wanted["created"] = {"gte": int(created_after.timestamp())}
    rows = call_list("list_refunds", lambda client: client.v1.refunds.list(wanted))
    return [Refund.parse(row) for row in rows]


def refund_application_fee(fee_id: str, *, amount: int, request: str, idempotency_key: str) -> Moved:
    """Give `amount` minor units of an application fee to the organizer, the refund of its charge apart."""
    parameters = {"amount": amount, "metadata": {"request": request}}
    options = {"idempotency_key": idempotency_key}
    return Moved.parse(
        call(
            "refund_application_fee",
            lambda client: client.v1.application_fees.refunds.create(fee_id, parameters, options),
        )
    )


def list_fee_refunds(fee_id: str) -> list[Moved]:
    """What was given back of an application fee, newest first."""
    rows = call_list(
        "list_fee_refunds", lambda client: client.v1.application_fees.refunds.list(fee_id, {"limit": 100})
    )
    return [Moved.parse(row) for row in rows]


def reverse_transfer(transfer_id: str, *, amount: int, request: str, idempotency_key: str) -> Moved:
    """Take `amount` minor units of a transfer back, the fee left alone; raises BalanceShort."""
    parameters = {"amount": amount, "metadata": {"request": request}}
    options = {"idempotency_key": idempotency_key}
    try:
        return Moved.parse(
            call(
                "reverse_transfer",
                lambda client: client.v1.transfers.reversals.create(transfer_id, parameters, options),
            )
        )
    except GatewayRefused as error:
        raise _told_apart(error) from error


def list_reversals(transfer_id: str) -> list[Moved]:
    """What was taken back of a transfer, newest first."""
    rows = call_list(
        "list_reversals", lambda client: client.v1.transfers.reversals.list(transfer_id, {"limit": 100})
    )
    return [Moved.parse(row) for row in rows]


def _told_apart(error: GatewayRefused) -> GatewayRefused:
    if error.code not in SHORT:
        return error
    return BalanceShort(error.message, code=error.code, param=error.param, status=error.status)
