"""The bank accounts that a connected account is paid out to; their details are entered on the hosted pages."""

from sandbox.call import Call, route
from sandbox.errors import no_such
from sandbox.lists import paginate
from sandbox.state import StripeObject


@route("GET", "/v1/accounts/{account}/external_accounts")
def list_external_accounts(call: Call) -> StripeObject:
    """List a connected account's bank accounts."""
    account = call.connected_account(call.arguments["account"])
    return paginate(call, account["external_accounts"]["data"], noun="external account")


@route("GET", "/v1/accounts/{account}/external_accounts/{id}")
def retrieve_external_account(call: Call) -> StripeObject:
    """Retrieve one bank account."""
    account = call.connected_account(call.arguments["account"])
    for bank in account["external_accounts"]["data"]:
        if bank["id"] == call.arguments["id"]:
            return dict(bank)
    raise no_such("external account", call.arguments["id"])
