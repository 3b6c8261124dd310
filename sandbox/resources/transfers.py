"""Transfers to connected accounts: of a destination charge, or made by hand; there they arrive as payments."""

import time
from typing import Any

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.currencies import in_words, is_known
from sandbox.errors import invalid, missing_parameter, no_such, refused
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources import balance_transactions
from sandbox.resources.charge_objects import charge_object
from sandbox.state import StripeObject
from sandbox.world import APPLICATION, PLATFORM, World


def create_transfer(
    world: World,
    *,
    destination: str,
    amount: int,
    currency: str,
    source: StripeObject | None,
    group: str | None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """Take an amount (minor units) from the platform for a connected account; `receive_payment` books it there.

    Money of a `source` charge is available when the charge's is; without one it must be available already.
    """
    transfer_id = new_id("tr")
    entry = balance_transactions.post(
        world,
        account="",
        kind="transfer",
        amount=-amount,
        currency=currency,
        source=transfer_id,
        at_once=source is None,
        like=source["balance_transaction"] if source else None,
        description=description,
    )
    transfer: StripeObject = {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": entry["id"],
        "created": int(time.time()),
        "currency": currency,
        "description": description,
        "destination": destination,
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": metadata or {},
        "reversals": shapes.empty_list(f"/v1/transfers/{transfer_id}/reversals"),
        "reversed": False,
        "source_transaction": source["id"] if source else None,
        "source_type": "card",
        "transfer_group": group,
    }
    world.state.save(transfer)
    world.emit("transfer.created", transfer)
    return transfer


def receive_payment(
    world: World,
    transfer: StripeObject,
    *,
    fee: StripeObject | None = None,
    at_once: bool = False,
    like: str | None = None,
) -> StripeObject:
    """Book a transfer on its account: a payment of the whole amount, less the application fee if there is one."""
    account, currency = transfer["destination"], transfer["currency"]
    payment = charge_object(
        transfer["destination_payment"],
        transfer["amount"],
        currency,
        {"stripe_account": {}, "type": "stripe_account"},
    )
    payment |= {
        "application": APPLICATION,
        "application_fee": fee["id"] if fee else None,
        "application_fee_amount": fee["amount"] if fee else None,
        "calculated_statement_descriptor": None,
        "payment_method": None,
        "receipt_url": None,
        "source_transfer": transfer["id"],
    }
    lines = [application_fee_line(fee["amount"], currency, "Maly application fee")] if fee else []
    payment["balance_transaction"] = balance_transactions.post(
        world,
        account=account,
        kind="payment",
        amount=transfer["amount"],
        currency=currency,
        source=payment["id"],
        fees=lines,
        at_once=at_once,
        like=like,
    )["id"]
    world.state.save(payment, owner=account)
    world.emit("payment.created", payment, account=account)
    return payment


def application_fee_line(amount: int, currency: str, description: str) -> StripeObject:
    """Return the line of an application fee (minor units; negative: given back) among a movement's fees."""
    return balance_transactions.fee_line(
        "application_fee", amount, currency, application=APPLICATION, description=description
    )


# Transfers made by hand


@route("POST", "/v1/transfers")
def make_transfer(call: Call) -> StripeObject:
    """Transfer to a connected account: of a charge, whatever the balance, or of the available balance."""
    params, world = call.params, call.world
    _destination(call)
    source = _source(call) if "source_transaction" in params else None
    if "amount" not in params:
        raise missing_parameter("amount")
    amount, currency = params["amount"], params["currency"].lower()
    if not is_known(currency):
        raise invalid(f"Invalid currency: {currency}", param="currency")
    if amount < 1:
        raise invalid(f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer")
    if source:
        _check_source(call, source, amount, currency)
    else:
        check_available(world, amount, currency)
    transfer = create_transfer(
        world,
        destination=params["destination"],
        amount=amount,
        currency=currency,
        source=source,
        group=params.get("transfer_group") or (source or {}).get("transfer_group"),
        description=params.get("description"),
        metadata=checked_metadata(params.get("metadata")),
    )
    like = source["balance_transaction"] if source else None
    receive_payment(world, transfer, at_once=source is None, like=like)
    return transfer


def _destination(call: Call) -> None:
    account_id = call.params["destination"]
    account = call.state.get("account", account_id)
    if account is None or account_id == PLATFORM or call.state.get("_revoked", account_id):
        raise no_such("destination", account_id, param="destination", status=400)
    if account["capabilities"].get("transfers") != "active":
        raise refused(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            param="destination",
            code="insufficient_capabilities_for_transfer",
        )


def _source(call: Call) -> StripeObject:
    charge = call.own("charge", call.params["source_transaction"], param="source_transaction", status=400)
    if not charge["balance_transaction"]:
        raise refused(
            f"Charge {charge['id']} has no funds to transfer yet, or never will.", param="source_transaction"
        )
    return charge


def _check_source(call: Call, charge: StripeObject, amount: int, currency: str) -> None:
    """Transfers of one charge, less what was reversed, never exceed it; raises `StripeError`."""
    if currency != charge["currency"]:
        raise invalid(
            f"The currency of source_transaction's balance transaction ({charge['currency']}) must be the same as "
            f"the transfer currency ({currency})",
            param="currency",
        )
    given = sum(
        transfer["amount"] - transfer["amount_reversed"]
        for transfer in call.state.newest_first("transfer")
        if transfer["source_transaction"] == charge["id"]
    )
    if given + amount > charge["amount"]:
        raise refused(
            f"Cannot use source_transaction {charge['id']}: {in_words(amount, currency)} is more than the "
            f"{in_words(charge['amount'] - given, currency)} of it that no other transfer has.",
            param="amount",
        )


def check_available(world: World, amount: int, currency: str) -> None:
    """Refuse what the platform's available balance can't bear; raises `StripeError` (`balance_insufficient`)."""
    totals = balance_transactions.balance_of(world, "").get(currency, {"available": 0})
    if amount > totals["available"]:
        raise refused(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your "
            "available balance by creating Charges using the 4000000000000077 test card. See: "
            "https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )


@route("GET", "/v1/transfers")
def list_transfers(call: Call) -> StripeObject:
    """List transfers."""
    return page(call, "transfer", equal=("destination", "transfer_group"))


@route("GET", "/v1/transfers/{transfer}")
def retrieve_transfer(call: Call) -> StripeObject:
    """Retrieve a transfer."""
    return call.own("transfer", call.arguments["transfer"], param="transfer")


@route("POST", "/v1/transfers/{transfer}")
def update_transfer(call: Call) -> StripeObject:
    """Change a transfer's description and metadata."""
    transfer = call.own("transfer", call.arguments["transfer"], param="transfer")
    changes: dict[str, Any] = {}
    if "description" in call.params:
        changes["description"] = call.params["description"]
    if "metadata" in call.params:
        changes["metadata"] = merged_metadata(transfer["metadata"], call.params["metadata"])
    before = {name: transfer[name] for name in changes}
    transfer.update(changes)
    call.world.emit("transfer.updated", call.state.save(transfer), previous=before)
    return transfer
