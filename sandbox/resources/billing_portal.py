"""The billing portal: sessions for a customer to manage a subscription, and what a session lets them do."""

import copy
import time
from typing import Any

from sandbox.call import Call, route
from sandbox.errors import invalid, missing_parameter
from sandbox.ids import new_id, random_text
from sandbox.lists import page
from sandbox.metadata import checked_metadata, merged_metadata
from sandbox.resources.subscription_payments import is_over
from sandbox.state import StripeObject
from sandbox.world import World

# Visits by the secret part of their address: whose they are, and until when.
VISITS = "_portal_visit"
VISIT_SECONDS = 3600
CONFIGURATION, SESSION = "billing_portal.configuration", "billing_portal.session"
REASONS = [
    "too_expensive", "missing_features", "switched_service", "unused", "customer_service", "too_complex",
    "low_quality", "other",
]  # fmt: skip
# What a flow leads to straight away, by its type.
FLOWS = ("payment_method_update", "subscription_cancel", "subscription_update")
_FEATURES: dict[str, Any] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": True, "options": REASONS},
        "enabled": True,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": ["price"],
        "enabled": True,
        "products": [],
        "proration_behavior": "always_invoice",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def default_configuration(world: World) -> StripeObject:
    """Return the configuration that sessions have unless they name one; at Stripe it is saved in the dashboard."""
    for known in world.state.values(CONFIGURATION):
        if known["is_default"]:
            return dict(known)
    return _create(world, {"features": {}}, is_default=True)


def _create(world: World, given: dict[str, Any], *, is_default: bool) -> StripeObject:
    now = int(time.time())
    profile = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
    features = copy.deepcopy(_FEATURES)
    if not is_default:
        # Whoever writes a configuration names what it allows.
        for feature in features.values():
            feature["enabled"] = False
    configuration: StripeObject = {
        "id": new_id("bpc"),
        "object": CONFIGURATION,
        "active": True,
        "application": None,
        "business_profile": profile | given.get("business_profile", {}),
        "created": now,
        "default_return_url": given.get("default_return_url") or None,
        "features": _merged(features, given["features"]),
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": checked_metadata(given.get("metadata")),
        "name": given.get("name") or None,
        "updated": now,
    }
    world.state.save(configuration)
    world.emit("billing_portal.configuration.created", configuration)
    return configuration


def _merged(features: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    merged = {name: {**feature, **given.get(name, {})} for name, feature in features.items()}
    reason = merged["subscription_cancel"]["cancellation_reason"]
    merged["subscription_cancel"]["cancellation_reason"] = {
        "enabled": reason["enabled"],
        "options": reason.get("options") or [],
    }
    update = merged["subscription_update"]
    nothing = {"adjustable_quantity": {"enabled": False, "maximum": None, "minimum": 0}}
    update["products"] = [nothing | product for product in update["products"] or []]
    return merged


@route("POST", "/v1/billing_portal/configurations")
def post_configuration(call: Call) -> StripeObject:
    """Create a configuration."""
    call.require_platform()
    return _create(call.world, call.params, is_default=False)


@route("POST", "/v1/billing_portal/configurations/{configuration}")
def update_configuration(call: Call) -> StripeObject:
    """Change a configuration."""
    configuration: StripeObject = retrieve_configuration(call)
    params = call.params
    if "features" in params:
        configuration["features"] = _merged(configuration["features"], params["features"])
    if "metadata" in params:
        configuration["metadata"] = merged_metadata(configuration["metadata"], params["metadata"])
    for name in ("active", "default_return_url", "name"):
        if name in params:
            configuration[name] = params[name]
    configuration["business_profile"] |= params.get("business_profile", {})
    configuration["updated"] = int(time.time())
    call.world.emit("billing_portal.configuration.updated", configuration)
    return call.state.save(configuration)


@route("GET", "/v1/billing_portal/configurations")
def list_configurations(call: Call) -> StripeObject:
    """List configurations."""
    return page(call, CONFIGURATION, noun="configuration", equal=("active", "is_default"))


@route("GET", "/v1/billing_portal/configurations/{configuration}")
def retrieve_configuration(call: Call) -> StripeObject:
    """Retrieve a configuration."""
    return call.own(
        CONFIGURATION, call.arguments["configuration"], noun="configuration", param="configuration"
    )


@route("POST", "/v1/billing_portal/sessions")
def create_session(call: Call) -> StripeObject:
    """Create a session: an address at which a customer manages their subscription, for an hour."""
    call.require_platform()
    params = call.params
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = call.own("customer", params["customer"], param="customer", status=400)
    configuration = _configuration(call)
    session_id, token = new_id("bps"), random_text(40)
    flow = params.get("flow_data")
    session: StripeObject = {
        "id": session_id,
        "object": SESSION,
        "configuration": configuration["id"],
        "created": int(time.time()),
        "customer": customer["id"],
        "customer_account": None,
        "flow": _flow(call, flow) if flow else None,
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": params.get("on_behalf_of"),
        "return_url": params.get("return_url") or configuration["default_return_url"],
        "url": f"{call.world.url}/p/session/{token}",
    }
    expires = call.world.clock.now() + VISIT_SECONDS
    call.state.put(VISITS, token, {"session": session_id, "expires": expires})
    call.world.emit("billing_portal.session.created", session)
    return call.state.save(session)


def _configuration(call: Call) -> StripeObject:
    if "configuration" not in call.params:
        return default_configuration(call.world)
    return call.own(
        CONFIGURATION, call.params["configuration"], noun="configuration", param="configuration", status=400
    )


def _flow(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """Return the flow of a session that leads straight to one page; raises `StripeError`."""
    kind = given["type"]
    if kind not in FLOWS:
        raise invalid("The sandbox's portal has no such flow.", param="flow_data[type]")
    flow: dict[str, Any] = dict.fromkeys(
        ("subscription_cancel", "subscription_update", "subscription_update_confirm")
    )
    after = given.get("after_completion", {"type": "portal_homepage"})
    flow |= {"type": kind, "after_completion": {"hosted_confirmation": None, "redirect": None} | after}
    if kind != "payment_method_update":
        param = f"flow_data[{kind}][subscription]"
        if kind not in given:
            raise missing_parameter(f"flow_data[{kind}]")
        subscription = call.own("subscription", given[kind]["subscription"], param=param, status=400)
        if is_over(subscription):
            raise invalid("The subscription is canceled.", param=param)
        flow[kind] = {"subscription": subscription["id"]} | ({"retention": None} if kind == FLOWS[1] else {})
    return flow
