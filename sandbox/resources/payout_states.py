"""What becomes of a payout: created, on its way, paid, failed (even after it was paid), canceled."""

import time
from typing import Any

from sandbox.clock import work
from sandbox.currencies import in_words
from sandbox.errors import refused
from sandbox.ids import new_id
from sandbox.resources import balance_transactions
from sandbox.resources.accounts import platform_account
from sandbox.resources.payout_schedules import DAY, WORK, schedule_of
from sandbox.state import StripeObject
from sandbox.world import World

# A payout can be canceled for an hour, then it is on its way, and it arrives a day after it was made.
SUBMITTED_AFTER, ARRIVES_AFTER = 3600, DAY
SUBMITTED, ARRIVES = "payout_submitted", "payout_arrives"
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "account_frozen": "The bank account has been frozen.",
    "bank_account_restricted": "The bank account has restrictions on the type, or the number, of payouts allowed.",
    "bank_ownership_changed": "The bank account is no longer valid because its branch has changed ownership.",
    "could_not_process": "The bank could not process this payout.",
    "debit_not_authorized": "Debit transactions are not approved on the bank account.",
    "declined": "The bank has declined this payout.",
    "incorrect_account_holder_name": "The name on the bank account doesn't match the bank's records.",
    "insufficient_funds": "Your Stripe account has insufficient funds to cover the payout.",
    "invalid_account_number": "The routing number seems correct, but the account number is invalid.",
    "invalid_currency": "The bank was unable to process this payout because of its currency.",
    "no_account": "The bank account could not be located.",
}
# Test account numbers whose payouts fail when they should arrive, by their last four digits.
FAILING_BANKS = {
    "1113": "account_closed",
    "1116": "no_account",
    "2227": "insufficient_funds",
    "3335": "debit_not_authorized",
    "4440": "invalid_currency",
}
TYPES = {"failed": "payout_failure", "canceled": "payout_cancel"}


def owner_account(world: World, account: str) -> StripeObject:
    """Return the account's object; '' is the platform."""
    found: StripeObject = world.state.get("account", account) if account else platform_account(world)
    return found


def bank_of(world: World, account: str, currency: str) -> StripeObject:
    """Return the bank account that takes a currency; test banks take any. Raises `StripeError` without a usable one."""
    banks: list[StripeObject] = owner_account(world, account)["external_accounts"]["data"]
    if not banks:
        raise refused(f"Sorry, you don't have any external accounts in that currency ({currency}).")
    bank = next((one for one in banks if one["currency"] == currency), banks[0])
    if bank["status"] == "errored":
        raise refused(
            f"The bank account {bank['id']} was disabled since a payout to it failed. Update it first.",
            code="bank_account_unusable",
        )
    return bank


def create_payout(
    world: World,
    account: str,
    *,
    amount: int,
    currency: str,
    automatic: bool,
    description: str | None = None,
    descriptor: str | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """Pay an amount (minor units) of the available balance out; raises `StripeError` if it can't be done."""
    bank = bank_of(world, account, currency)
    totals = balance_transactions.balance_of(world, account).get(currency, {"available": 0})
    if amount > totals["available"]:
        raise refused(
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. "
            f"It has {in_words(totals['available'], currency)} available.",
            param="amount",
            code="balance_insufficient",
        )
    # The bank account is an object of its own too, so that `expand[]=destination` finds it.
    world.state.save(bank, owner=account)
    payout = _payout(bank["id"], amount, currency) | {
        "automatic": automatic,
        "description": description or ("STRIPE PAYOUT" if automatic else None),
        "metadata": metadata or {},
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "statement_descriptor": descriptor,
    }
    payout["balance_transaction"] = balance_transactions.post(
        world,
        account=account,
        kind="payout",
        amount=-amount,
        currency=currency,
        source=payout["id"],
        at_once=True,
        description="STRIPE PAYOUT",
    )["id"]
    world.state.save(payout, owner=account)
    if automatic:
        _itemise(world, account, payout)
    world.emit("payout.created", payout, account=account)
    world.clock.plan(SUBMITTED, SUBMITTED_AFTER, payout["id"], payout=payout["id"])
    world.clock.plan(ARRIVES, ARRIVES_AFTER, payout["id"], payout=payout["id"])
    return payout


def _payout(destination: str, amount: int, currency: str) -> StripeObject:
    now = int(time.time())
    nothing = (
        "application_fee", "application_fee_amount", "failure_balance_transaction", "failure_code",
        "failure_message", "original_payout", "payout_method", "reversed_by", "trace_id",
    )  # fmt: skip
    return dict.fromkeys(nothing) | {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        # A date: the beginning of the day, UTC.
        "arrival_date": (now + ARRIVES_AFTER) // DAY * DAY,
        "created": now,
        "currency": currency,
        "destination": destination,
        "livemode": False,
        "method": "standard",
        "source_type": "card",
        "status": "pending",
        "type": "bank_account",
    }


def _itemise(world: World, account: str, payout: StripeObject) -> None:
    """Note what an automatic payout pays out: every available balance transaction that no other one did.

    With the payout's own, which is among them, they add up to nothing.
    """
    for row in world.state.newest_first("balance_transaction", account):
        open_one = row["status"] == "available" and row["currency"] == payout["currency"]
        if open_one and not world.state.get(balance_transactions.PAID_OUT_WITH, row["id"]):
            world.state.put(balance_transactions.PAID_OUT_WITH, row["id"], payout["id"])


@work(WORK)
def run_payouts(world: World, *, account: str) -> None:
    """Make an account's automatic payouts, one per currency, if it can be paid out."""
    row = owner_account(world, account)
    banks = row["external_accounts"]["data"]
    usable = banks and all(bank["status"] != "errored" for bank in banks)
    if not row["payouts_enabled"] or not usable or world.state.get("_revoked", row["id"]):
        return
    for currency, totals in balance_transactions.balance_of(world, account).items():
        if totals["available"] > 0:
            create_payout(world, account, amount=totals["available"], currency=currency, automatic=True)


def pay_out_now(
    world: World, account: str, outcome: str, code: str, currency: str | None = None
) -> list[StripeObject]:
    """Pay the whole available balance out, as the schedule would, and end it with an outcome at once.

    One payout per currency; automatic unless the account's schedule is manual. Raises `StripeError` if there is
    nothing to pay out.
    """
    balances = balance_transactions.balance_of(world, account)
    chosen = {
        one: totals for one, totals in balances.items() if currency in (None, one) and totals["available"] > 0
    }
    if not chosen:
        raise refused("Nothing is available to be paid out.", code="balance_insufficient")
    automatic = schedule_of(world, account)["interval"] != "manual"
    # All of them are made before one fails, since that disables the bank account.
    made = [
        create_payout(world, account, amount=totals["available"], currency=one, automatic=automatic)
        for one, totals in chosen.items()
    ]
    for payout in made:
        submit_payout(world, payout=payout["id"])
        end_payout(world, payout, outcome, code)
    return made


@work(SUBMITTED)
def submit_payout(world: World, *, payout: str) -> None:
    """Send a payout on its way; what an automatic one pays out is known from then on."""
    row = world.state.get("payout", payout)
    world.clock.cancel(f"{SUBMITTED}:{payout}")
    _change(world, row, "payout.updated", status="in_transit", **_reconciled(row))
    if row["automatic"]:
        world.emit("payout.reconciliation_completed", row, account=world.state.owner_of(payout))


def _reconciled(payout: StripeObject) -> dict[str, Any]:
    return {"reconciliation_status": "completed"} if payout["automatic"] else {}


@work(ARRIVES)
def arrive(world: World, *, payout: str) -> None:
    """Let a payout arrive, or fail if its bank account is one that fails."""
    row = world.state.get("payout", payout)
    bank = world.state.get("bank_account", row["destination"])
    code = FAILING_BANKS.get(bank["last4"])
    end_payout(world, row, "failed" if code else "paid", code or "")


def end_payout(world: World, payout: StripeObject, outcome: str, code: str = "") -> None:
    """Pay a payout, let it fail (with a failure code, even after it was paid) or cancel it.

    Raises `StripeError` if it is too late for that.
    """
    before = {"paid": ("pending", "in_transit"), "canceled": ("pending",)}
    if payout["status"] not in before.get(outcome, ("pending", "in_transit", "paid")):
        raise refused(
            f"Payout {payout['id']} can't become {outcome}: its status is {payout['status']}.", param="payout"
        )
    for name in (SUBMITTED, ARRIVES):
        world.clock.cancel(f"{name}:{payout['id']}")
    if outcome == "paid":
        # Moving the clock on doesn't move the calendar: what has arrived didn't arrive in the future.
        arrival = min(payout["arrival_date"], int(time.time()) // DAY * DAY)
        _change(world, payout, "payout.paid", status="paid", arrival_date=arrival, **_reconciled(payout))
        return
    account = world.state.owner_of(payout["id"])
    changes: dict[str, Any] = {"status": outcome, **_reconciled(payout)}
    if outcome == "failed":
        changes |= {"failure_code": code, "failure_message": FAILURES[code]}
    changes["failure_balance_transaction"] = balance_transactions.post(
        world,
        account=account,
        kind=TYPES[outcome],
        amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
        at_once=True,
        description="STRIPE PAYOUT FAILURE" if outcome == "failed" else "STRIPE PAYOUT CANCEL",
    )["id"]
    _change(world, payout, f"payout.{outcome}", **changes)
    if outcome == "failed" and account:
        _disable_bank(world, account, payout["destination"])


def _change(world: World, payout: StripeObject, event: str, **changes: Any) -> None:
    before = {name: payout[name] for name, value in changes.items() if payout[name] != value}
    payout.update(changes)
    world.emit(event, world.state.save(payout), account=world.state.owner_of(payout["id"]), previous=before)


def _disable_bank(world: World, account: str, bank_id: str) -> None:
    """Disable the bank account that a payout failed at, until its details are entered anew."""
    row = world.state.get("account", account)
    listed = row["external_accounts"]
    bank = next((one for one in listed["data"] if one["id"] == bank_id), None)
    if bank is None or bank["status"] == "errored":
        return
    before = {"status": bank["status"]}
    errored = {**bank, "status": "errored"}
    data = [errored if one["id"] == bank_id else one for one in listed["data"]]
    row["external_accounts"] = {**listed, "data": data}
    world.state.save(row)
    world.emit(
        "account.external_account.updated", world.state.save(errored), account=account, previous=before
    )
