"""Accounts: the platform's own, and the connected accounts that it creates, changes and deletes."""

import time
from typing import Any
from urllib.parse import urlsplit

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.currencies import COUNTRY_CURRENCY, is_known
from sandbox.errors import invalid
from sandbox.ids import new_id
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources.account_states import NEW_REQUIREMENTS, apply_changes, bank_account
from sandbox.resources.payout_schedules import merged_schedule, plan_run
from sandbox.state import StripeObject
from sandbox.world import PLATFORM, World

PLAIN_FIELDS = ("business_type", "email")
_EXPRESS = {
    "fees": {"payer": "application_express"},
    "losses": {"payments": "application"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "express"},
}
_STANDARD = {
    "fees": {"payer": "account"},
    "losses": {"payments": "stripe"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "full"},
}
_CUSTOM = {
    "fees": {"payer": "application_custom"},
    "losses": {"payments": "application"},
    "requirement_collection": "application",
    "stripe_dashboard": {"type": "none"},
}
_CONTROLLERS: dict[str, dict[str, Any]] = {"express": _EXPRESS, "standard": _STANDARD, "custom": _CUSTOM}


def platform_account(world: World) -> StripeObject:
    """Return the platform's own account, made when it is first asked for."""
    account: StripeObject | None = world.state.get("account", PLATFORM)
    if account is None:
        account = _account(PLATFORM, "US", {}) | {
            "charges_enabled": True,
            "payouts_enabled": True,
            "details_submitted": True,
            "capabilities": {"card_payments": "active", "transfers": "active"},
            "email": "platform@example.com",
            "requirements": shapes.requirements(),
            "type": "standard",
            "controller": {"type": "account"},
        }
        account["settings"]["dashboard"]["display_name"] = "Maly"
        account["external_accounts"]["data"] = [bank_account(account)]
        # Its owner keeps it out of the list of connected accounts.
        world.state.save(account, owner=PLATFORM)
    return account


def platform_name(world: World) -> str:
    """Return the name under which the platform sells."""
    return str(platform_account(world)["settings"]["dashboard"]["display_name"])


def _account(account_id: str, country: str, params: dict[str, Any]) -> StripeObject:
    """Return a new account's object: nothing submitted, nothing enabled."""
    settings = shapes.account_settings()
    if "schedule" in params.get("settings", {}).get("payouts", {}):
        schedule = params["settings"]["payouts"]["schedule"]
        settings["payouts"]["schedule"] = merged_schedule(settings["payouts"]["schedule"], schedule)
    requested = params.get("capabilities", {})
    return {
        "id": account_id,
        "object": "account",
        "business_profile": shapes.business_profile() | params.get("business_profile", {}),
        "business_type": params.get("business_type"),
        "capabilities": {name: "inactive" for name, asked in requested.items() if asked.get("requested")},
        "charges_enabled": False,
        "controller": _controller(params),
        "country": country,
        "created": int(time.time()),
        "default_currency": params.get("default_currency") or COUNTRY_CURRENCY[country],
        "details_submitted": False,
        "email": params.get("email"),
        "external_accounts": shapes.empty_list(f"/v1/accounts/{account_id}/external_accounts"),
        "future_requirements": shapes.requirements(),
        "metadata": checked_metadata(params.get("metadata")),
        "payouts_enabled": False,
        "requirements": shapes.requirements()
        | {
            "currently_due": list(NEW_REQUIREMENTS),
            "disabled_reason": "requirements.past_due",
            "eventually_due": list(NEW_REQUIREMENTS),
            "past_due": list(NEW_REQUIREMENTS),
        },
        "settings": settings,
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": params.get("type") or "none",
    }


def _controller(params: dict[str, Any]) -> dict[str, Any]:
    if "type" in params:
        made = _CONTROLLERS[params["type"]]
    else:
        given = params.get("controller", {})
        made = {name: given.get(name, default) for name, default in _STANDARD.items()}
    return {**made, "is_controller": True, "type": "application"}


def _check(params: dict[str, Any]) -> None:
    """Refuse what the types alone let through; raises `StripeError`."""
    country = params.get("country")
    if country is not None and country not in COUNTRY_CURRENCY:
        raise invalid(
            f"Country '{country}' is unknown. Try using a 2-character alphanumeric country code instead, such as "
            "'US', 'EG', or 'GB'.",
            param="country",
            code="country_unsupported",
        )
    if "type" in params and "controller" in params:
        raise invalid("You may only specify one of these parameters: type, controller.", param="type")
    currency = params.get("default_currency")
    if currency and not is_known(currency.lower()):
        raise invalid(f"Invalid currency: {currency}", param="default_currency")
    email = params.get("email")
    if email and ("@" not in email or " " in email):
        raise invalid(f"Invalid email address: {email}", param="email", code="email_invalid")
    url = params.get("business_profile", {}).get("url")
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
        raise invalid("Not a valid URL", param="business_profile[url]", code="url_invalid")


@route("POST", "/v1/accounts")
def create_account(call: Call) -> StripeObject:
    """Create a connected account by its controller properties, or by the deprecated type."""
    _check(call.params)
    account_id = new_id("acct", 16)
    account = _account(account_id, call.params.get("country", "US"), call.params)
    return call.state.save(account)


@route("GET", "/v1/account")
def retrieve_own_account(call: Call) -> StripeObject:
    """Retrieve the account that the key belongs to, or that `Stripe-Account` names."""
    return call.connected_account(call.account) if call.account else platform_account(call.world)


@route("GET", "/v1/accounts")
def list_accounts(call: Call) -> StripeObject:
    """List the connected accounts."""
    return page(call, "account", keep=lambda account: not call.state.get("_revoked", account["id"]))


@route("GET", "/v1/accounts/{account}")
def retrieve_account(call: Call) -> StripeObject:
    """Retrieve a connected account, or the platform's own by its id."""
    if call.arguments["account"] == PLATFORM:
        return platform_account(call.world)
    return call.connected_account(call.arguments["account"])


@route("POST", "/v1/accounts/{account}")
def update_account(call: Call) -> StripeObject:
    """Change a connected account; `account.updated` tells what changed."""
    account = call.connected_account(call.arguments["account"])
    _check(call.params)
    params = call.params
    changes: dict[str, Any] = {name: params[name] or None for name in PLAIN_FIELDS if name in params}
    if "business_profile" in params:
        changes["business_profile"] = account["business_profile"] | params["business_profile"]
    if "metadata" in params:
        changes["metadata"] = merged_metadata(account["metadata"], params["metadata"])
    payouts = params.get("settings", {}).get("payouts", {})
    if payouts:
        old = account["settings"]["payouts"]
        new = {**old, **payouts, "schedule": merged_schedule(old["schedule"], payouts.get("schedule", {}))}
        changes["settings"] = {**account["settings"], "payouts": new}
    asked = {
        name for name, capability in params.get("capabilities", {}).items() if capability.get("requested")
    }
    if new_names := asked - set(account["capabilities"]):
        status = "active" if account["charges_enabled"] else "inactive"
        changes["capabilities"] = account["capabilities"] | dict.fromkeys(sorted(new_names), status)
    apply_changes(call.world, account, changes)
    if "schedule" in payouts:
        plan_run(call.world, account["id"], anew=True)
    return account


@route("DELETE", "/v1/accounts/{account}")
def delete_account(call: Call) -> StripeObject:
    """Delete a connected account; nothing of it can be used afterwards."""
    account = call.connected_account(call.arguments["account"])
    call.state.put("_revoked", account["id"], "deleted")
    return {"id": account["id"], "object": "account", "deleted": True}
