"""The gateway's calls about subscriptions to the platform. Its rules are the gateway's.

What makes something carries the idempotency key of one of our rows and names that row in its metadata (`request`), so
that it can be found when the key is too old to repeat. Setting what is set already changes nothing, so those calls
have no key. Money is charged on the platform's own account: nobody else has a part in it.
"""

from datetime import datetime
from typing import Any

from connect.errors import GatewayRefused, SessionNotOpen
from connect.gateway import call, call_list
from connect.stripe_objects import Charge, Refund, id_of
from connect.stripe_objects.billing import Invoice, Price, Subscription, SubscriptionSession

# What a change of plan charges is charged at once, so that nobody has a plan that isn't paid.
PRORATION = "always_invoice"
MOST_SESSIONS = 100

# --- prices


def list_prices(lookup_keys: list[str]) -> list[Price]:
    """The active prices with these lookup keys, each with its product's name."""
    wanted: Any = {"lookup_keys": lookup_keys, "active": True, "limit": 100, "expand": ["data.product"]}
    return [Price.parse(row) for row in call_list("list_prices", lambda c: c.v1.prices.list(wanted))]


def create_product(name: str, *, request: str, idempotency_key: str) -> str:
    """Make a product and answer its id."""
    parameters = {"name": name, "metadata": {"request": request}}
    options = {"idempotency_key": idempotency_key}
    made = call("create_product", lambda client: client.v1.products.create(parameters, options))
    return str(made["id"])


def rename_product(product_id: str, name: str) -> None:
    """Give a product another name."""
    call("rename_product", lambda client: client.v1.products.update(product_id, {"name": name}))


def create_price(
    product_id: str, *, amount: int, currency: str, interval: str, lookup_key: str, idempotency_key: str
) -> Price:
    """Make a recurring price of `amount` minor units; the lookup key leaves the price that had it."""
    parameters: Any = {
        "product": product_id,
        "unit_amount": amount,
        "currency": currency,
        "recurring": {"interval": interval},
        "lookup_key": lookup_key,
        "transfer_lookup_key": True,
    }
    options = {"idempotency_key": idempotency_key}
    return Price.parse(call("create_price", lambda client: client.v1.prices.create(parameters, options)))


# --- customers


def create_customer(parameters: dict[str, Any], *, idempotency_key: str) -> str:
    """Make a customer with exactly the parameters that its row has stored, and answer its id."""
    options = {"idempotency_key": idempotency_key}
    made = call("create_customer", lambda client: client.v1.customers.create(parameters, options))
    return str(made["id"])


def find_customer(email: str, *, request: str, created_after: datetime) -> str | None:
    """The customer that was made under a key too old to repeat, or None."""
    wanted: Any = {"email": email, "created": {"gte": int(created_after.timestamp())}, "limit": 100}
    rows = call_list("find_customer", lambda client: client.v1.customers.list(wanted))
    found = (row["id"] for row in rows if (row.get("metadata") or {}).get("request") == request)
    return next(found, None)


def retrieve_customer(customer_id: str) -> dict[str, Any]:
    """The customer as it is now, for the mirror."""
    answer: dict[str, Any] = call(
        "retrieve_customer", lambda client: client.v1.customers.retrieve(customer_id)
    )
    return answer


# --- sessions


def create_session(parameters: dict[str, Any], *, idempotency_key: str) -> SubscriptionSession:
    """Open a Checkout Session in mode `subscription` with exactly the parameters that its row has stored."""
    options = {"idempotency_key": idempotency_key}
    return SubscriptionSession.parse(
        call(
            "create_subscription_session",
            lambda client: client.v1.checkout.sessions.create(parameters, options),
        )
    )


def retrieve_session(session_id: str) -> SubscriptionSession:
    """The session as it is now."""
    return SubscriptionSession.parse(
        call(
            "retrieve_subscription_session",
            lambda client: client.v1.checkout.sessions.retrieve(session_id),
        )
    )


def expire_session(session_id: str) -> SubscriptionSession:
    """Close an open session for good; raises SessionNotOpen when it is complete or expired already."""
    try:
        return SubscriptionSession.parse(
            call(
                "expire_subscription_session",
                lambda client: client.v1.checkout.sessions.expire(session_id),
            )
        )
    except GatewayRefused as error:
        if error.status != 400:
            raise
        raise SessionNotOpen(error.message, code=error.code, param=error.param) from error


def find_session(customer_id: str, *, request: str) -> SubscriptionSession | None:
    """The session that was made under a key too old to repeat, or None."""
    wanted: Any = {"customer": customer_id, "limit": MOST_SESSIONS}
    rows = call_list("find_session", lambda client: client.v1.checkout.sessions.list(wanted))
    found = (SubscriptionSession.parse(row) for row in rows)
    return next((one for one in found if one.request == request), None)


# --- subscriptions


def retrieve_subscription(subscription_id: str) -> Subscription:
    """The subscription as it is now, with its customer's credit, and its product for the mirror."""
    expand: Any = {"expand": ["customer", "items.data.price.product"]}
    return Subscription.parse(
        call(
            "retrieve_subscription",
            lambda client: client.v1.subscriptions.retrieve(subscription_id, expand),
        )
    )


def list_subscriptions(customer_id: str) -> list[Subscription]:
    """Every subscription of a customer, ended ones too."""
    wanted: Any = {"customer": customer_id, "status": "all", "limit": 100}
    rows = call_list("list_subscriptions", lambda client: client.v1.subscriptions.list(wanted))
    return [Subscription.parse(row) for row in rows]


def set_cancellation(subscription_id: str, *, at_period_end: bool) -> Subscription:
    """Have a subscription end with its period, or go on; saying it again changes nothing.

    Where Stripe's portal has named the day instead, as it does in the flexible billing mode, that is taken back too;
    Stripe doesn't take both in one call.
    """
    seen = _set_end(subscription_id, {"cancel_at_period_end": at_period_end})
    return seen if at_period_end or seen.cancel_at is None else _set_end(subscription_id, {"cancel_at": ""})


def _set_end(subscription_id: str, parameters: Any) -> Subscription:
    return Subscription.parse(
        call(
            "set_cancellation",
            lambda client: client.v1.subscriptions.update(subscription_id, parameters),
        )
    )


def cancel_subscription(subscription_id: str) -> Subscription:
    """End a subscription now, with no last invoice; Stripe refuses one that has ended (404)."""
    parameters = {"invoice_now": False, "prorate": False}
    return Subscription.parse(
        call(
            "cancel_subscription",
            lambda client: client.v1.subscriptions.cancel(subscription_id, parameters),
        )
    )


def preview_switch(subscription_id: str, *, item_id: str, price_id: str) -> Invoice:
    """The invoice that another price would make now, and the moment for which it was worked out (`prorated_at`)."""
    parameters: Any = {
        "subscription": subscription_id,
        "subscription_details": {
            "items": [{"id": item_id, "price": price_id}],
            "proration_behavior": PRORATION,
        },
    }
    return Invoice.parse(call("preview_switch", lambda client: client.v1.invoices.create_preview(parameters)))


def switch_price(
    subscription_id: str, *, item_id: str, price_id: str, prorated_at: datetime, idempotency_key: str
) -> Subscription:
    """Change a subscription's price for the moment of a preview, and charge what that showed.

    Where the charge fails, Stripe refuses (402) and nothing changes.
    """
    parameters: Any = {
        "items": [{"id": item_id, "price": price_id}],
        "proration_behavior": PRORATION,
        "proration_date": int(prorated_at.timestamp()),
        "payment_behavior": "error_if_incomplete",
        "cancel_at_period_end": False,
    }
    options = {"idempotency_key": idempotency_key}
    return Subscription.parse(
        call(
            "switch_price",
            lambda client: client.v1.subscriptions.update(subscription_id, parameters, options),
        )
    )


def create_portal_link(customer_id: str, *, return_url: str) -> str:
    """A single-use address of Stripe's billing portal; never stored."""
    parameters = {"customer": customer_id, "return_url": return_url}
    made = call("create_portal_link", lambda client: client.v1.billing_portal.sessions.create(parameters))
    return str(made["url"])


# --- invoices and their money


def retrieve_invoice(invoice_id: str) -> Invoice:
    """The invoice as it is now, with what paid it."""
    expand: Any = {"expand": ["payments"]}
    return Invoice.parse(
        call("retrieve_invoice", lambda client: client.v1.invoices.retrieve(invoice_id, expand))
    )


def retrieve_charge_of(payment_intent_id: str) -> Charge | None:
    """The newest charge of a payment intent, with Stripe's fee once it is booked; None before there is one."""
    expand: Any = {"expand": ["latest_charge.balance_transaction"]}
    intent = call(
        "retrieve_payment_intent",
        lambda client: client.v1.payment_intents.retrieve(payment_intent_id, expand),
    )
    charge = intent.get("latest_charge")
    return Charge.parse(charge) if isinstance(charge, dict) and id_of(charge) else None


def refund_charge(payment_intent_id: str, *, amount: int, request: str, idempotency_key: str) -> Refund:
    """Refund `amount` minor units of a charge that nobody else has a part in."""
    parameters: Any = {
        "payment_intent": payment_intent_id,
        "amount": amount,
        "reason": "duplicate",
        "metadata": {"refund": request},
    }
    options = {"idempotency_key": idempotency_key}
    return Refund.parse(call("refund_premium", lambda client: client.v1.refunds.create(parameters, options)))
