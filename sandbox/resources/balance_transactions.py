"""Balance transactions: every movement of an account's money, pending first, then available."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.clock import work
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.state import StripeObject
from sandbox.world import World

# Stripe's usual delay from a charge to the funds in the United States.
DAYS_UNTIL_AVAILABLE = 2
DAY = 24 * 3600

REPORTING = {
    "adjustment": "dispute",
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "payment": "charge",
    "payment_refund": "refund",
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
    description: str | None = None,
) -> StripeObject:
    """Move `amount` (minor units) of an account ('' the platform) less its fees; returns the balance transaction.

    The net is pending until the clock makes it available, `at_once` skips that.
    """
    now = int(time.time())
    fee = sum(part["amount"] for part in fees or [])
    transaction: StripeObject = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now if at_once else now + DAYS_UNTIL_AVAILABLE * DAY,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees or [],
        "net": amount - fee,
        "reporting_category": REPORTING.get(kind, kind),
        "source": source,
        "status": "available" if at_once else "pending",
        "type": kind,
    }
    world.state.save(transaction, owner=account)
    _count(world, account, transaction, 1)
    if not at_once:
        delay = DAYS_UNTIL_AVAILABLE * DAY
        world.clock.plan("funds_available", delay, transaction=transaction["id"], account=account)
    return transaction


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
    """List an account's balance transactions."""
    return page(call, "balance_transaction", noun="balance transaction", equal=("currency", "source", "type"))


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
