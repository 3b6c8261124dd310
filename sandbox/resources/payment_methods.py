"""Payment methods: cards that are kept for a customer, to be charged when nobody is there."""

import time
from dataclasses import dataclass
from typing import Any

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.cards import DECLINED, Card, find_card
from sandbox.errors import StripeError, invalid, missing_parameter, refused
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.state import State, StripeObject
from sandbox.world import World

# The whole number stays here: it tells what a charge does, and no object shows it.
NUMBERS = "_card_number"
FAR_YEARS = 8
# Stripe's names for test cards, for callers that can't show a form.
TEST_METHODS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_bypassPending": "4000000000000077",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_createDispute": "4000000000000259",
}


@dataclass(frozen=True)
class Owner:
    """What is known of a card's holder."""

    email: str | None = None
    name: str | None = None


def far_expiry() -> tuple[int, int]:
    """Return a date (month, year) at which a card that nobody described expires."""
    return 12, time.localtime().tm_year + FAR_YEARS


def create_method(world: World, card: Card, expiry: tuple[int, int], owner: Owner) -> StripeObject:
    """Make the payment method of a card, not yet a customer's; `expiry` is (month, four-digit year)."""
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    method: StripeObject = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {
            "address": shapes.address(),
            "email": owner.email,
            "name": owner.name,
            "phone": None,
            "tax_id": None,
        },
        "card": {
            "brand": card.brand,
            "checks": checks,
            "country": "US",
            "display_brand": card.brand,
            "exp_month": expiry[0],
            "exp_year": expiry[1],
            "fingerprint": card.fingerprint,
            "funding": "credit",
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": int(time.time()),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    world.state.save(method)
    world.state.put(NUMBERS, method["id"], card.number)
    return method


def card_of(state: State, method: StripeObject) -> Card:
    """Return the card behind a payment method."""
    return find_card(state.get(NUMBERS, method["id"]))


def attach(world: World, method: StripeObject, customer: StripeObject) -> None:
    """Keep a payment method for a customer; raises a card's decline."""
    card = card_of(world.state, method)
    if card.decline and not card.fails_later:
        raise declined(card)
    if method["customer"] == customer["id"]:
        return
    method["customer"] = customer["id"]
    world.state.save(method)
    world.emit("payment_method.attached", method)


def declined(card: Card) -> StripeError:
    """Return the error of a card that the bank refuses."""
    code, decline_code, message = card.decline or DECLINED
    return StripeError(
        message,
        status=402,
        error_type="card_error",
        code=code,
        kept=True,
        more={"decline_code": decline_code},
    )


@route("POST", "/v1/payment_methods")
def post_method(call: Call) -> StripeObject:
    """Create a card's payment method from its test number."""
    call.require_platform()
    params = call.params
    if params.get("type") != "card" or "card" not in params:
        raise invalid("The sandbox keeps cards only: send `type` and `card`.", param="type")
    given = params["card"]
    if "number" not in given:
        raise missing_parameter("card[number]")
    billing = params.get("billing_details", {})
    owner = Owner(billing.get("email") or None, billing.get("name") or None)
    expiry = (given.get("exp_month", 12), given.get("exp_year", far_expiry()[1]))
    return create_method(call.world, find_card(given["number"]), expiry, owner)


@route("POST", "/v1/payment_methods/{payment_method}/attach")
def attach_method(call: Call) -> StripeObject:
    """Keep a payment method, or one of Stripe's test cards, for a customer."""
    call.require_platform()
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = call.own("customer", call.params["customer"], param="customer", status=400)
    method = found_method(call, call.arguments["payment_method"], param="payment_method")
    if method["customer"] not in (None, customer["id"]):
        raise refused("The payment method you provided has already been attached to a customer.")
    attach(call.world, method, customer)
    return method


def found_method(call: Call, identifier: str, *, param: str, status: int = 404) -> StripeObject:
    """Return a payment method, or a new one for the name of a test card; raises `StripeError`."""
    if identifier in TEST_METHODS:
        return create_method(call.world, find_card(TEST_METHODS[identifier]), far_expiry(), Owner())
    return call.own("payment_method", identifier, noun="PaymentMethod", param=param, status=status)


@route("GET", "/v1/payment_methods/{payment_method}")
def retrieve_method(call: Call) -> StripeObject:
    """Retrieve a payment method."""
    return call.own(
        "payment_method", call.arguments["payment_method"], noun="PaymentMethod", param="payment_method"
    )


@route("GET", "/v1/payment_methods")
def list_methods(call: Call) -> StripeObject:
    """List the payment methods of a customer."""
    return page(call, "payment_method", equal=("customer", "type"), keep=_is_kept)


@route("GET", "/v1/customers/{customer}/payment_methods")
def list_customers_methods(call: Call) -> StripeObject:
    """List the payment methods of a customer."""
    customer = call.own("customer", call.arguments["customer"], param="customer")
    return page(
        call, "payment_method", equal=("type",), keep=lambda method: method["customer"] == customer["id"]
    )


def _is_kept(method: StripeObject) -> bool:
    return method["customer"] is not None


def charge_details(state: State, method: StripeObject) -> dict[str, Any]:
    """Return a charge's payment method details for a kept card."""
    kept, card = method["card"], card_of(state, method)
    details = {name: kept[name] for name in ("brand", "exp_month", "exp_year", "fingerprint", "last4")}
    return {"card": shapes.card_details(details | {"network": card.brand}), "type": "card"}
