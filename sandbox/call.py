"""One API call as the resources see it, and the table of calls that they answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import account_forbidden, invalid, no_such
from sandbox.state import State, StripeObject
from sandbox.world import PLATFORM, World


@dataclass
class Call:
    """A request that was checked: its typed parameters, path arguments, and whose account it acts on."""

    world: World
    method: str
    path: str
    route: str
    arguments: dict[str, str]
    params: dict[str, Any]
    # The connected account named by the `Stripe-Account` header; '' is the platform.
    account: str = ""
    key: str = ""

    @property
    def state(self) -> State:
        """The objects."""
        return self.world.state

    def own(
        self, kind: str, identifier: str, *, noun: str = "", param: str = "id", status: int = 404
    ) -> StripeObject:
        """Return an object of the account that the call acts on, or raise Stripe's "No such …".

        An id in the path that names nothing is a 404, one among the parameters a 400.
        """
        obj: StripeObject | None = self.state.get(kind, identifier)
        if obj is None or self.state.owner_of(identifier) != self.account:
            raise no_such(noun or kind.replace("_", " "), identifier, param=param, status=status)
        return obj

    def require_platform(self) -> None:
        """Refuse a connected account's own billing; raises `StripeError`."""
        if self.account:
            raise invalid("The sandbox has billing on the platform's account only.")

    def connected_account(self, account_id: str) -> StripeObject:
        """Return a connected account; raises Stripe's 403 if it isn't connected, or no longer."""
        account: StripeObject | None = self.state.get("account", account_id)
        if account is None or self.state.get("_revoked", account_id) or account_id == PLATFORM:
            raise account_forbidden(account_id, self.key)
        return account


Answer = Callable[[Call], Any]


@dataclass
class Route:
    """One call of the API: its method, its path with braces, and the function that answers it."""

    method: str
    path: str
    answer: Answer
    parts: list[str] = field(default_factory=list)

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """Return the path's arguments if it is this route's."""
        if len(parts) != len(self.parts):
            return None
        arguments = {}
        for pattern, part in zip(self.parts, parts, strict=True):
            if pattern.startswith("{"):
                arguments[pattern[1:-1]] = part
            elif pattern != part:
                return None
        return arguments


ROUTES: list[Route] = []


def route(method: str, path: str) -> Callable[[Answer], Answer]:
    """Register the function that answers a call: `@route("POST", "/v1/refunds")`."""

    def register(answer: Answer) -> Answer:
        ROUTES.append(Route(method, path, answer, path.split("/")))
        return answer

    return register
