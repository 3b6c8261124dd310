"""The life of a subscription: begun, renewed period by period, moved on by request."""

import copy
import time
from typing import Any

from sandbox.clock import work
from sandbox.resources import invoice_states
from sandbox.resources.invoice_lines import full_line, trial_line
from sandbox.resources.invoice_objects import invoice_object
from sandbox.resources.subscription_lines import take_pending_lines
from sandbox.resources.subscription_objects import subscription_object
from sandbox.resources.subscription_payments import (
    FINALIZE,
    LAPSE,
    RETRY,
    collect,
    end_subscription,
    invoice_now,
    invoice_of,
    is_over,
    method_of,
    retry,
    save_changes,
)
from sandbox.resources.subscription_periods import (
    DAY,
    RENEWAL,
    item_of,
    next_end,
    own_now,
    period_of,
    plan_renewal,
    seconds_left,
)
from sandbox.state import State, StripeObject
from sandbox.world import World

# How long a subscription whose first payment failed waits for it.
INCOMPLETE_SECONDS = 23 * 3600


def begin(
    world: World,
    customer: StripeObject,
    price: StripeObject,
    quantity: int,
    *,
    trial_days: int = 0,
    paid_by: StripeObject | None = None,
    **more: Any,
) -> StripeObject:
    """Begin a subscription with its first invoice; `paid_by` is the PaymentIntent of a checkout, which has paid.

    Without one the kept card is charged; if that fails the subscription is incomplete.
    """
    subscription = _new(customer, price, quantity, trial_days, **more)
    start, end = period_of(subscription)
    line = (trial_line if trial_days else full_line)(world.state, price, quantity, (start, end))
    invoice = invoice_object(world, subscription, [line], "subscription_create", (start, start))
    subscription["latest_invoice"] = invoice["id"]
    world.state.save(subscription)
    plan_renewal(world, subscription, end - start)
    if paid_by is None and _will_fail(world.state, subscription, invoice):
        subscription["status"] = "incomplete"
        world.clock.plan(LAPSE, INCOMPLETE_SECONDS, subscription["id"], subscription=subscription["id"])
    _set_currency(world, customer, subscription["currency"])
    world.emit("customer.subscription.created", subscription)
    _issue_first(world, invoice, start, paid_by)
    return subscription


def _new(
    customer: StripeObject, price: StripeObject, quantity: int, trial_days: int, **more: Any
) -> StripeObject:
    """Return a subscription that begins now, with a trial or with its first period."""
    now = int(time.time())
    end = now + trial_days * DAY if trial_days else next_end(now, now, price["recurring"])
    subscription = subscription_object(customer["id"], price, quantity, (now, end), **more)
    if trial_days:
        subscription.update(billing_cycle_anchor=end, status="trialing", trial_start=now, trial_end=end)
    return subscription


def _issue_first(world: World, invoice: StripeObject, now: int, paid_by: StripeObject | None) -> None:
    """Send the first invoice, which a checkout has paid or the kept card is to pay."""
    invoice_states.draft_invoice(world, invoice)
    invoice_states.finalize_invoice(world, invoice, now, intent=paid_by)
    if invoice["status"] != "open":
        return
    if paid_by is None:
        collect(world, invoice)
        return
    invoice.update(attempt_count=1, attempted=True)
    invoice_states.mark_paid(world, invoice, now)


def _will_fail(state: State, subscription: StripeObject, invoice: StripeObject) -> bool:
    if not invoice["amount_due"]:
        return False
    return invoice_states.charge_error(state, method_of(state, subscription), None) is not None


def _set_currency(world: World, customer: StripeObject, currency: str) -> None:
    if customer["currency"] != currency:
        before = {"currency": customer["currency"]}
        customer["currency"] = currency
        world.state.save(customer)
        world.emit("customer.updated", customer, previous=before)


@work(LAPSE)
def lapse(world: World, *, subscription: str) -> None:
    """End a subscription whose first payment never came."""
    row = world.state.get("subscription", subscription)
    if row["status"] != "incomplete":
        return
    now = own_now(world, row)
    invoice = invoice_of(world.state, row)
    if invoice and invoice["status"] == "open":
        invoice_states.void_invoice(world, invoice, now)
    world.clock.cancel(f"{RENEWAL}:{row['id']}")
    save_changes(world, row, {"status": "incomplete_expired", "ended_at": now})


# Renewal


@work(RENEWAL)
def renew(world: World, *, subscription: str) -> None:
    """End the current period: the next one begins with a draft of its invoice, or the subscription is over."""
    row = world.state.get("subscription", subscription)
    if is_over(row) or row["status"] == "incomplete":
        return
    start, end = period_of(row)
    if row["cancel_at"]:
        end_subscription(world, row, end, reason="cancellation_requested")
        return
    invoice = _move_on(world, row, start, end)
    world.clock.plan(FINALIZE, invoice_states.DRAFT_SECONDS, invoice["id"], invoice=invoice["id"])


def _move_on(world: World, subscription: StripeObject, start: int, end: int) -> StripeObject:
    """Begin the next period and return its invoice, a draft."""
    item = item_of(subscription)
    before = copy.deepcopy(subscription["items"])
    later = next_end(subscription["billing_cycle_anchor"], end, item["price"]["recurring"])
    item.update(current_period_start=end, current_period_end=later)
    plan_renewal(world, subscription, later - end)
    lines = take_pending_lines(world.state, subscription)
    lines.append(full_line(world.state, item["price"], item["quantity"], (end, later)))
    invoice = invoice_object(world, subscription, lines, "subscription_cycle", (start, end))
    previous = {"items": before, "latest_invoice": subscription["latest_invoice"]}
    if subscription["status"] == "trialing":
        previous["status"], subscription["status"] = "trialing", "active"
    subscription["latest_invoice"] = invoice["id"]
    world.state.save(subscription)
    invoice_states.draft_invoice(world, invoice)
    world.emit("customer.subscription.updated", subscription, previous=previous)
    return invoice


@work(FINALIZE)
def finalize(world: World, *, invoice: str, outcome: str | None = None) -> None:
    """Finalize a renewal's draft and charge it; `outcome` (succeeds, fails) overrules the card."""
    row = world.state.get("invoice", invoice)
    if row["status"] == "draft":
        invoice_states.finalize_invoice(world, row, invoice_now(world, row))
    if row["status"] == "open" and not row["attempted"]:
        collect(world, row, outcome)


# Moving on at once, as the control call asks


def advance(world: World, subscription: StripeObject, outcome: str | None) -> None:
    """Bring a subscription to its next charge now: a retry while it is past due, else the next period.

    Its own time moves on by what would have passed; the virtual clock stays.
    """
    invoice = invoice_of(world.state, subscription)
    if invoice and (draft := world.state.get("_task", f"{FINALIZE}:{invoice['id']}")):
        # The clock stopped within a renewal's hour: that renewal is over first, as its card decides.
        _skip(world, subscription, draft)
        finalize(world, invoice=invoice["id"])
    if invoice and (again := world.state.get("_task", f"{RETRY}:{invoice['id']}")):
        _skip(world, subscription, again)
        retry(world, invoice=invoice["id"], outcome=outcome)
        return
    if is_over(subscription):
        return
    world.clock.cancel(f"{RENEWAL}:{subscription['id']}")
    if subscription["status"] == "incomplete":
        lapse(world, subscription=subscription["id"])
        return
    renew(world, subscription=subscription["id"])
    newest = invoice_of(world.state, subscription)
    if newest and world.state.get("_task", f"{FINALIZE}:{newest['id']}"):
        world.clock.cancel(f"{FINALIZE}:{newest['id']}")
        finalize(world, invoice=newest["id"], outcome=outcome)


def _skip(world: World, subscription: StripeObject, task: dict[str, Any]) -> None:
    """Drop planned work that is done now, and move the subscription's own time on to it."""
    wait = max(0.0, task["due"] - world.clock.now())
    world.clock.cancel(task["id"])
    if not is_over(subscription):
        plan_renewal(world, subscription, seconds_left(world, subscription) - wait)
