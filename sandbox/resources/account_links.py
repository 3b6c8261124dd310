"""Account links and login links: one-time ways into the hosted onboarding and the Express dashboard.

Their addresses carry a random token and no account id, since a product may show them to anyone it likes.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from sandbox.call import Call, route
from sandbox.errors import invalid, missing_parameter, refused
from sandbox.ids import random_text
from sandbox.state import StripeObject
from sandbox.world import World

LINK_SECONDS = 300
LINKS, VISITS = "_link", "_visit"


@route("POST", "/v1/account_links")
def create_account_link(call: Call) -> StripeObject:
    """Create a link into onboarding: it works once, for five minutes."""
    params = call.params
    account = call.connected_account(params["account"])
    for name in ("refresh_url", "return_url"):
        if name not in params:
            raise missing_parameter(name)
        if urlsplit(params[name]).scheme not in ("http", "https") or not urlsplit(params[name]).netloc:
            raise invalid("Not a valid URL", param=name, code="url_invalid")
    if params["type"] == "account_update" and account["controller"]["requirement_collection"] == "stripe":
        raise invalid(
            "You cannot create `account_update` type Account Links for this account. Use `account_onboarding`.",
            param="type",
        )
    token = random_text(32)
    link = {
        "account": account["id"],
        "refresh_url": params["refresh_url"],
        "return_url": params["return_url"],
        "expires": call.world.clock.now() + LINK_SECONDS,
        "used": False,
    }
    call.state.put(LINKS, token, link)
    now = int(time.time())
    url = f"{call.world.url}/connect/setup/{token}"
    return {"object": "account_link", "created": now, "expires_at": now + LINK_SECONDS, "url": url}


@route("POST", "/v1/accounts/{account}/login_links")
def create_login_link(call: Call) -> StripeObject:
    """Create a link into the Express dashboard of an account whose details are submitted."""
    account = call.connected_account(call.arguments["account"])
    if account["controller"].get("stripe_dashboard", {}).get("type") != "express":
        raise invalid("Login links can only be created for accounts with access to the Express Dashboard.")
    if not account["details_submitted"]:
        raise refused("Cannot create a login link for an account that has not completed onboarding.")
    token = random_text(32)
    call.state.put(LINKS, token, {"account": account["id"], "expires": call.world.clock.now() + LINK_SECONDS})
    url = f"{call.world.url}/express/{token}"
    return {"object": "login_link", "created": int(time.time()), "url": url}


def open_link(world: World, token: str) -> tuple[dict[str, Any] | None, str | None]:
    """Use up a link: return it with the token of the visit that begins, or with None if it is used or expired."""
    link = world.state.get(LINKS, token)
    if link is None:
        return None, None
    if link.get("used") or link["expires"] < world.clock.now():
        return link, None
    visit = random_text(32)
    world.state.put(LINKS, token, {**link, "used": True})
    world.state.put(VISITS, visit, {**link, "answers": {}})
    return link, visit
