"""What becomes of a refund: who gives what, carried out at once or when there is money, failed, canceled."""

import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import work
from sandbox.currencies import in_words, share
from sandbox.errors import invalid, refused
from sandbox.ids import new_id
from sandbox.resources import balance_transactions
from sandbox.resources.charge_objects import add_refunded
from sandbox.resources.charges import settle_now
from sandbox.resources.payout_schedules import DAY
from sandbox.resources.transfer_reversals import check_balance, check_left, fee_of, fee_part, reverse_transfer
from sandbox.state import StripeObject
from sandbox.world import World

FAILURE_REASONS = (
    "charge_for_pending_refund_disputed", "declined", "expired_or_canceled_card", "insufficient_funds",
    "lost_or_stolen_card", "merchant_request", "unknown",
)  # fmt: skip
# The sandbox's own settings: whether the platform's bank covers what its balance lacks.
SETTINGS, BANK_DEBITS = "_settings", "bank_debits"
# A refund that waits for money is tried once a day, and goes through at the last try.
TRIES = 3
WORK = "refund_tried"


@dataclass(frozen=True)
class Wish:
    """What a refund is to be; without `amount` (minor units) all that is left."""

    amount: int | None = None
    reverse_transfer: bool = False
    refund_application_fee: bool = False
    reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a refund takes from whom, in minor units; all is settled before anything moves."""

    amount: int
    reversal: int
    fee: int


def make_refund(world: World, charge: StripeObject, wish: Wish) -> StripeObject:
    """Refund a charge; raises `StripeError` and moves nothing if it can't be done."""
    # A refund right after the payment finds transfer and fee still under way: they are made first.
    settle_now(world, charge["id"])
    _check_charge(world, charge)
    return _carry_out(world, charge, wish, _plan(world, charge, wish))


def _check_charge(world: World, charge: StripeObject) -> None:
    if charge["source_transfer"]:
        raise refused(
            f"Payment {charge['id']} came by a transfer; reverse the transfer instead.", param="charge"
        )
    if not charge["paid"]:
        raise refused(f"Charge {charge['id']} has not succeeded and cannot be refunded.")
    if charge["refunded"]:
        raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    disputes = [one for one in world.state.values("dispute") if one["charge"] == charge["id"]]
    if any(dispute["status"] != "won" and not dispute["is_charge_refundable"] for dispute in disputes):
        raise refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )


def _plan(world: World, charge: StripeObject, wish: Wish) -> Plan:
    """Return who gives what; raises `StripeError` if it is too much or the connected balance is short."""
    left = charge["amount"] - charge["amount_refunded"]
    amount = left if wish.amount is None else wish.amount
    if amount < 1:
        raise invalid(f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer")
    if amount > left:
        raise refused(
            f"Refund amount ({in_words(amount, charge['currency'])}) is greater than unrefunded amount on charge "
            f"({in_words(left, charge['currency'])})",
            param="amount",
        )
    _check_flags(charge, wish)
    if not wish.reverse_transfer:
        return Plan(amount, 0, 0)
    transfer = world.state.get("transfer", charge["transfer"])
    reversal = _reversal(charge, transfer, amount)
    check_left(transfer, reversal)
    fee = fee_of(world, transfer) if wish.refund_application_fee else None
    given_back = fee_part(fee, amount, left)
    check_balance(world, transfer, reversal - given_back)
    return Plan(amount, reversal, given_back)


def _reversal(charge: StripeObject, transfer: StripeObject, amount: int) -> int:
    """Return how much of a transfer goes back with `amount` of its charge, in proportion; minor units.

    Counted from the charge's beginning, so that the parts of a whole refund add up to the whole transfer.
    """
    before = charge["amount_refunded"]
    due = share(transfer["amount"], before + amount, charge["amount"])
    return due - share(transfer["amount"], before, charge["amount"])


def _check_flags(charge: StripeObject, wish: Wish) -> None:
    if wish.reverse_transfer and not charge["transfer_data"]:
        raise invalid(
            "Cannot reverse transfer on charges without an associated transfer.", param="reverse_transfer"
        )
    if not wish.refund_application_fee:
        return
    if not charge["application_fee_amount"]:
        raise refused(
            f"Charge {charge['id']} has no application fee; you cannot use the `refund_application_fee` parameter.",
            param="refund_application_fee",
        )
    if not wish.reverse_transfer:
        raise invalid(
            "You must also reverse the transfer when refunding the application fee of a destination charge.",
            param="refund_application_fee",
        )


def _carry_out(world: World, charge: StripeObject, wish: Wish, plan: Plan) -> StripeObject:
    short = _is_short(world, charge["currency"], plan.amount - plan.reversal)
    refund = _refund(charge, wish, plan.amount)
    if plan.reversal:
        transfer = world.state.get("transfer", charge["transfer"])
        refund["transfer_reversal"] = reverse_transfer(
            world, transfer, amount=plan.reversal, fee_amount=plan.fee, refund=refund["id"]
        )["id"]
    if short:
        refund |= {"status": "pending", "pending_reason": "insufficient_funds"}
        # What comes back from the transfer is here already; the platform owes the buyer the rest.
        world.clock.plan(WORK, DAY, refund["id"], refund=refund["id"], tries=1)
    else:
        _book(world, refund, charge)
    world.state.save(refund)
    before = add_refunded(charge, plan.amount)
    world.state.save(charge)
    world.emit("refund.created", refund)
    world.emit("charge.refunded", charge, previous=before)
    return refund


def _is_short(world: World, currency: str, needed: int) -> bool:
    """Tell whether the platform lacks what a refund needs beyond its reversal, and its bank doesn't cover it."""
    if needed <= 0 or world.state.get(SETTINGS, BANK_DEBITS) is not False:
        return False
    totals = balance_transactions.balance_of(world, "").get(currency, {})
    return needed > sum(totals.values())


def _book(world: World, refund: StripeObject, charge: StripeObject) -> None:
    refund["balance_transaction"] = balance_transactions.post(
        world,
        account="",
        kind="refund",
        amount=-refund["amount"],
        currency=refund["currency"],
        source=refund["id"],
        like=charge["balance_transaction"],
        description="REFUND FOR CHARGE",
    )["id"]


def _refund(charge: StripeObject, wish: Wish, amount: int) -> StripeObject:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": wish.metadata,
        "payment_intent": charge["payment_intent"],
        "reason": wish.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


# Later


@work(WORK)
def try_refund(world: World, *, refund: str, tries: int) -> None:
    """Try a refund that waits for money: at the last try the platform's bank is debited."""
    row = world.state.get("refund", refund)
    # The whole amount is needed now: what the reversal brought back is part of the balance since.
    if tries < TRIES and _is_short(world, row["currency"], row["amount"]):
        world.clock.plan(WORK, DAY, refund, refund=refund, tries=tries + 1)
        return
    complete_refund(world, row)


def complete_refund(world: World, refund: StripeObject) -> None:
    """Pay a waiting refund; raises `StripeError` if it doesn't wait."""
    _check_status(refund, ("pending",), "completed")
    world.clock.cancel(f"{WORK}:{refund['id']}")
    before = _set(refund, status="succeeded")
    del refund["pending_reason"]
    _book(world, refund, world.state.get("charge", refund["charge"]))
    world.emit("refund.updated", world.state.save(refund), previous=before)


def fail_refund(world: World, refund: StripeObject, reason: str) -> None:
    """Let a refund fail: the buyer's bank sent it back, or it was never sent; the platform has the money again.

    As at Stripe the reversal of the transfer and the fee that was given back stay as they are.
    """
    _check_status(refund, ("succeeded", "pending"), "failed")
    world.clock.cancel(f"{WORK}:{refund['id']}")
    before = _set(refund, status="failed")
    refund.pop("pending_reason", None)
    refund["failure_reason"] = reason
    if refund["balance_transaction"]:
        refund["failure_balance_transaction"] = balance_transactions.post(
            world,
            account="",
            kind="refund_failure",
            amount=refund["amount"],
            currency=refund["currency"],
            source=refund["id"],
            like=refund["balance_transaction"],
            description="REFUND FAILURE FOR CHARGE",
        )["id"]
    world.state.save(refund)
    _take_off(world, refund)
    world.emit("refund.updated", refund, previous=before)
    world.emit("refund.failed", refund, previous=before)


def cancel_refund(world: World, refund: StripeObject) -> None:
    """Cancel a refund that waits for money; raises `StripeError` for any other."""
    _check_status(refund, ("pending",), "canceled")
    world.clock.cancel(f"{WORK}:{refund['id']}")
    before = _set(refund, status="canceled")
    del refund["pending_reason"]
    world.state.save(refund)
    _take_off(world, refund)
    world.emit("refund.updated", refund, previous=before)


def _check_status(refund: StripeObject, wanted: tuple[str, ...], word: str) -> None:
    if refund["status"] not in wanted:
        raise refused(
            f"Refund {refund['id']} cannot be {word} because it has a status of {refund['status']}.",
            param="refund",
        )


def _set(refund: StripeObject, **changes: Any) -> dict[str, Any]:
    """Set fields of a refund; returns what stood there before."""
    before = {name: refund[name] for name in changes}
    refund.update(changes)
    return before


def _take_off(world: World, refund: StripeObject) -> None:
    """Take a refund that came to nothing off its charge, which can be refunded again."""
    charge = world.state.get("charge", refund["charge"])
    before = add_refunded(charge, -refund["amount"])
    world.emit("charge.updated", world.state.save(charge), previous=before)
