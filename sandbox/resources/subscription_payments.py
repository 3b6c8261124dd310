"""What a subscription owes, and what follows from it: past due, recovered, ended.

Its status follows its invoices: a failed charge makes it past due, four failed ones end it, a payment makes it active.
"""

import time
from typing import Any

from sandbox.clock import work
from sandbox.resources import invoice_states
from sandbox.resources.subscription_periods import DAY, RENEWAL, own_now
from sandbox.state import State, StripeObject
from sandbox.world import World

# A renewal is charged four times: at once, and this many days after each failure.
RETRY_DAYS = (3, 5, 7)
RETRY, FINALIZE, LAPSE = "retry_invoice", "finalize_invoice", "lapse_subscription"
OVER = ("canceled", "incomplete_expired")
LATE = ("past_due", "incomplete", "unpaid")


def is_over(subscription: StripeObject) -> bool:
    """Tell whether a subscription has ended for good."""
    return subscription["status"] in OVER


def invoice_of(state: State, subscription: StripeObject) -> StripeObject | None:
    """Return a subscription's newest invoice, or None."""
    newest: StripeObject | None = state.get("invoice", subscription["latest_invoice"] or "")
    return newest


def subscription_id_of(invoice: StripeObject) -> str | None:
    """Return the id of the subscription that an invoice belongs to, or None for one that was made by hand."""
    return str(invoice["parent"]["subscription_details"]["subscription"]) if invoice["parent"] else None


def subscription_of(state: State, invoice: StripeObject) -> StripeObject | None:
    """Return the subscription that an invoice belongs to, or None for one that was made by hand."""
    found: StripeObject | None = state.get("subscription", subscription_id_of(invoice) or "")
    return found


def method_of(state: State, subscription: StripeObject) -> StripeObject | None:
    """Return the card that a subscription is charged to: its own, or its customer's."""
    kept = subscription["default_payment_method"]
    return state.get("payment_method", kept) if kept else customers_method(state, subscription["customer"])


def customers_method(state: State, customer_id: str) -> StripeObject | None:
    """Return the card that a customer is charged to, or None."""
    kept = state.get("customer", customer_id)["invoice_settings"]["default_payment_method"]
    return state.get("payment_method", kept) if kept else None


def invoice_now(world: World, invoice: StripeObject) -> int:
    """Return the present moment of an invoice: its subscription's own, or the wall clock's."""
    subscription = subscription_of(world.state, invoice)
    return own_now(world, subscription) if subscription else int(time.time())


def invoice_method(state: State, invoice: StripeObject) -> StripeObject | None:
    """Return the card that an invoice is charged to, or None."""
    subscription = subscription_of(state, invoice)
    return method_of(state, subscription) if subscription else customers_method(state, invoice["customer"])


def save_changes(
    world: World,
    subscription: StripeObject,
    changes: dict[str, Any],
    changed: dict[str, Any] | None = None,
) -> None:
    """Change fields of a subscription and tell what stood there before, with what was `changed` already."""
    previous = (changed or {}) | {
        name: subscription[name] for name, value in changes.items() if subscription[name] != value
    }
    subscription.update(changes)
    world.state.save(subscription)
    if previous:
        world.emit("customer.subscription.updated", subscription, previous=previous)


@work(RETRY)
def retry(world: World, *, invoice: str, outcome: str | None = None) -> None:
    """Charge an invoice once more."""
    row = world.state.get("invoice", invoice)
    if row["status"] == "open":
        collect(world, row, outcome)


def collect(
    world: World,
    invoice: StripeObject,
    outcome: str | None = None,
    method: StripeObject | None = None,
    *,
    by_hand: bool = False,
) -> bool:
    """Charge an open invoice and let its subscription follow; tell whether it is paid.

    A try `by_hand` that fails leaves the planned ones as they are, unless it was the first of all.
    """
    subscription, now = subscription_of(world.state, invoice), invoice_now(world, invoice)
    counts = not (by_hand and invoice["attempted"])
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + counts)
    method = method or invoice_method(world.state, invoice)
    if not invoice_states.charge_invoice(world, invoice, method, outcome):
        if subscription:
            _follow_failure(world, subscription, invoice, now, counts=counts)
        else:
            invoice_states.mark_failed(world, invoice, None)
        return False
    world.clock.cancel(f"{RETRY}:{invoice['id']}")
    invoice_states.mark_paid(world, invoice, now)
    if subscription and not _owed(world.state, subscription):
        _recover(world, subscription)
    return True


def write_off(world: World, invoice: StripeObject) -> None:
    """Void an open invoice: nobody owes it any more."""
    subscription = subscription_of(world.state, invoice)
    invoice_states.void_invoice(world, invoice, invoice_now(world, invoice))
    world.clock.cancel(f"{RETRY}:{invoice['id']}")
    if subscription and not is_over(subscription) and not _owed(world.state, subscription):
        _recover(world, subscription)


def _recover(world: World, subscription: StripeObject) -> None:
    """Note that nothing is owed any more."""
    _set_delinquent(world, subscription, delinquent=False)
    if subscription["status"] in LATE:
        world.clock.cancel(f"{LAPSE}:{subscription['id']}")
        save_changes(world, subscription, {"status": "active"})


def _owed(state: State, subscription: StripeObject) -> list[StripeObject]:
    """Return a subscription's invoices that aren't paid."""
    return [
        row
        for row in state.newest_first("invoice")
        if row["status"] in ("draft", "open") and subscription_id_of(row) == subscription["id"]
    ]


def _follow_failure(
    world: World, subscription: StripeObject, invoice: StripeObject, now: int, *, counts: bool
) -> None:
    """Plan the next try and mark the subscription past due, or end it after the last one."""
    if subscription["status"] == "incomplete" or is_over(subscription):
        invoice_states.mark_failed(world, invoice, None)
        return
    if not counts:
        invoice_states.mark_failed(world, invoice, invoice["next_payment_attempt"])
        return
    place = invoice["attempt_count"] - 1
    wait = RETRY_DAYS[place] * DAY if place < len(RETRY_DAYS) else None
    invoice_states.mark_failed(world, invoice, now + wait if wait else None)
    _set_delinquent(world, subscription, delinquent=True)
    if wait is None:
        end_subscription(world, subscription, now, reason="payment_failed")
        return
    world.clock.plan(RETRY, wait, invoice["id"], invoice=invoice["id"])
    save_changes(world, subscription, {"status": "past_due"})


def _set_delinquent(world: World, subscription: StripeObject, *, delinquent: bool) -> None:
    customer = world.state.get("customer", subscription["customer"])
    if customer["delinquent"] != delinquent:
        customer["delinquent"] = delinquent
        world.state.save(customer)
        world.emit("customer.updated", customer, previous={"delinquent": not delinquent})


def end_subscription(world: World, subscription: StripeObject, at: int, *, reason: str) -> None:
    """End a subscription at a moment of its own time; what it owes stays open, and is not tried again."""
    for name in (RENEWAL, LAPSE):
        world.clock.cancel(f"{name}:{subscription['id']}")
    for invoice in _owed(world.state, subscription):
        for name in (FINALIZE, RETRY):
            world.clock.cancel(f"{name}:{invoice['id']}")
        invoice.update(auto_advance=False, next_payment_attempt=None)
        world.state.save(invoice)
    details = {**subscription["cancellation_details"], "reason": reason}
    subscription.update(
        canceled_at=subscription["canceled_at"] or at,
        cancellation_details=details,
        ended_at=at,
        status="canceled",
    )
    world.state.save(subscription)
    world.emit("customer.subscription.deleted", subscription)
