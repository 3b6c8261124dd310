"""Charges, and what follows them a moment later: fee, balance transactions, transfer, application fee."""

from typing import Any

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.cards import Card
from sandbox.clock import work
from sandbox.currencies import stripe_fee
from sandbox.expand import included
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.resources import application_fees, balance_transactions, dispute_states, transfers
from sandbox.resources.charge_objects import charge_object, outcome
from sandbox.state import State, StripeObject
from sandbox.world import World


def create_charge(
    world: World,
    intent: StripeObject,
    method: dict[str, Any],
    *,
    email: str | None,
    name: str | None,
    error: Any = None,
    method_id: str | None = None,
) -> StripeObject:
    """Charge a PaymentIntent's amount (minor units), or record the failed charge of a decline.

    `method_id` is the kept payment method that is charged, if it is one.

    As at Stripe for Connect, the fresh charge has no balance transaction, transfer or application fee yet.
    """
    charge = charge_object(new_id("ch"), intent["amount"], intent["currency"], method)
    for field in ("application_fee_amount", "customer", "description", "metadata", "on_behalf_of", "receipt_email",
                  "shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"):  # fmt: skip
        charge[field] = intent[field]
    charge["billing_details"] |= {"email": email, "name": name}
    charge["payment_intent"] = intent["id"]
    charge["payment_method"] = method_id or charge["payment_method"]
    if intent["transfer_data"]:
        charge["transfer_data"] = {"amount": None} | intent["transfer_data"]
        charge["transfer"] = None
    if error:
        charge.update(
            amount_captured=0,
            captured=False,
            failure_code=error["code"],
            failure_message=error["message"],
            outcome=outcome(error.get("decline_code") or error["code"]),
            paid=False,
            receipt_url=None,
            status="failed",
        )
    world.state.save(charge)
    world.emit("charge.failed" if error else "charge.succeeded", charge)
    return charge


def card_method(card: Card, expiry: tuple[int, int]) -> dict[str, Any]:
    """Return the payment method details of a card; `expiry` is (month, four-digit year)."""
    details = shapes.card_details(
        {
            "brand": card.brand,
            "exp_month": expiry[0],
            "exp_year": expiry[1],
            "fingerprint": card.fingerprint,
            "last4": card.last4,
            "network": card.brand,
        }
    )
    return {"card": details, "type": "card"}


def settle_later(world: World, charge: StripeObject, card: Card) -> None:
    """Let Stripe book a charge a moment later."""
    world.plan_asynchronous(
        "settle_charge",
        charge["id"],
        charge=charge["id"],
        at_once=card.available_at_once,
        disputed=card.disputed,
    )


@work("settle_charge")
def settle_charge(world: World, *, charge: str, at_once: bool = False, disputed: str | None = None) -> None:
    """Book a charge: Stripe's fee to the platform, the transfer to its destination, the application fee back."""
    row = world.state.get("charge", charge)
    if row["balance_transaction"]:
        return
    before = {name: row.get(name) for name in ("application_fee", "balance_transaction", "transfer")}
    fee = stripe_fee(row["amount"], row["currency"])
    line = balance_transactions.fee_line(
        "stripe_fee", fee, row["currency"], application=None, description="Stripe processing fees"
    )
    row["balance_transaction"] = balance_transactions.post(
        world,
        account="",
        kind="charge",
        amount=row["amount"],
        currency=row["currency"],
        source=row["id"],
        fees=[line],
        at_once=at_once,
        description=row["description"],
    )["id"]
    if row["transfer_data"]:
        _transfer(world, row, at_once=at_once)
    world.state.save(row)
    world.emit(
        "charge.updated", row, previous={name: old for name, old in before.items() if row.get(name) != old}
    )
    if disputed:
        dispute_states.open_dispute(world, row, disputed)


def settle_now(world: World, charge_id: str) -> None:
    """Book a charge that waits to be booked; whatever acts on a fresh payment does this first."""
    task = world.state.get("_task", f"settle_charge:{charge_id}")
    if task:
        world.clock.cancel(task["id"])
        settle_charge(world, **task["arguments"])


def _transfer(world: World, charge: StripeObject, *, at_once: bool) -> None:
    """Move a charge to its destination account, as a payment there, less the application fee."""
    data = charge["transfer_data"]
    transfer = transfers.create_transfer(
        world,
        destination=data["destination"],
        amount=data["amount"] or charge["amount"],
        currency=charge["currency"],
        source=charge,
        group=charge["transfer_group"] or f"group_{charge['payment_intent']}",
    )
    charge["transfer"] = transfer["id"]
    fee = None
    if charge["application_fee_amount"]:
        fee = application_fees.create_fee(world, charge, transfer["destination_payment"], data["destination"])
        charge["application_fee"] = fee["id"]
    transfers.receive_payment(world, transfer, fee=fee, at_once=at_once)


@route("GET", "/v1/charges")
def list_charges(call: Call) -> StripeObject:
    """List an account's charges."""
    return page(call, "charge", equal=("payment_intent", "customer", "transfer_group"))


@route("GET", "/v1/charges/{charge}")
def retrieve_charge(call: Call) -> StripeObject:
    """Retrieve a charge."""
    return call.own("charge", call.arguments["charge"], param="charge")


@included("charge", "refunds")
def include_refunds(state: State, charge: StripeObject) -> StripeObject:
    """Return a charge's refunds, for `expand[]=refunds`."""
    owner = state.owner_of(charge["id"])
    data = [refund for refund in state.newest_first("refund", owner) if refund["charge"] == charge["id"]]
    url = f"/v1/charges/{charge['id']}/refunds"
    return {"object": "list", "data": data[:10], "has_more": len(data) > 10, "url": url}
