"""Capabilities: what a connected account may do, one by one."""

from sandbox import shapes
from sandbox.call import Call, route
from sandbox.errors import no_such
from sandbox.state import StripeObject

# An account's reasons in a capability's own words; the two have different enumerations.
REASONS = {
    "requirements.past_due": "requirements.fields_needed",
    "requirements.pending_verification": "pending.review",
    "under_review": "pending.review",
    "listed": "pending.review",
    "platform_paused": "platform_paused",
}


def capability_object(account: StripeObject, name: str) -> StripeObject:
    """Return one capability of an account as an object of its own."""
    requirements = dict(account["requirements"])
    reason = requirements["disabled_reason"]
    if reason and account["capabilities"].get(name) == "active":
        requirements["disabled_reason"] = None
    elif reason:
        requirements["disabled_reason"] = REASONS.get(
            reason, "rejected.other" if reason.startswith("rejected.") else "other"
        )
    return {
        "id": name,
        "object": "capability",
        "account": account["id"],
        "future_requirements": shapes.requirements(),
        "requested": True,
        "requested_at": account["created"],
        "requirements": requirements,
        "status": account["capabilities"][name],
    }


@route("GET", "/v1/accounts/{account}/capabilities")
def list_capabilities(call: Call) -> StripeObject:
    """List an account's capabilities."""
    account = call.connected_account(call.arguments["account"])
    data = [capability_object(account, name) for name in account["capabilities"]]
    return {"object": "list", "data": data, "has_more": False, "url": call.path}


@route("GET", "/v1/accounts/{account}/capabilities/{capability}")
def retrieve_capability(call: Call) -> StripeObject:
    """Retrieve one capability."""
    account = call.connected_account(call.arguments["account"])
    name = call.arguments["capability"]
    if name not in account["capabilities"]:
        raise no_such("capability", name, param="capability")
    return capability_object(account, name)
