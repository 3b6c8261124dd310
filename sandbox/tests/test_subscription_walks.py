"""Whatever is done to a subscription, in whatever order: its invoices follow each other, and its money adds up."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import stripe

from sandbox.tests.billing import DAY, FAILING, Billing, item

STEPS = 40


@pytest.mark.parametrize("seed", range(3))
def test_any_walk_leaves_books_that_balance(billing: Billing, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a walk, not a secret
    subscription = billing.subscribe()
    for _ in range(STEPS):
        chance.choice(steps(billing, subscription, chance))()
        billing.sandbox.pump()
        check(billing, subscription)


def steps(billing: Billing, subscription: Any, chance: random.Random) -> list[Callable[[], Any]]:
    """What may happen to a subscription; what is refused happens to nobody."""
    update = billing.client.v1.subscriptions.update

    def tried(call: Callable[..., Any], *arguments: Any, **more: Any) -> Callable[[], None]:
        def attempt() -> None:
            # A 500 would be another kind of error.
            with suppress(stripe.InvalidRequestError, stripe.CardError):
                call(*arguments, **more)

        return attempt

    def control(**body: Any) -> None:
        billing.sandbox.control("POST", f"/_sandbox/subscriptions/{subscription.id}", body)

    price = chance.choice([billing.monthly, billing.yearly])
    behavior = chance.choice(["always_invoice", "create_prorations", "none"])
    return [
        lambda: control(advance=True, payment=chance.choice(["succeeds", "succeeds", "fails"])),
        lambda: control(card=chance.choice(["4242424242424242", "5555555555554444", FAILING])),
        lambda: billing.move(chance.choice([600, 3600, 3 * DAY, 20 * DAY, 40 * DAY])),
        tried(billing.switch, subscription, price, proration_behavior=behavior),
        tried(billing.switch, subscription, price, payment_behavior="error_if_incomplete"),
        tried(update, subscription.id, {"cancel_at_period_end": chance.random() < 0.3}),
        tried(billing.client.v1.invoices.void_invoice, billing.subscription(subscription).latest_invoice),
        tried(billing.client.v1.invoices.finalize_invoice, billing.subscription(subscription).latest_invoice),
        tried(billing.client.v1.invoices.pay, billing.subscription(subscription).latest_invoice),
    ]


def check(billing: Billing, subscription: Any) -> None:
    state = billing.sandbox.world.state
    now, customer = billing.subscription(subscription), billing.customer(subscription)
    invoices = state.values("invoice")
    paid = sum(one["amount_paid"] for one in invoices)
    charged = sum(one["amount"] for one in state.values("charge") if one["paid"])
    assert paid == charged
    settled = [one for one in invoices if one["status"] not in ("draft", "void")]
    assert sum(one["total"] - one["amount_due"] for one in settled) == customer.balance
    assert all(one["amount_remaining"] == 0 for one in invoices if one["status"] == "paid")
    assert item(now).current_period_start < item(now).current_period_end
    owes = any(one["status"] == "open" for one in invoices)
    assert (now.status == "past_due") == (owes and now.status != "canceled")
    planned = [
        task["work"] for task in state.values("_task") if task["work"].endswith(("_subscription", "_invoice"))
    ]
    if now.status == "canceled":
        assert planned == []
    else:
        assert planned.count("renew_subscription") == 1
