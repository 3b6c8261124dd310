"""The gateway's calls about transfers that we make ourselves, beside those that Stripe makes of each charge.

They come out of the platform's available balance. A `source_transaction` would tie one to its charge, of which the
destination charge's own transfer already has everything, so none is named
(docs.stripe.com/connect/separate-charges-and-transfers#transfer-availability).
"""

from datetime import datetime
from typing import Any

from connect.errors import GatewayRefused
from connect.gateway import call, call_list
from connect.refund_calls import SHORT, BalanceShort
from connect.stripe_objects import Moved


def create_transfer(
    destination: str, *, amount: int, currency: str, order_code: str, request: str, idempotency_key: str
) -> Moved:
    """Send `amount` minor units of the platform's balance to a connected account.

    `request` marks it as ours (docs.stripe.com/api/transfers/create). Raises BalanceShort when the platform's balance
    can't bear it: nothing was done, and Stripe repeats that answer for the key, so that the next try needs another.
    """
    parameters: dict[str, Any] = {
        "destination": destination,
        "amount": amount,
        "currency": currency,
        "metadata": {"request": request, "order": order_code},
    }
    options = {"idempotency_key": idempotency_key}
    try:
        return Moved.parse(
            call("create_transfer", lambda client: client.v1.transfers.create(parameters, options))
        )
    except GatewayRefused as error:
        if error.code in SHORT:
            raise BalanceShort(
                error.message, code=error.code, param=error.param, status=error.status
            ) from error
        raise


def list_transfers(destination: str, *, created_after: datetime) -> list[Moved]:
    """The transfers to a connected account since a moment, newest first."""
    wanted = {
        "destination": destination,
        "created": {"gte": int(created_after.timestamp())},
        "limit": 100,
    }
    rows = call_list("list_transfers", lambda client: client.v1.transfers.list(wanted))
    return [Moved.parse(row) for row in rows]
