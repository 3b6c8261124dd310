"""What Stripe asks of a Checkout Session beyond the types of its parameters: rules across fields."""

import time
from typing import Any
from urllib.parse import urlsplit

from sandbox import currencies
from sandbox.call import Call
from sandbox.errors import StripeError, invalid, missing_parameter
from sandbox.metadata import checked_metadata

MIN_SECONDS, MAX_SECONDS = 30 * 60, 24 * 3600
MAX_LINES = 100
HOSTED = "hosted_page"
_INTENT = "payment_intent_data"
# What may not be given in a mode, since it belongs to the other.
OTHER_MODES = {
    "payment": ("subscription_data",),
    "subscription": ("customer_creation", "invoice_creation", _INTENT, "submit_type"),
}
SUBSCRIPTION_DATA = ("description", "metadata", "trial_period_days")


def check_session(call: Call) -> None:
    """Raise `StripeError` for parameters of a new session that Stripe would refuse."""
    params = call.params
    if call.account:
        raise invalid(
            "The sandbox makes destination charges only: create the session on the platform's account."
        )
    if "mode" not in params:
        raise missing_parameter("mode")
    if params["mode"] not in OTHER_MODES:
        raise invalid(
            "The sandbox has Checkout Sessions of modes `payment` and `subscription`.", param="mode"
        )
    _check_mode(params)
    _check_urls(params)
    _check_customer(call)
    _check_expiry(params)
    checked_metadata(params.get("metadata"))
    checked_metadata(params.get(_INTENT, {}).get("metadata"), f"{_INTENT}[metadata]")
    if len(params.get("client_reference_id", "")) > 200:
        raise invalid("client_reference_id must be at most 200 characters", param="client_reference_id")


def _check_mode(params: dict[str, Any]) -> None:
    mode = params["mode"]
    for name in OTHER_MODES[mode]:
        if name in params:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if params.get("discounts"):
        raise invalid("The sandbox has no coupons.", param="discounts")
    data = params.get("subscription_data", {})
    for name in data:
        if name not in SUBSCRIPTION_DATA:
            full = f"subscription_data[{name}]"
            raise invalid(f"The sandbox's subscriptions do without `{full}`.", param=full)
    checked_metadata(data.get("metadata"), "subscription_data[metadata]")


def _check_urls(params: dict[str, Any]) -> None:
    hosted = params.get("ui_mode", HOSTED) == HOSTED
    for name in ("success_url", "cancel_url"):
        if name in params and not hosted:
            raise invalid(f"`{name}` is not allowed when `ui_mode` is `{params['ui_mode']}`.", param=name)
    if hosted and "return_url" in params:
        raise invalid("`return_url` is not allowed when `ui_mode` is `hosted_page`.", param="return_url")
    required = "success_url" if hosted else "return_url"
    if required not in params:
        raise missing_parameter(required)
    for name in ("success_url", "cancel_url", "return_url"):
        parts = urlsplit(params.get(name, "https://example.com"))
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise invalid("Not a valid URL", param=name, code="url_invalid")


def _check_customer(call: Call) -> None:
    params = call.params
    if "customer" in params and "customer_email" in params:
        raise invalid(
            "You may only specify one of these parameters: customer, customer_email.", param="customer"
        )
    if "customer" in params:
        call.own("customer", params["customer"], param="customer", status=400)
    email = params.get("customer_email")
    if email is not None and not _is_email(email):
        raise invalid(f"Invalid email address: {email}", param="customer_email", code="email_invalid")


def _is_email(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(name and at and "." in host.strip(".") and " " not in text and "@" not in host)


def _check_expiry(params: dict[str, Any]) -> None:
    if "expires_at" not in params:
        return
    seconds = params["expires_at"] - time.time()
    if seconds > MAX_SECONDS:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    # Whole seconds on both sides: "now + 30 minutes" must pass though the request took a moment.
    if seconds < MIN_SECONDS - 1:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )


def check_lines(call: Call) -> str:
    """Return the one currency of the line items; raises `StripeError` for lines that Stripe would refuse."""
    lines, mode = call.params.get("line_items"), call.params["mode"]
    if not lines:
        raise missing_parameter("line_items")
    if len(lines) > MAX_LINES:
        raise invalid(f"You can have at most {MAX_LINES} line items in {mode} mode.", param="line_items")
    found = {_check_line(call, line, f"line_items[{place}]") for place, line in enumerate(lines)}
    if len(found) > 1:
        raise invalid("All prices on a Checkout Session must use the same currency.", param="line_items")
    if mode == "subscription" and len(lines) > 1:
        raise invalid("The sandbox's subscriptions have one item: send one line.", param="line_items")
    return found.pop()


def _check_line(call: Call, line: dict[str, Any], name: str) -> str:
    """Return a line's currency; raises `StripeError`."""
    if "price" in line and "price_data" in line:
        raise invalid(
            f"You may only specify one of these parameters: {name}[price], {name}[price_data].", param=name
        )
    if "price" not in line and "price_data" not in line:
        raise missing_parameter(f"{name}[price_data]")
    if "quantity" not in line:
        raise missing_parameter(f"{name}[quantity]")
    if line["quantity"] < 1:
        raise _not_positive(line["quantity"], f"{name}[quantity]")
    price = _found_price(call, line["price"], f"{name}[price]") if "price" in line else line["price_data"]
    if "price_data" in line:
        _check_price_data(call, price, f"{name}[price_data]")
    _check_recurring(call.params["mode"], bool(price.get("recurring")), name)
    return str(price["currency"].lower())


def _found_price(call: Call, identifier: str, param: str) -> dict[str, Any]:
    price = call.own("price", identifier, param=param, status=400)
    if not price["active"]:
        raise invalid(
            f"The price specified is inactive. This field only accepts active prices: {identifier}.",
            param=param,
        )
    return price


def _check_recurring(mode: str, recurring: bool, name: str) -> None:
    if mode == "payment" and recurring:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            param=name,
        )
    if mode == "subscription" and not recurring:
        raise invalid("You must provide at least one recurring price in `subscription` mode.", param=name)


def _check_price_data(call: Call, price: dict[str, Any], name: str) -> None:
    if not currencies.is_known(price["currency"].lower()):
        raise invalid(f"Invalid currency: {price['currency']}.", param=f"{name}[currency]")
    if ("product" in price) == ("product_data" in price):
        raise invalid(f"You must specify either `product` or `product_data` when using `{name}`.", param=name)
    if "product" in price:
        call.own("product", price["product"], param=f"{name}[product]", status=400)
    if "unit_amount" not in price:
        raise missing_parameter(f"{name}[unit_amount]")
    if price["unit_amount"] < 0:
        raise _not_positive(price["unit_amount"], f"{name}[unit_amount]")
    checked_metadata(price.get("product_data", {}).get("metadata"), f"{name}[product_data][metadata]")


def _not_positive(value: int, param: str) -> StripeError:
    return invalid(f"Invalid positive integer: {value}", param=param, code="parameter_invalid_integer")


def check_total(total: int, currency: str) -> None:
    """Refuse a total that Stripe can't charge; 0 needs no payment and passes. Minor units."""
    minimum = currencies.MINIMUM.get(currency, 1)
    if 0 < total < minimum:
        raise invalid(
            "The Checkout Session's total amount due must add up to at least "
            f"{currencies.in_words(minimum, currency)} {currency}",
            code="amount_too_small",
        )
    if total > currencies.LARGEST_AMOUNT:
        raise invalid("The Checkout Session's total amount is too large.", code="amount_too_large")
    if currency in currencies.THREE_DECIMAL and total % 10:
        raise invalid(f"Amounts in {currency} must end in 0.", code="parameter_invalid_integer")


def check_transfer(call: Call, total: int) -> None:
    """Refuse an application fee or a destination that Stripe can't serve. Minor units."""
    data = call.params.get(_INTENT, {})
    destination = data.get("transfer_data", {}).get("destination")
    fee, part = data.get("application_fee_amount"), data.get("transfer_data", {}).get("amount")
    if fee is not None:
        _check_fee(fee, total, destination, part)
    if part is not None and not 0 < part <= total:
        raise _not_positive(part, f"{_INTENT}[transfer_data][amount]")
    if destination is None:
        return
    account = call.state.get("account", destination)
    param = f"{_INTENT}[transfer_data][destination]"
    if account is None or call.state.get("_revoked", destination):
        raise StripeError(f"No such destination: '{destination}'", code="resource_missing", param=param)
    if account["capabilities"].get("transfers") != "active":
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
            param=param,
            kept=True,
        )


def _check_fee(fee: int, total: int, destination: str | None, part: int | None) -> None:
    param = f"{_INTENT}[application_fee_amount]"
    if destination is None:
        raise invalid(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an "
            "OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
            param=param,
        )
    if part is not None:
        raise invalid(
            "You may only specify one of these parameters: application_fee_amount, transfer_data[amount].",
            param=param,
        )
    if fee < 1:
        raise _not_positive(fee, param)
    if fee > total:
        raise invalid("Application fee cannot exceed the total amount of the Checkout Session.", param=param)
