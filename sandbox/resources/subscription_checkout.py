"""A Checkout Session that begins a subscription: the card is kept, and there is a subscription once it is paid."""

from sandbox.cards import Card
from sandbox.metadata import checked_metadata
from sandbox.resources.checkout_sessions import LINES, PLANS
from sandbox.resources.payment_methods import Owner, attach, create_method
from sandbox.resources.subscription_states import begin
from sandbox.state import StripeObject
from sandbox.world import World


def keep_card(
    world: World, card: Card, expiry: tuple[int, int], email: str | None, name: str | None
) -> StripeObject:
    """Return the payment method of the card that a buyer typed."""
    return create_method(world, card, expiry, Owner(email, name))


def begin_subscription(
    world: World, session: StripeObject, method: StripeObject, intent: StripeObject | None
) -> None:
    """Begin the subscription of a session that was just paid by `intent`, or whose trial needs no payment."""
    plan = world.state.get(PLANS, session["id"])
    line = world.state.get(LINES, session["id"])[0]
    customer = world.state.get("customer", session["customer"])
    attach(world, method, customer)
    subscription = begin(
        world,
        customer,
        world.state.get("price", line["price"]["id"]),
        line["quantity"],
        trial_days=plan.get("trial_period_days", 0),
        paid_by=intent,
        default_payment_method=method["id"],
        description=plan.get("description"),
        metadata=checked_metadata(plan.get("metadata")),
    )
    session.update(subscription=subscription["id"], invoice=subscription["latest_invoice"])
