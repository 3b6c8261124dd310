"""The control call of subscriptions: the next charge now, and the card that later charges meet."""

from sandbox.cards import find_card
from sandbox.control_fields import Bad, Json, choice, only, text, yes_or_no
from sandbox.resources.payment_methods import Owner, attach, create_method, far_expiry
from sandbox.resources.subscription_changes import set_card
from sandbox.resources.subscription_payments import is_over
from sandbox.resources.subscription_states import advance
from sandbox.state import StripeObject
from sandbox.world import World

OUTCOMES = ("succeeds", "fails")


def change_subscription(world: World, subscription_id: str, body: Json) -> StripeObject:
    """Advance a subscription, or give it another card; raises `Bad` or `StripeError`."""
    only(body, "advance", "payment", "card")
    with world.state.transaction():
        subscription: StripeObject | None = world.state.get("subscription", subscription_id)
        if subscription is None:
            raise Bad(f"There is no subscription {subscription_id}.", 404)
        if is_over(subscription):
            raise Bad(f"Subscription {subscription_id} is over.", 409)
        number = text(body, "card", None)
        # Saying what becomes of the payment is asking for it: the bench's buttons send no more.
        moves = yes_or_no(body, "advance", default="payment" in body)
        if not number and not moves:
            raise Bad("Send `advance` (with `payment`), or `card`.")
        if number:
            _set_card(world, subscription, number)
        if moves:
            outcome = choice(body, "payment", OUTCOMES) if "payment" in body else None
            advance(world, subscription, outcome)
        return subscription


def _set_card(world: World, subscription: StripeObject, number: str) -> None:
    customer = world.state.get("customer", subscription["customer"])
    owner = Owner(customer["email"], customer["name"])
    method = create_method(world, find_card(number), far_expiry(), owner)
    attach(world, method, customer)
    set_card(world, subscription, method)
