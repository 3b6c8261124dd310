"""The product and Stripe as the end-to-end tests meet them: over HTTP, at an address, with a token."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from django.utils import timezone

from accounts.tests.factories import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

TIMEOUT_SECONDS = 30
CREATE = "/api/stripe/connect/create-account"
LINK = "/api/stripe/connect/create-account-link"
DASHBOARD = "/api/stripe/connect/dashboard-link"
CHECKOUT = "/api/payments/create-checkout-session"
PLATFORM_HOOK = "/api/webhooks/stripe"
CONNECT_HOOK = "/api/webhooks/stripe/connect"


class Caller:
    """An HTTP client of one server; without a token it is a visitor."""

    def __init__(self, base: str, token: str = "") -> None:
        self.base = base.rstrip("/")
        self.headers = {"Accept": "application/json"}
        if token:
            self.headers["Authorization"] = f"Token {token}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Send one request on a connection of its own; names in `headers` may use _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                f"{self.base}{path}",
                json=body,
                headers={**self.headers, **named},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> requests.Response:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.ask("PUT", path, body)


@dataclass
class Site:
    """The running product, Stripe beside it, and what happens in between when time passes."""

    url: str
    stripe_url: str
    settle: Callable[[], None]
    stripe: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.stripe = Caller(self.stripe_url)

    def visitor(self) -> Caller:
        return Caller(self.url)

    def sign_in(self, email: str) -> Caller:
        """A client with the token that the email and the password of every test's people are good for."""
        answer = self.visitor().post("/api/auth/token", {"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Caller(self.url, answer.json()["token"])

    # --- Stripe's side

    def control(self, path: str, body: Any = None) -> Any:
        """Make a control call of the sandbox."""
        answer = self.stripe.post(f"/_sandbox/{path}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def requests_to_stripe(self, path: str, method: str = "POST") -> list[dict[str, Any]]:
        """What Stripe was asked at exactly this path, oldest first."""
        seen = self.stripe.get(f"/_sandbox/requests?path={path}").json()
        return [one for one in seen if one["path"] == path and one["method"] == method]

    def accounts_at_stripe(self) -> list[dict[str, Any]]:
        return list(self.ask_stripe("/v1/accounts")["data"])

    def event_body(self, kind: str) -> bytes:
        """The body of the newest event of a type, as Stripe would post it."""
        event = next(one for one in self.ask_stripe("/v1/events")["data"] if one["type"] == kind)
        return json.dumps(event).encode()

    def ask_stripe(self, path: str, account: str = "") -> Any:
        """Read Stripe's API, as the platform or as one of its connected accounts."""
        headers = {"Authorization": "Bearer sk_test_maly0000000000000000000000"}
        if account:
            headers["Stripe-Account"] = account
        answer = self.stripe.ask("GET", path, None, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send_webhook(self, path: str, body: bytes, signature: str | None) -> requests.Response:
        """Post a webhook as Stripe or somebody else would."""
        headers = {"Content-Type": "application/json"}
        if signature is not None:
            headers["Stripe-Signature"] = signature
        return post_raw(f"{self.url}{path}", body, headers)

    # --- what people do

    def onboard(self, client: Caller, **body: Any) -> str:
        """Open an account and fill in everything at Stripe; its full id, as Stripe knows it."""
        answer = client.post("/api/stripe/connect/create-account", body)
        assert answer.status_code == 201, answer.text
        account_id = str(self.accounts_at_stripe()[0]["id"])
        self.control(f"accounts/{account_id}", {"complete": True})
        self.settle()
        return account_id

    def make_event(self, client: Caller, slug: str, *, publish: bool = True, **fields: Any) -> str:
        """An event in thirty days, still without tickets unless it is to be published; its slug."""
        starts_at = timezone.now() + timedelta(days=30)
        given = {
            "title": "Night Market",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=3)).isoformat(),
            "timezone": "America/New_York",
            "venue_name": "The Old Ropeworks",
        }
        types = fields.pop("types", [{}])
        answer = client.post(f"/api/organizations/{slug}/events", {**given, **fields})
        assert answer.status_code == 201, answer.text
        event = str(answer.json()["slug"])
        for type_fields in types:
            self.make_type(client, event, **type_fields)
        if publish:
            assert client.post(f"/api/events/{event}/publish").status_code == 200
        return event

    def make_type(self, client: Caller, event: str, **fields: Any) -> str:
        """A $50.00 ticket type with room for 100; its id."""
        given = {"name": "General admission", "price_amount": 5000, "capacity": 100, **fields}
        answer = client.post(f"/api/events/{event}/ticket-types", given)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def types_of(self, event: str, client: Caller | None = None) -> list[dict[str, Any]]:
        answer = (client or self.visitor()).get(f"/api/events/{event}")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["ticket_types"])

    def cart(self, event: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
        """A guest's order of the event's first ticket type."""
        ticket_type = self.types_of(event)[0]["id"]
        items = [{"ticket_type": ticket_type, "quantity": quantity}]
        return {"event": event, "items": items, "email": "ada@example.com", "name": "Ada Obi", **more}

    def check_out(self, event: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
        """Go as far as Stripe's page; the answer of the checkout call."""
        answer = self.visitor().post(
            "/api/payments/create-checkout-session", self.cart(event, quantity, **more)
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def pay(self, started: dict[str, Any], card: str = "4242424242424242") -> dict[str, Any]:
        """Pay on Stripe's side, and let Stripe's events arrive and be worked off."""
        outcome = self.control(f"checkout/{started['session_id']}/pay", {"card": card})
        self.settle()
        return dict(outcome)

    def order(self, started: dict[str, Any]) -> dict[str, Any]:
        """The buyer's view of an order."""
        answer = self.visitor().get(f"/api/orders/{started['order']['code']}?key={started['order']['key']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def mails_to(self, email: str) -> list[dict[str, Any]]:
        """The mails that somebody got, oldest first."""
        mails = self.visitor().get("/dev/mailbox.json").json()
        return [mail for mail in mails if email in mail["to"]]


def sign_in(page: "Page", email: str) -> None:
    """Sign in on the page for it."""
    page.goto("/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in_again(page: "Page", path: str = "") -> None:
    """Give the password once more, where a page (the one at `path`, or the one that is open) asks for it."""
    if path:
        page.goto(path)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def post_raw(url: str, body: bytes, headers: dict[str, str]) -> requests.Response:
    """Post bytes as they are."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, data=body, headers=headers, timeout=TIMEOUT_SECONDS)


def deliver_to(base: str) -> Callable[[str, bytes, dict[str, str]], int]:
    """A transport of the sandbox: its webhooks go by HTTP to the same path of the running product."""

    def transport(url: str, body: bytes, headers: dict[str, str]) -> int:
        return post_raw(f"{base}{urlsplit(url).path}", body, headers).status_code

    return transport


def code_of(answer: requests.Response) -> str:
    """The code of an API error."""
    return str(answer.json()["errors"][0]["code"])


def sign(body: bytes, secret: str, *, age: int = 0) -> str:
    """A Stripe-Signature header, `age` seconds old."""
    stamp = int(time.time()) - age
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def make_webhook(kind: str = "account.updated", **more: Any) -> bytes:
    """The body of an event, of a connected account unless told otherwise."""
    event = {
        "id": "evt_handmade",
        "object": "event",
        "type": kind,
        "account": "acct_1Handmade0000000",
        "api_version": "2026-08-26.dahlia",
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": {"id": "acct_1Handmade0000000", "object": "account", "charges_enabled": True}},
    }
    return json.dumps(
        {name: value for name, value in {**event, **more}.items() if value is not None}
    ).encode()
