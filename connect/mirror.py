"""dj-stripe as a mirror of Stripe's objects for the Django admin. Nothing of ours reads it to decide.

dj-stripe looks for an object's owner by the API key, which it stores in clear in its own table, and asks Stripe about
it. Every object here belongs to this platform, so it is told that there is no owner to look for: no key is stored.
It reaches Stripe by settings.STRIPE_API_HOST, which is the gateway's own address.
"""

import json
from typing import Any

from django.conf import settings
from djstripe.models import (
    Account,
    Charge,
    Customer,
    Dispute,
    Invoice,
    Payout,
    Price,
    Product,
    Refund,
    Subscription,
)
from djstripe.models.base import StripeModel

# What dj-stripe would go and ask Stripe for.
PAYOUT_REFERENCES = (
    "balance_transaction",
    "destination",
    "failure_balance_transaction",
    "original_payout",
    "reversed_by",
)
CHARGE_REFERENCES = (
    "balance_transaction",
    "customer",
    "invoice",
    "payment_intent",
    "payment_method",
    "refunds",
    "source",
)
REFUND_REFERENCES = ("balance_transaction", "failure_balance_transaction")
DISPUTE_REFERENCES = ("balance_transaction", "charge", "payment_intent")
CUSTOMER_REFERENCES = ("default_source", "discount", "subscriptions")
CUSTOMER_PERSONAL = ("address", "email", "name", "phone", "shipping")
SUBSCRIPTION_REFERENCES = (
    "default_payment_method",
    "default_source",
    "discount",
    "items",
    "latest_invoice",
    "pending_setup_intent",
    "schedule",
)
INVOICE_REFERENCES = (
    "charge",
    "default_payment_method",
    "default_source",
    "parent",
    "payment_intent",
    "subscription",
)
# The buyer's name and addresses: ours are enough, and can be forgotten in one place.
PERSONAL = (
    "billing_details",
    "customer_address",
    "customer_email",
    "customer_name",
    "customer_phone",
    "customer_shipping",
    "evidence",
    "receipt_email",
    "receipt_url",
    "shipping",
)


def _no_owner(_cls: type, _data: Any, api_key: str | None = None, livemode: bool | None = None) -> None:
    """Stands in for dj-stripe's own search, keeping its signature."""


StripeModel._find_owner_account = classmethod(_no_owner)


def feed_account(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copy of a connected account to what the gateway fetched. May raise anything."""
    Account.sync_from_stripe_data(data, api_key=settings.STRIPE_SECRET_KEY)


def feed_payout(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copy of a payout to what the gateway fetched. May raise anything.

    What a payout refers to belongs to the connected account, where dj-stripe, having no owner, can't look: it stays
    in `stripe_data` alone.
    """
    _feed(Payout, data, without=PAYOUT_REFERENCES)


def feed_refund(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copy of a refund to what the gateway fetched with its charge. May raise anything.

    A refund of dj-stripe's hangs on its charge, which is fed first.
    """
    charge = data["charge"]
    _feed(Charge, charge, without=CHARGE_REFERENCES)
    _feed(Refund, {**data, "charge": charge["id"]}, without=REFUND_REFERENCES)


def feed_dispute(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copy of a dispute to what the gateway fetched. May raise anything."""
    _feed(Dispute, data, without=DISPUTE_REFERENCES, balance_transactions=[])


def feed_subscription(data: dict[str, Any], *, customer: dict[str, Any]) -> None:
    """Bring dj-stripe's copies of a subscription, its customer, price and product to what was fetched.

    May raise anything.
    """
    feed_customer(customer)
    feed_price(data["items"]["data"][0]["price"])
    _feed(Subscription, {**data, "customer": customer["id"]}, without=SUBSCRIPTION_REFERENCES)


def feed_invoice(data: dict[str, Any], *, customer: dict[str, Any]) -> None:
    """Bring dj-stripe's copies of an invoice and its customer to what was fetched. May raise anything."""
    feed_customer(customer)
    _feed(Invoice, {**data, "customer": customer["id"]}, without=INVOICE_REFERENCES, lines=[])


def feed_customer(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copy of a customer to what the gateway fetched. May raise anything."""
    _feed(Customer, {**data, **dict.fromkeys(CUSTOMER_PERSONAL)}, without=CUSTOMER_REFERENCES)


def feed_price(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copies of a price and, where it was expanded, its product. May raise anything."""
    product = data["product"]
    if isinstance(product, dict):
        _feed(Product, product, without=("default_price",))
    _feed(Price, data, without=())


def _feed(
    model: type[StripeModel], data: dict[str, Any], *, without: tuple[str, ...], **instead: Any
) -> None:
    """Sync an object by itself, `without` what it refers to, and then keep all of it but the personal part."""
    # The SDK makes numbers of Stripe's decimal texts, which JSON doesn't know.
    data = json.loads(json.dumps(data, default=str))
    alone = {**data, **dict.fromkeys(without), **instead}
    mirrored = model.sync_from_stripe_data(alone, api_key=settings.STRIPE_SECRET_KEY)
    mirrored.stripe_data = {name: value for name, value in data.items() if name not in PERSONAL}
    mirrored.save(update_fields=["stripe_data"])
