"""Paying a Checkout Session: what the hosted page and the control call do with a card."""

import time
from dataclasses import dataclass
from typing import Any

from sandbox.cards import Card, find_card
from sandbox.clock import work
from sandbox.errors import StripeError, refused
from sandbox.resources import charges, payment_intents, subscription_checkout
from sandbox.resources.checkout_sessions import INTENTS, PLANS, complete_session, intent_of
from sandbox.resources.customers import create_customer
from sandbox.state import StripeObject
from sandbox.world import World

# How long a bank debit takes to be settled here; at a real bank it is days.
DELAYED_SECONDS = 60
BANK_DEBIT = "us_bank_account"


@dataclass(frozen=True)
class Buyer:
    """What the buyer typed beside the card number."""

    email: str | None = None
    name: str | None = None
    expiry: tuple[int, int] = (12, time.localtime().tm_year + 8)


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: paid, declined (with Stripe's words), or waiting for the 3D Secure check."""

    session: StripeObject
    declined: str | None = None
    message: str | None = None
    needs_3ds: bool = False


def open_session(world: World, session_id: str) -> StripeObject:
    """Return a session that can still be paid; raises `StripeError` (409) if it is complete or expired."""
    session: StripeObject | None = world.state.get("checkout.session", session_id)
    if session is None:
        raise StripeError(f"No such checkout.session: '{session_id}'", status=404, code="resource_missing")
    if session["status"] != "open":
        raise StripeError(
            f"This Checkout Session is {session['status']}.", status=409, code=f"session_{session['status']}"
        )
    return session


def pay(
    world: World, session_id: str, number: str, buyer: Buyer, *, checked_3ds: bool | None = None
) -> Outcome:
    """Pay an open session by a card; `checked_3ds` is the answer to the 3D Secure question, None if not asked.

    A decline is an outcome, not an error: the session stays open for another try.
    """
    card = find_card(number)
    with world.state.transaction():
        session = open_session(world, session_id)
        _check_destination(world, session)
        if not session["amount_total"] and session["mode"] == "payment":
            complete_session(world, session, paid="no_payment_required", email=buyer.email, name=buyer.name)
            return Outcome(session)
        if not session["amount_total"]:
            return _begin_trial(world, session, card, buyer)
        intent = _intent(world, session, "card")
        if card.asks_3ds and checked_3ds is None:
            _ask_3ds(world, intent)
            return Outcome(session, needs_3ds=True)
        if card.decline:
            return _decline(world, session, intent, card, buyer)
        if card.asks_3ds and not checked_3ds:
            return _fail_3ds(world, session, intent)
        return _succeed(world, session, intent, card, buyer)


def _check_destination(world: World, session: StripeObject) -> None:
    plan = world.state.get(PLANS, session["id"])
    destination = plan.get("transfer_data", {}).get("destination")
    if destination and world.state.get("_revoked", destination):
        raise refused("The seller can't take payments at the moment.", code="account_invalid")


def _intent(world: World, session: StripeObject, method: str) -> StripeObject:
    """Return the session's PaymentIntent, made at the first attempt."""
    known = intent_of(world.state, session)
    if known:
        return known
    subscribes = session["mode"] == "subscription"
    plan = {"description": "Subscription creation"} if subscribes else world.state.get(PLANS, session["id"])
    intent = payment_intents.create_intent(
        world,
        amount=session["amount_total"],
        currency=session["currency"],
        plan=plan,
        method=method,
        customer=session["customer"],
    )
    if subscribes:
        # Its invoice will have it; the session itself never does.
        world.state.put(INTENTS, session["id"], intent["id"])
        return intent
    session["payment_intent"] = intent["id"]
    world.state.save(session)
    return intent


def _ask_3ds(world: World, intent: StripeObject) -> None:
    intent.update(status="requires_action", next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}})
    world.state.save(intent)
    world.emit("payment_intent.requires_action", intent)


def _decline(world: World, session: StripeObject, intent: StripeObject, card: Card, buyer: Buyer) -> Outcome:
    code, decline_code, message = card.decline or ("", "", "")
    error: dict[str, Any] = {
        "code": code,
        "decline_code": decline_code,
        "doc_url": "https://stripe.com/docs/error-codes/" + code.replace("_", "-"),
        "message": message,
        "type": "card_error",
    }
    method = charges.card_method(card, buyer.expiry)
    charge = charges.create_charge(world, intent, method, email=buyer.email, name=buyer.name, error=error)
    payment_intents.fail_intent(world, intent, charge, {**error, "charge": charge["id"]})
    return Outcome(session, declined=decline_code if code == "card_declined" else code, message=message)


def _fail_3ds(world: World, session: StripeObject, intent: StripeObject) -> Outcome:
    code = "payment_intent_authentication_failure"
    message = (
        "We are unable to authenticate your payment method. "
        "Please choose a different payment method and try again."
    )
    error = {
        "code": code,
        "doc_url": "https://stripe.com/docs/error-codes/" + code.replace("_", "-"),
        "message": message,
        "type": "invalid_request_error",
    }
    payment_intents.fail_intent(world, intent, None, error)
    return Outcome(session, declined=code, message=message)


def _succeed(world: World, session: StripeObject, intent: StripeObject, card: Card, buyer: Buyer) -> Outcome:
    email = (session["customer_details"] or {}).get("email") or buyer.email
    if session["customer_creation"] == "always" and not session["customer"]:
        customer = create_customer(world, {"email": email, "name": buyer.name})
        session["customer"] = intent["customer"] = customer["id"]
    kept = None
    if session["mode"] == "subscription":
        kept = subscription_checkout.keep_card(world, card, buyer.expiry, email, buyer.name)
    method, method_id = charges.card_method(card, buyer.expiry), kept["id"] if kept else None
    charge = charges.create_charge(world, intent, method, email=email, name=buyer.name, method_id=method_id)
    payment_intents.succeed_intent(world, intent, charge)
    if kept:
        subscription_checkout.begin_subscription(world, session, kept, intent)
    complete_session(world, session, paid="paid", email=email, name=buyer.name)
    charges.settle_later(world, charge, card)
    return Outcome(session)


def _begin_trial(world: World, session: StripeObject, card: Card, buyer: Buyer) -> Outcome:
    """Keep the card for the trial's end; nothing is due yet."""
    if card.decline and not card.fails_later:
        code, decline_code, message = card.decline
        return Outcome(session, declined=decline_code if code == "card_declined" else code, message=message)
    email = (session["customer_details"] or {}).get("email") or buyer.email
    if not session["customer"]:
        session["customer"] = create_customer(world, {"email": email, "name": buyer.name})["id"]
    kept = subscription_checkout.keep_card(world, card, buyer.expiry, email, buyer.name)
    subscription_checkout.begin_subscription(world, session, kept, None)
    complete_session(world, session, paid="no_payment_required", email=email, name=buyer.name)
    return Outcome(session)


def pay_later(world: World, session_id: str, buyer: Buyer, *, succeeds: bool = True) -> Outcome:
    """Complete an open session unpaid, as a bank debit does; the money comes, or fails to, a minute later."""
    with world.state.transaction():
        session = open_session(world, session_id)
        if session["mode"] == "subscription":
            raise refused("The sandbox's subscriptions are paid by card.", param="delayed")
        _check_destination(world, session)
        intent = _intent(world, session, BANK_DEBIT)
        intent["status"] = "processing"
        world.state.save(intent)
        world.emit("payment_intent.processing", intent)
        complete_session(world, session, paid="unpaid", email=buyer.email, name=buyer.name)
        world.clock.plan(
            "bank_answers",
            DELAYED_SECONDS,
            session=session_id,
            succeeds=succeeds,
            email=buyer.email,
            name=buyer.name,
        )
        return Outcome(session)


@work("bank_answers")
def hear_from_bank(
    world: World, *, session: str, succeeds: bool, email: str | None, name: str | None
) -> None:
    """Settle a bank debit: the session is paid, or its payment has failed."""
    row = world.state.get("checkout.session", session)
    intent = world.state.get("payment_intent", row["payment_intent"])
    if not succeeds:
        error = {
            "code": "payment_method_provider_decline",
            "message": "The bank refused the debit.",
            "type": "card_error",
        }
        payment_intents.fail_intent(world, intent, None, error)
        world.emit("checkout.session.async_payment_failed", row)
        return
    method = {
        BANK_DEBIT: {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "fingerprint": None,
            "last4": "6789",
            "payment_reference": None,
            "routing_number": "110000000",
        },
        "type": BANK_DEBIT,
    }
    charge = charges.create_charge(world, intent, method, email=email, name=name)
    payment_intents.succeed_intent(world, intent, charge)
    row["payment_status"] = "paid"
    world.state.save(row)
    world.emit("checkout.session.async_payment_succeeded", row)
    world.plan_asynchronous("settle_charge", charge["id"], charge=charge["id"])
