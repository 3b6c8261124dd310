"""Checkout Sessions: made by the product, paid on the hosted page, or expired."""

import time
from typing import Any

from sandbox.call import Call, route
from sandbox.clock import work
from sandbox.errors import refused
from sandbox.expand import included
from sandbox.ids import new_id, random_text
from sandbox.lists import page, paginate
from sandbox.metadata import checked_metadata
from sandbox.resources.checkout_rules import (
    HOSTED,
    MAX_SECONDS,
    check_lines,
    check_session,
    check_total,
    check_transfer,
)
from sandbox.resources.line_items import line_item
from sandbox.resources.payment_intents import cancel_intent
from sandbox.state import State, StripeObject
from sandbox.world import World

# A session's lines, the data of its payment or subscription, and the PaymentIntent that a subscription's session hides.
LINES, PLANS, INTENTS = "_line_items", "_payment_plan", "_session_intent"
# Parameters that a session shows as they were given.
_SHOWN = (
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_email",
    "locale",
    "submit_type",
    "success_url",
)


@route("POST", "/v1/checkout/sessions")
def create_session(call: Call) -> StripeObject:
    """Create a session with its lines; the PaymentIntent comes when the buyer pays."""
    check_session(call)
    currency = check_lines(call)
    items = [line_item(call.world, line, currency) for line in call.params["line_items"]]
    total = 0 if trial_days(call.params) else sum(item["amount_total"] for item in items)
    check_total(total, currency)
    check_transfer(call, total)
    session = _session(call, total, currency)
    state = call.state
    state.save(session)
    state.put(LINES, session["id"], items)
    data = "payment_intent_data" if session["mode"] == "payment" else "subscription_data"
    state.put(PLANS, session["id"], call.params.get(data, {}))
    call.world.clock.plan(
        "session_expires", session["expires_at"] - time.time(), session["id"], session=session["id"]
    )
    return session


def trial_days(params: dict[str, Any]) -> int:
    """Return after how many days a new session's subscription is first charged; 0 is at once."""
    return int(params.get("subscription_data", {}).get("trial_period_days", 0))


def _session(call: Call, total: int, currency: str) -> StripeObject:
    params, now = call.params, int(time.time())
    session_id = new_id("cs_test", 58)
    ui_mode = params.get("ui_mode", HOSTED)
    email = params.get("customer_email")
    if "customer" in params:
        email = call.state.get("customer", params["customer"])["email"]
    session = dict.fromkeys(_SHOWN) | {name: params[name] for name in _SHOWN if name in params}
    session |= _unused_fields() | {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", True)},
        "amount_subtotal": total,
        "amount_total": total,
        "client_secret": None if ui_mode == HOSTED else f"{session_id}_secret_{random_text(24)}",
        "created": now,
        "currency": currency,
        "customer_creation": _customer_creation(params),
        "customer_details": _customer_details(email, None) if email else None,
        "expires_at": params.get("expires_at", now + MAX_SECONDS),
        "metadata": checked_metadata(params.get("metadata")),
        "mode": params["mode"],
        "payment_method_collection": params.get("payment_method_collection", _collection(params)),
        "payment_method_types": params.get("payment_method_types", ["card"]),
        "payment_status": "unpaid" if total else "no_payment_required",
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": ui_mode,
        "url": f"{call.world.url}/c/pay/{session_id}" if ui_mode == HOSTED else None,
    }
    if "return_url" in params:
        session |= {"return_url": params["return_url"], "redirect_on_completion": "always"}
    return session


def _customer_creation(params: dict[str, Any]) -> str | None:
    """Return whether paying makes a customer; a subscription always has one."""
    if params["mode"] == "subscription":
        return None if "customer" in params else "always"
    return str(params.get("customer_creation", "if_required"))


def _collection(params: dict[str, Any]) -> str:
    return "always" if params["mode"] == "subscription" else "if_required"


def _unused_fields() -> dict[str, Any]:
    """Return the fields that say nothing for a plain card payment."""
    nothing = (
        "after_expiration", "allow_promotion_codes", "collected_information", "consent", "consent_collection",
        "currency_conversion", "customer_account", "integration_identifier", "invoice", "origin_context",
        "payment_intent", "payment_link", "payment_method_configuration_details", "permissions", "recovered_from",
        "setup_intent", "shipping_address_collection", "shipping_cost", "subscription", "wallet_options",
    )  # fmt: skip
    return dict.fromkeys(nothing) | {
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "discounts": [],
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        "livemode": False,
        "managed_payments": {"enabled": False},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "phone_number_collection": {"enabled": False},
        "saved_payment_method_options": None,
        "shipping_options": [],
    }


def _customer_details(email: str | None, name: str | None) -> dict[str, Any]:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


@route("GET", "/v1/checkout/sessions")
def list_sessions(call: Call) -> StripeObject:
    """List sessions, by status, PaymentIntent, customer or the buyer's email."""
    wanted = call.params.get("customer_details", {}).get("email")

    def keep(session: StripeObject) -> bool:
        return wanted is None or (session["customer_details"] or {}).get("email") == wanted

    return page(
        call,
        "checkout.session",
        noun="checkout.session",
        equal=("status", "payment_intent", "customer", "subscription"),
        keep=keep,
    )


@route("GET", "/v1/checkout/sessions/{session}")
def retrieve_session(call: Call) -> StripeObject:
    """Retrieve a session."""
    return call.own("checkout.session", call.arguments["session"], noun="checkout.session", param="session")


@route("GET", "/v1/checkout/sessions/{session}/line_items")
def list_line_items(call: Call) -> StripeObject:
    """List a session's lines, in the order in which they were given."""
    session: StripeObject = retrieve_session(call)
    return paginate(call, call.state.get(LINES, session["id"]), noun="line item")


@included("checkout.session", "line_items")
def include_line_items(state: State, session: StripeObject) -> StripeObject:
    """Return the first lines of a session, for `expand[]=line_items`."""
    items = state.get(LINES, session["id"])
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {"object": "list", "data": items[:10], "has_more": len(items) > 10, "url": url}


@route("POST", "/v1/checkout/sessions/{session}/expire")
def expire_session(call: Call) -> StripeObject:
    """Expire an open session, so that it can't be paid any more."""
    session: StripeObject = retrieve_session(call)
    if session["status"] != "open":
        raise refused(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
            f"of {session['status']}.",
        )
    close_session(call.world, session)
    return session


@work("session_expires")
def end_session(world: World, *, session: str) -> None:
    """Expire a session whose time is over, if it is still open."""
    row = world.state.get("checkout.session", session)
    if row["status"] == "open":
        close_session(world, row)


def close_session(world: World, session: StripeObject) -> None:
    """Mark a session expired; a PaymentIntent of a declined attempt is cancelled with it."""
    world.clock.cancel(f"session_expires:{session['id']}")
    session.update(status="expired", url=None)
    world.state.save(session)
    intent = intent_of(world.state, session)
    if intent:
        cancel_intent(world, intent)
    world.emit("checkout.session.expired", session)


def intent_of(state: State, session: StripeObject) -> StripeObject | None:
    """Return the PaymentIntent of a session that somebody tried to pay, or None."""
    intent_id = session["payment_intent"] or state.get(INTENTS, session["id"])
    return state.get("payment_intent", intent_id) if intent_id else None


def complete_session(
    world: World, session: StripeObject, *, paid: str, email: str | None, name: str | None
) -> None:
    """Mark a session complete with a payment status and what the buyer typed."""
    world.clock.cancel(f"session_expires:{session['id']}")
    known = (session["customer_details"] or {}).get("email") or email
    session.update(
        customer_details=_customer_details(known, name), payment_status=paid, status="complete", url=None
    )
    world.state.save(session)
    world.emit("checkout.session.completed", session)
