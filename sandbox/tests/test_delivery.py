"""Delivery: signed, retried, held, doubled, mixed, lost; by hand and by itself."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.conftest import ENDPOINTS, EXPRESS, KEY, Inbox, pay, session_params


@pytest.fixture
def make_event(client: stripe.StripeClient, account: stripe.Account, inbox: Inbox) -> Callable[[str], None]:
    """Change an account so that one event is made, told apart by its name."""
    inbox.arrived.clear()

    def make(name: str) -> None:
        client.v1.accounts.update(account.id, {"business_profile": {"name": name}})

    return make


def names(inbox: Inbox) -> list[str]:
    return [json.loads(body)["data"]["object"]["business_profile"]["name"] for _, body, _ in inbox.arrived]


def test_a_delivery_is_signed_for_its_endpoint(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    make_event("A")
    sandbox.pump()
    _url, body, headers = inbox.arrived[0]
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_connect")
    assert (event.type, event.api_version) == ("account.updated", stripe.api_version)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_platform")


def test_nothing_is_sent_before_the_pump(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    make_event("A")
    assert inbox.arrived == []
    assert sandbox.pump() == 1
    assert sandbox.pump() == 0


def test_a_failed_delivery_is_tried_again(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    make_event("A")
    inbox.statuses = [503, 500]
    assert [sandbox.pump(), sandbox.pump(), sandbox.pump(), sandbox.pump()] == [1, 1, 1, 0]
    event = sandbox.control("GET", "/_sandbox/events")[1][-1]
    assert [one["status"] for one in event["deliveries"]] == [503, 500, 200]


def test_an_endpoint_that_never_takes_an_event_is_given_up(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    make_event("A")
    inbox.statuses = [500] * 100
    sent = sum(sandbox.pump() for _ in range(30))
    assert sent == 15


def test_held_events_wait_for_their_release(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "hold"})
    make_event("A")
    make_event("B")
    assert sandbox.pump() == 0
    assert sandbox.control("POST", "/_sandbox/delivery/release")[1] == {"released": 2}
    sandbox.pump()
    assert names(inbox) == ["A", "B"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("normal", ["A", "B", "C"]),
        ("duplicate", ["A", "A", "B", "B", "C", "C"]),
        ("reverse", ["C", "B", "A"]),
        ("drop", []),
    ],
)
def test_the_modes_do_what_they_say(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox, mode: str, expected: list[str]
) -> None:
    sandbox.control("POST", "/_sandbox/delivery", {"mode": mode})
    for name in "ABC":
        make_event(name)
    sandbox.pump()
    assert names(inbox) == expected


def test_shuffling_is_repeatable_by_its_seed(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    orders = []
    for _ in range(2):
        inbox.arrived.clear()
        sandbox.control("POST", "/_sandbox/delivery", {"mode": "shuffle", "seed": 7})
        for name in "ABCDEFGH":
            make_event(name)
        sandbox.pump()
        orders.append(names(inbox))
    assert orders[0] == orders[1] != list("ABCDEFGH")
    assert sorted(orders[0]) == list("ABCDEFGH")


def test_a_mode_ends_after_its_times(
    sandbox: Sandbox, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop", "times": 2})
    for name in "ABC":
        make_event(name)
    sandbox.pump()
    assert names(inbox) == ["C"]
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "reverse", "times": 2})
    for name in "XYZ":
        make_event(name)
    sandbox.pump()
    assert names(inbox) == ["C", "Y", "X", "Z"]


@pytest.mark.parametrize(
    "body", [{}, {"mode": "sometimes"}, {"mode": "drop", "times": 0}, {"mode": "hold", "wrong": 1}]
)
def test_wrong_modes_are_refused(sandbox: Sandbox, body: dict[str, object]) -> None:
    assert sandbox.control("POST", "/_sandbox/delivery", body)[0] == 400


def test_an_event_can_be_sent_again(
    sandbox: Sandbox, client: stripe.StripeClient, make_event: Callable[[str], None], inbox: Inbox
) -> None:
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    make_event("A")
    event = sandbox.control("GET", "/_sandbox/events")[1][-1]
    assert sandbox.control("POST", f"/_sandbox/events/{event['id']}/resend")[0] == 200
    sandbox.pump()
    assert names(inbox) == ["A"]
    assert client.v1.events.list({"delivery_success": False}, {"stripe_account": event["account"]}).data == []
    assert sandbox.control("POST", "/_sandbox/events/evt_none/resend")[0] == 404


def test_a_receiver_may_call_the_api_back(
    sandbox: Sandbox, client: stripe.StripeClient, make_event: Callable[[str], None]
) -> None:
    seen = []

    def fetch(url: str, body: bytes, headers: dict[str, str]) -> int:
        seen.append(client.v1.accounts.retrieve(json.loads(body)["account"]).business_profile.name)
        return 200

    sandbox.transport = fetch
    make_event("A")
    sandbox.pump()
    assert seen == ["A"]


@pytest.fixture
def busy(inbox: Inbox) -> Iterator[Sandbox]:
    """A sandbox that does everything by itself."""
    made = Sandbox(endpoints=ENDPOINTS, transport=inbox)
    made.start()
    yield made
    made.stop()


def wait_for(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_events_come_by_themselves_and_soon_again_if_refused(busy: Sandbox, inbox: Inbox) -> None:
    inbox.statuses = [503]
    client = stripe.StripeClient(KEY, base_addresses={"api": busy.url})
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    busy.control("POST", f"/_sandbox/accounts/{account.id}", {"complete": True})
    wait_for(lambda: len(inbox.arrived) == 4)
    assert set(inbox.types()) == {"account.updated", "capability.updated"}


def test_a_charge_is_settled_by_itself_a_moment_after_the_payment(busy: Sandbox, inbox: Inbox) -> None:
    client = stripe.StripeClient(KEY, base_addresses={"api": busy.url})
    session = client.v1.checkout.sessions.create(session_params())  # type: ignore[arg-type]
    pay(busy, session)
    wait_for(lambda: inbox.types() == ["checkout.session.completed", "charge.updated"])
    assert inbox.events("charge.updated")[0]["data"]["object"]["balance_transaction"]


def test_mixed_events_are_sent_when_no_more_come(busy: Sandbox, inbox: Inbox) -> None:
    client = stripe.StripeClient(KEY, base_addresses={"api": busy.url})
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    busy.control("POST", "/_sandbox/delivery", {"mode": "reverse"})
    for name in "ABC":
        client.v1.accounts.update(account.id, {"business_profile": {"name": name}})
    wait_for(lambda: len(inbox.arrived) == 3)
    assert names(inbox) == ["C", "B", "A"]


def test_turning_automatic_off_stops_everything(busy: Sandbox, inbox: Inbox) -> None:
    busy.automatic = False
    client = stripe.StripeClient(KEY, base_addresses={"api": busy.url})
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    client.v1.accounts.update(account.id, {"business_profile": {"name": "A"}})
    assert inbox.arrived == []
    busy.automatic = True
    wait_for(lambda: len(inbox.arrived) == 1)


class Receiver(BaseHTTPRequestHandler):
    """A web server that takes webhooks."""

    arrived: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:  # noqa: N802 - the name is the base class's
        self.arrived.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Tests are quiet."""


def test_a_receiver_that_starts_later_gets_what_it_missed() -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    made = Sandbox(endpoints=[(f"http://127.0.0.1:{port}/hook", "whsec_late", True)])
    made.start()
    client = stripe.StripeClient(KEY, base_addresses={"api": made.url})
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    client.v1.accounts.update(account.id, {"business_profile": {"name": "Late"}})
    event = client.v1.events.list(options={"stripe_account": account.id}).data[0]
    wait_for(lambda: made.control("GET", "/_sandbox/events")[1][0]["deliveries"] != [])
    server = HTTPServer(("127.0.0.1", port), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    wait_for(lambda: bool(Receiver.arrived), 10)
    assert json.loads(Receiver.arrived[0])["id"] == event.id
    deliveries = made.control("GET", "/_sandbox/events")[1][0]["deliveries"]
    assert deliveries[0]["status"] is None
    made.stop()
    server.shutdown()
    server.server_close()
    thread.join()
