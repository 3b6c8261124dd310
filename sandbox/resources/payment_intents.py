"""PaymentIntents: made when a buyer first tries to pay, kept through declines until the payment succeeds."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.ids import new_id, random_text
from sandbox.lists import page
from sandbox.metadata import checked_metadata
from sandbox.state import StripeObject
from sandbox.world import World


def create_intent(
    world: World,
    *,
    amount: int,
    currency: str,
    plan: dict[str, Any],
    method: str,
    customer: str | None = None,
) -> StripeObject:
    """Make the PaymentIntent of a session or an invoice; `plan` is a session's `payment_intent_data`. Minor units."""
    intent_id = new_id("pi")
    nothing = (
        "application", "canceled_at", "cancellation_reason", "customer", "customer_account",
        "excluded_payment_method_types", "last_payment_error", "latest_charge", "managed_payments", "next_action",
        "payment_method", "payment_method_configuration_details", "processing", "review",
    )  # fmt: skip
    taken = (
        "application_fee_amount", "description", "on_behalf_of", "receipt_email", "setup_future_usage", "shipping",
        "statement_descriptor", "statement_descriptor_suffix", "transfer_data", "transfer_group",
    )  # fmt: skip
    intent: StripeObject = dict.fromkeys(nothing) | {name: plan.get(name) for name in taken}
    intent |= {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{random_text(25)}",
        "confirmation_method": "automatic",
        "created": int(time.time()),
        "currency": currency,
        "customer": customer,
        "livemode": False,
        "metadata": checked_metadata(plan.get("metadata")),
        "payment_method_options": {"card": _card_options()} if method == "card" else {},
        "payment_method_types": [method],
        "status": "requires_payment_method",
    }
    world.state.save(intent)
    world.emit("payment_intent.created", intent)
    return intent


def _card_options() -> dict[str, Any]:
    return {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    }


def succeed_intent(world: World, intent: StripeObject, charge: StripeObject) -> None:
    """Mark an intent paid by a charge."""
    intent.update(
        amount_received=charge["amount"],
        last_payment_error=None,
        latest_charge=charge["id"],
        next_action=None,
        payment_method=charge["payment_method"],
        processing=None,
        status="succeeded",
    )
    world.state.save(intent)
    world.emit("payment_intent.succeeded", intent)


def fail_intent(
    world: World, intent: StripeObject, charge: StripeObject | None, error: dict[str, Any]
) -> None:
    """Note a failed attempt; the intent waits for another payment method."""
    intent.update(
        last_payment_error=error,
        latest_charge=charge["id"] if charge else intent["latest_charge"],
        next_action=None,
        payment_method=None,
        processing=None,
        status="requires_payment_method",
    )
    world.state.save(intent)
    world.emit("payment_intent.payment_failed", intent)


def cancel_intent(world: World, intent: StripeObject) -> None:
    """Cancel the intent of a session that expired."""
    if intent["status"] not in ("succeeded", "canceled", "processing"):
        intent.update(
            canceled_at=int(time.time()), cancellation_reason="expired", next_action=None, status="canceled"
        )
        world.state.save(intent)
        world.emit("payment_intent.canceled", intent)


@route("GET", "/v1/payment_intents")
def list_intents(call: Call) -> StripeObject:
    """List PaymentIntents."""
    return page(call, "payment_intent", equal=("customer",))


@route("GET", "/v1/payment_intents/{intent}")
def retrieve_intent(call: Call) -> StripeObject:
    """Retrieve a PaymentIntent."""
    return call.own("payment_intent", call.arguments["intent"], noun="payment_intent", param="intent")
