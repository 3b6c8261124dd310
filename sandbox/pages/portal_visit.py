"""A visit to the billing portal: whose it is, what its configuration allows, and what it offers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.resources.accounts import platform_name
from sandbox.resources.billing_portal import CONFIGURATION, SESSION, VISITS
from sandbox.resources.subscription_payments import is_over, method_of
from sandbox.resources.subscription_periods import item_of
from sandbox.state import StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox


@dataclass(frozen=True)
class Visit:
    """One visit; the objects are those of the state, used under its lock."""

    sandbox: "Sandbox"
    token: str
    row: dict[str, Any]
    session: StripeObject
    customer: StripeObject
    subscription: StripeObject | None
    features: dict[str, Any]
    table: str = VISITS

    @property
    def seller(self) -> str:
        """The name of the platform."""
        return platform_name(self.sandbox.world)

    @property
    def running(self) -> StripeObject:
        """The subscription, where there must be one."""
        assert self.subscription is not None
        return self.subscription

    @property
    def is_running(self) -> bool:
        """Whether there is a subscription that can still be changed."""
        return self.subscription is not None and not is_over(self.subscription)

    def url(self, page: str = "") -> str:
        """Return the address of one of the portal's pages."""
        return f"/p/session/{self.token}" + (f"/{page}" if page else "")

    def allows(self, feature: str) -> bool:
        """Tell whether the configuration allows something."""
        return bool(self.features[feature]["enabled"])

    def offers(self) -> list[StripeObject]:
        """Return the prices that the plan can be changed to.

        Those of the configuration; without any, whatever can be subscribed to in the same currency.
        """
        named = [
            price
            for product in self.features["subscription_update"]["products"]
            for price in product["prices"]
        ]
        current = item_of(self.running)["price"]
        return [
            price
            for price in self.sandbox.world.state.values("price")
            if price["active"]
            and price["recurring"]
            and price["currency"] == current["currency"]
            and price["id"] != current["id"]
            and (price["id"] in named if named else True)
        ]

    def card_words(self) -> str:
        """Return the card that is charged, in words; empty without one."""
        state = self.sandbox.world.state
        kept = self.customer["invoice_settings"]["default_payment_method"]
        method = (
            method_of(state, self.subscription)
            if self.subscription
            else state.get("payment_method", kept or "")
        )
        if method is None:
            return ""
        card = method["card"]
        expiry = f"{card['exp_month']:02d}/{card['exp_year']}"
        return f"{card['brand'].capitalize()} ending in {card['last4']}, expires {expiry}"

    def note(self, name: str) -> None:
        """Keep what the next page says, once."""
        self.sandbox.world.state.put(VISITS, self.token, self.row | {"note": name})

    def take_note(self) -> str:
        """Return what the page says this time; empty for nothing."""
        if "note" not in self.row:
            return ""
        rest = {name: value for name, value in self.row.items() if name != "note"}
        self.sandbox.world.state.put(VISITS, self.token, rest)
        return str(self.row["note"])


def open_visit(sandbox: "Sandbox", token: str) -> Visit | None:
    """Return the visit of an address, or None if it is over or never was."""
    state = sandbox.world.state
    row = state.get(VISITS, token)
    if row is None or row["expires"] < sandbox.world.clock.now():
        return None
    session = state.get(SESSION, row["session"])
    customer = state.get("customer", session["customer"])
    features = state.get(CONFIGURATION, session["configuration"])["features"]
    return Visit(sandbox, token, row, session, customer, _subscription(sandbox, customer), features)


def _subscription(sandbox: "Sandbox", customer: StripeObject) -> StripeObject | None:
    """Return a customer's running subscription, else the newest that has ended, or None."""
    rows = [
        row for row in sandbox.world.state.newest_first("subscription") if row["customer"] == customer["id"]
    ]
    return next((row for row in rows if not is_over(row)), rows[0] if rows else None)
