"""A sandbox of its own for every test, driven by the stock SDK; no database, no product code."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stripe

from sandbox import ids
from sandbox.server import Sandbox
from sandbox.tests.billing import Billing
from sandbox.tests.books import assert_books_balance
from sandbox.tests.judge import Judge, judge_object

KEY = "sk_test_51SandboxSandboxSandbox"
PLATFORM_URL, CONNECT_URL = "http://product.test/platform", "http://product.test/connect"
ENDPOINTS = [(PLATFORM_URL, "whsec_platform", False), (CONNECT_URL, "whsec_connect", True)]
EXPRESS = {
    "controller": {
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
        "requirement_collection": "stripe",
        "stripe_dashboard": {"type": "express"},
    },
    "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
}


@dataclass
class Inbox:
    """The receiver of webhooks: keeps what arrives, and answers with the next status it is told."""

    statuses: list[int] = field(default_factory=list)
    arrived: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.arrived.append((url, body, headers))
        return self.statuses.pop(0) if self.statuses else 200

    def types(self, url: str | None = None) -> list[str]:
        """The types of the events that arrived, oldest first."""
        return [json.loads(body)["type"] for target, body, _ in self.arrived if url in (None, target)]

    def events(self, event_type: str) -> list[dict[str, Any]]:
        """The events of a type that arrived."""
        events = [json.loads(body) for _, body, _ in self.arrived]
        return [event for event in events if event["type"] == event_type]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def sandbox(inbox: Inbox) -> Iterator[Sandbox]:
    """A sandbox that does nothing by itself; when the test is over Stripe's document judges its objects."""
    made = Sandbox(endpoints=ENDPOINTS, transport=inbox, automatic=False)
    made.start()
    yield made
    made.stop()
    stored = [one for kind in set(ids.KINDS.values()) for one in made.world.state.values(kind)]
    assert [complaint for one in stored for complaint in judge_object(one)] == []
    # Requests are not judged here: these tests send wrong ones on purpose.
    complaints = [one for one in Judge().complaints(made) if not one.startswith(("GET ", "POST ", "DELETE "))]
    assert complaints == []


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": sandbox.url})


@pytest.fixture
def account(sandbox: Sandbox, client: stripe.StripeClient) -> stripe.Account:
    """A connected account that can sell."""
    made = client.v1.accounts.create({"country": "US", "email": "host@example.com", **EXPRESS})
    sandbox.control("POST", f"/_sandbox/accounts/{made.id}", {"complete": True})
    sandbox.pump()
    return client.v1.accounts.retrieve(made.id)


Buy = Callable[..., stripe.checkout.Session]


@pytest.fixture
def new_session(client: stripe.StripeClient, account: stripe.Account) -> Buy:
    """Create a session: `new_session(5458, fee=458)`."""

    def create(amount: int = 5458, fee: int | None = 458, currency: str = "usd", **more: Any) -> Any:
        data: dict[str, Any] = {"transfer_data": {"destination": account.id}, "metadata": {"order": "M-1"}}
        if fee is not None:
            data["application_fee_amount"] = fee
        params = session_params(amount, currency) | {"payment_intent_data": data} | more
        return client.v1.checkout.sessions.create(params)  # type: ignore[arg-type]

    return create


@pytest.fixture
def billing(sandbox: Sandbox, client: stripe.StripeClient) -> Iterator[Billing]:
    """Two plans for sale; when the test is over the books balance."""
    names = (("Maly Premium Monthly", 2900, "month"), ("Maly Premium Yearly", 29000, "year"))
    monthly, yearly = (
        client.v1.prices.create(
            {
                "product_data": {"name": name},
                "currency": "usd",
                "unit_amount": amount,
                "recurring": {"interval": interval},  # type: ignore[typeddict-item]
                "lookup_key": f"premium_{interval}ly",
            }
        )
        for name, amount, interval in names
    )
    yield Billing(sandbox, client, monthly, yearly)
    assert_books_balance(sandbox)


def session_params(amount: int = 5458, currency: str = "usd") -> dict[str, Any]:
    """The parameters of a plain session."""
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Night Market: General"}}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://product.test/o?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://product.test/cancel",
        "customer_email": "ada@example.com",
        "metadata": {"order": "M-1"},
        "expires_at": int(time.time()) + 32 * 60,
    }


def pay(sandbox: Sandbox, session: Any, card: str = "4242424242424242", **more: Any) -> dict[str, Any]:
    """Pay a session by the control call; the answer must be a 200."""
    status, answer = sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay", {"card": card, **more})
    assert status == 200, answer
    return dict(answer)
