"""Balance transactions: every movement of an account's money, pending first, then available."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.clock import work
from sandbox.errors import invalid
from sandbox.ids import new_id
from sandbox.lists import Filter, page
from sandbox.resources.payout_schedules import DAY, days_until_available, plan_run
from sandbox.state import StripeObject
from sandbox.world import World

# Which payout a balance transaction was paid out with.
PAID_OUT_WITH = "_payout_of"
WORK = "funds_available"

REPORTING = {
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "payment": "charge",
    "payment_refund": "refund",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "transfer_refund": "transfer_reversal",
}


def post(
    world: World,
    *,
    account: str,
    kind: str,
    amount: int,
    currency: str,
    source: str,
    fees: list[StripeObject] | None = None,
    at_once: bool = False,
    like: str | None = None,
    category: str | None = None,
    description: str | None = None,
) -> StripeObject:
    """Move `amount` (minor units) of an account ('' the platform) less its fees; returns the balance transaction.

    The net is pending until the clock makes it available: after the account's delay, or together with the
    balance transaction `like` (what undoes a movement is available when the movement itself is); `at_once`
    skips that. `category` is the reporting category where the type alone doesn't tell it.
    """
    now = int(time.time())
    delay = 0.0 if at_once else _delay(world, account, like)
    available_on = _available_on(world, like, now + int(delay))
    fee = sum(part["amount"] for part in fees or [])
    transaction: StripeObject = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on if delay else now,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees or [],
        "net": amount - fee,
        "reporting_category": category or REPORTING.get(kind, kind),
        "source": source,
        "status": "pending" if delay else "available",
        "type": kind,
    }
    world.state.save(transaction, owner=account)
    _count(world, account, transaction, 1)
    if delay:
        world.clock.plan(WORK, delay, transaction["id"], transaction=transaction["id"], account=account)
    else:
        plan_run(world, account)
    return transaction


def _delay(world: World, account: str, like: str | None) -> float:
    """Return in how many seconds the money is available; 0 is at once."""
    if like is None:
        return days_until_available(world, account) * DAY
    if world.state.get("balance_transaction", like)["status"] == "available":
        return 0.0
    task = world.state.get("_task", f"{WORK}:{like}")
    # Work that falls due this very moment may not be done yet: the movement still comes after it.
    return max(0.001, task["due"] - world.clock.now()) if task else 0.0


def _available_on(world: World, like: str | None, otherwise: int) -> int:
    return int(world.state.get("balance_transaction", like)["available_on"]) if like else otherwise


def fee_line(
    kind: str, amount: int, currency: str, *, application: str | None, description: str
) -> StripeObject:
    """Return one line of a balance transaction's fee details; minor units."""
    return {
        "amount": amount,
        "application": application,
        "currency": currency,
        "description": description,
        "type": kind,
    }


@work("funds_available")
def make_available(world: World, *, transaction: str, account: str) -> None:
    """Move a balance transaction's net from pending to available."""
    row = world.state.get("balance_transaction", transaction)
    if row["status"] == "available":
        return
    _count(world, account, row, -1)
    row["status"] = "available"
    world.state.save(row)
    _count(world, account, row, 1)
    plan_run(world, account)


def _count(world: World, account: str, transaction: StripeObject, sign: int) -> None:
    totals = world.totals.setdefault((account, transaction["currency"]), {"pending": 0, "available": 0})
    totals[transaction["status"]] += sign * transaction["net"]


def recount(world: World) -> None:
    """Work out every balance anew from the balance transactions, as after a restart."""
    world.totals.clear()
    for transaction in world.state.values("balance_transaction"):
        _count(world, world.state.owner_of(transaction["id"]), transaction, 1)


def balance_of(world: World, account: str) -> dict[str, dict[str, int]]:
    """Return an account's pending and available amounts (minor units) by currency."""
    return {currency: totals for (owner, currency), totals in world.totals.items() if owner == account}


@route("GET", "/v1/balance_transactions")
def list_balance_transactions(call: Call) -> StripeObject:
    """List an account's balance transactions, of one payout if it is an automatic one."""
    return page(
        call,
        "balance_transaction",
        noun="balance transaction",
        equal=("currency", "source", "type"),
        keep=_paid_out_with(call) if "payout" in call.params else lambda row: True,
    )


def _paid_out_with(call: Call) -> Filter:
    """Return the filter of one payout; raises `StripeError` if Stripe doesn't itemise it, or not yet."""
    payout = call.own("payout", call.params["payout"], param="payout", status=400)
    if not payout["automatic"]:
        raise invalid(
            "Balance transaction history can only be filtered on automatic transfers, not manual.",
            param="payout",
        )
    if payout["reconciliation_status"] != "completed":
        raise invalid(
            f"The balance transactions of payout {payout['id']} are not known yet; try again later.",
            param="payout",
            code="payout_reconciliation_not_ready",
        )
    return lambda row: call.state.get(PAID_OUT_WITH, row["id"]) == payout["id"]


@route("GET", "/v1/balance_transactions/{id}")
def retrieve_balance_transaction(call: Call) -> StripeObject:
    """Retrieve one balance transaction."""
    return call.own("balance_transaction", call.arguments["id"])


@route("GET", "/v1/balance")
def retrieve_balance(call: Call) -> StripeObject:
    """Retrieve an account's balance: available and pending by currency, the account's own currency always."""
    balances = balance_of(call.world, call.account)
    account = call.state.get("account", call.account)
    default = account["default_currency"] if account else "usd"
    currencies = {default: {"pending": 0, "available": 0}, **balances}

    def lines(status: str) -> list[Any]:
        return [
            {"amount": totals[status], "currency": currency, "source_types": {"card": totals[status]}}
            for currency, totals in currencies.items()
        ]

    balance: StripeObject = {
        "object": "balance",
        "available": lines("available"),
        "livemode": False,
        "pending": lines("pending"),
        "refund_and_dispute_prefunding": {"available": _nothing(default), "pending": _nothing(default)},
    }
    if not call.account:
        balance["connect_reserved"] = [{"amount": 0, "currency": currency} for currency in currencies]
    return balance


def _nothing(currency: str) -> list[StripeObject]:
    return [{"amount": 0, "currency": currency}]
