"""Webhook endpoints as the API shows them; they are given when the sandbox starts."""

from sandbox.call import Call, route
from sandbox.errors import no_such
from sandbox.lists import paginate
from sandbox.state import StripeObject


@route("GET", "/v1/webhook_endpoints")
def list_endpoints(call: Call) -> StripeObject:
    """List the endpoints that events are delivered to."""
    return paginate(call, reversed(call.world.endpoint_objects()), noun="webhook endpoint")


@route("GET", "/v1/webhook_endpoints/{webhook_endpoint}")
def retrieve_endpoint(call: Call) -> StripeObject:
    """Retrieve one endpoint."""
    wanted = call.arguments["webhook_endpoint"]
    for endpoint in call.world.endpoint_objects():
        if endpoint["id"] == wanted:
            return endpoint
    raise no_such("webhook endpoint", wanted, param="webhook_endpoint")
