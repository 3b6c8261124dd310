"""Events: what has happened, for those who missed the webhook."""

from fnmatch import fnmatchcase

from sandbox.call import Call, route
from sandbox.errors import invalid
from sandbox.lists import page
from sandbox.state import StripeObject

MOST_TYPES = 20


@route("GET", "/v1/events")
def list_events(call: Call) -> StripeObject:
    """List an account's events by type, types (with `*`) and success of delivery."""
    params = call.params
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of these parameters: type, types.", param="types")
    if len(params.get("types", [])) > MOST_TYPES:
        raise invalid(f"You may specify at most {MOST_TYPES} event types.", param="types")
    patterns = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    wanted = params.get("delivery_success")

    def keep(event: StripeObject) -> bool:
        if not any(fnmatchcase(event["type"], pattern) for pattern in patterns):
            return False
        return wanted is None or call.world.is_delivered(event["id"]) == wanted

    return page(call, "event", keep=keep)


@route("GET", "/v1/events/{id}")
def retrieve_event(call: Call) -> StripeObject:
    """Retrieve an event."""
    return call.own("event", call.arguments["id"])
