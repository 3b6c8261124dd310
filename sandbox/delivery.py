"""Delivery of events to the webhook endpoints: signed, retried, and on request held, doubled, mixed or lost."""

import http.client
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from stripe import WebhookSignature

from sandbox.endpoints import Endpoint
from sandbox.ids import new_id
from sandbox.state import StripeObject
from sandbox.world import ASYNCHRONOUS_DELAY, World

Transport = Callable[[str, bytes, dict[str, str]], int]
MODES = ("normal", "hold", "duplicate", "reverse", "shuffle", "drop")
# The receiver may still be starting, so the first retries come soon; after fifteen tries an event is given up.
RETRY_DELAYS = (0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 10_800, 21_600, 43_200)
# Events to be mixed are collected until none has come for this long.
QUIET_SECONDS = 0.3
WORKERS = 4


def post_over_http(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send a delivery and return the receiver's status; OSError or HTTPException if there is no answer."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


class Delivery:
    """Queues of deliveries. A record per (event, endpoint): pending, held, dropped, done or failed.

    The queue holds groups: what is in one group is sent one after the other, groups may overtake each other.
    """

    def __init__(self, world: World, endpoints: Iterable[Endpoint], transport: Transport | None) -> None:
        self.world = world
        self.endpoints = {endpoint.id: endpoint for endpoint in endpoints}
        self.transport = transport or post_over_http
        self.wake = world.wake
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self.load()
        world.on_event = self.enqueue
        world.is_delivered = self.succeeded
        world.endpoint_objects = lambda: [endpoint.as_object() for endpoint in self.endpoints.values()]

    def load(self) -> None:
        """Rebuild the queues from the state, as after a restart or a reset."""
        self.mode = "normal"
        self._times_left: int | None = None
        self._random = random.Random()  # noqa: S311 - it only mixes test events
        self._ready: deque[list[str]] = deque()
        self._waiting: dict[str, float] = {}
        self._batch: list[str] = []
        self._batch_since = 0.0
        self._of_event: dict[str, list[str]] = {}
        for record in self.world.state.values("_delivery"):
            self._of_event.setdefault(record["event"], []).append(record["id"])
            if record["state"] == "pending":
                self._ready.append([record["id"]])

    # What is to be delivered

    def enqueue(self, event: StripeObject, account: str) -> None:
        """Queue an event for every endpoint of its scope that listens to its type."""
        for endpoint in self.endpoints.values():
            if endpoint.takes(event["type"], account):
                self._add(event, endpoint)
        event["pending_webhooks"] = self._untaken(event["id"])

    def _add(self, event: StripeObject, endpoint: Endpoint) -> None:
        mode = self.mode
        states = {"hold": "held", "drop": "dropped"}
        record_id = self._record(event, endpoint, states.get(mode, "pending"))
        if mode in ("normal", "duplicate"):
            self._ready.append([record_id])
        if mode == "duplicate":
            self._ready.append([self._record(event, endpoint, "pending")])
        if mode in ("reverse", "shuffle"):
            self._batch.append(record_id)
            self._batch_since = time.monotonic()
        if self._times_left is not None:
            self._times_left -= 1
            if self._times_left <= 0:
                self.set_mode("normal")
        self.wake.notify_all()

    def _record(self, event: StripeObject, endpoint: Endpoint, state: str) -> str:
        record_id = new_id("whd")
        record = {
            "id": record_id,
            "event": event["id"],
            "endpoint": endpoint.id,
            "state": state,
            "attempts": [],
        }
        self._of_event.setdefault(event["id"], []).append(record_id)
        self.world.state.put("_delivery", record_id, record)
        return record_id

    # Control

    def set_mode(self, mode: str, times: int | None = None, seed: int | None = None) -> None:
        """Choose what happens to the next events (`times` of them, or all until the next choice)."""
        with self.wake:
            self._close_batch()
            self.mode, self._times_left = mode, times
            self._random = random.Random(seed)  # noqa: S311 - it only mixes test events
            self.wake.notify_all()

    def release(self) -> int:
        """Send what was held, in its order; return how many that is."""
        with self.world.state.transaction():
            self._close_batch()
            held = [record for record in self.world.state.values("_delivery") if record["state"] == "held"]
            for record in held:
                record["state"] = "pending"
                self.world.state.put("_delivery", record["id"], record)
            if held:
                self._ready.append([record["id"] for record in held])
            self.wake.notify_all()
            return len(held)

    def resend(self, event: StripeObject) -> int:
        """Send an event once more to the endpoints of its scope, whatever the mode and their list of types."""
        with self.world.state.transaction():
            scope = [one for one in self.endpoints.values() if one.connect == bool(event.get("account"))]
            for endpoint in scope:
                self._ready.append([self._record(event, endpoint, "pending")])
            event["pending_webhooks"] = self._untaken(event["id"])
            self.world.state.save(event)
            self.wake.notify_all()
            return len(scope)

    def of_event(self, event_id: str) -> list[dict[str, Any]]:
        """Return the records of an event's deliveries, oldest first."""
        return [self.world.state.get("_delivery", one) for one in self._of_event.get(event_id, [])]

    def succeeded(self, event_id: str) -> bool:
        """Tell whether every endpoint that should have got an event has taken it."""
        return self._untaken(event_id) == 0

    def _untaken(self, event_id: str) -> int:
        """Return how many endpoints have not taken an event; of several tries one success is enough."""
        records = self.of_event(event_id)
        taken = {record["endpoint"] for record in records if record["state"] == "done"}
        return len({record["endpoint"] for record in records} - taken)

    # Sending

    def pump(self) -> int:
        """Deliver everything pending and do Stripe's asynchronous work, in this thread; return how many were sent.

        Each delivery is tried once, waiting retries too; what is held stays held.
        """
        tried: set[str] = set()
        while True:
            with self.wake:
                self._close_batch()
                queue = [one for group in self._ready for one in group] + list(self._waiting)
                queue = [one for one in queue if one not in tried]
                self._ready.clear()
                for record_id in queue:
                    self._waiting.pop(record_id, None)
            for record_id in queue:
                tried.add(record_id)
                self._send(record_id)
            if not self.world.clock.run_due(self.world.clock.now() + ASYNCHRONOUS_DELAY) and not queue:
                return len(tried)

    def start(self) -> None:
        """Start the threads that deliver by themselves while `automatic` is on."""
        self._stopping = False
        for number in range(WORKERS):
            thread = threading.Thread(target=self._work, name=f"sandbox-delivery-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop the threads; what they have begun is finished."""
        with self.wake:
            self._stopping = True
            self.wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()

    def _work(self) -> None:
        while True:
            with self.wake:
                while not self._stopping:
                    group = self._take() if self.world.automatic else None
                    if group:
                        break
                    self.wake.wait(self._pause())
                else:
                    return
            for record_id in group:
                self._send(record_id)

    def _pause(self) -> float:
        """Return how long nothing can fall due, in seconds."""
        if not self.world.automatic:
            return 1.0
        dues = [due - self.world.clock.now() for due in self._waiting.values()]
        if self._batch:
            dues.append(self._batch_since + QUIET_SECONDS - time.monotonic())
        return min(1.0, max(0.01, min(dues, default=1.0)))

    def _take(self) -> list[str] | None:
        now = self.world.clock.now()
        for record_id in [one for one, due in self._waiting.items() if due <= now]:
            del self._waiting[record_id]
            self._ready.append([record_id])
        if self._batch and time.monotonic() - self._batch_since >= QUIET_SECONDS:
            self._close_batch()
        return self._ready.popleft() if self._ready else None

    def _close_batch(self) -> None:
        if self._batch:
            if self.mode == "reverse":
                self._batch.reverse()
            elif self.mode == "shuffle":
                self._random.shuffle(self._batch)
            self._ready.append(self._batch)
            self._batch = []

    def _send(self, record_id: str) -> None:
        """Try one delivery. The receiver may call the sandbox back, so no lock is held meanwhile."""
        with self.world.state.lock:
            record = self.world.state.get("_delivery", record_id)
            if record is None or record["state"] != "pending":
                return
            endpoint = self.endpoints.get(record["endpoint"])
            event = self.world.state.get("event", record["event"])
            body = json.dumps(event, indent=2).encode()
        if endpoint is None:
            self._note(record_id, None, 0.0)
            return
        self.world.witness("delivery", body)
        started = time.monotonic()
        try:
            status = self.transport(endpoint.url, body, self._headers(endpoint, body))
        except (OSError, http.client.HTTPException):
            status = None
        self._note(record_id, status, time.monotonic() - started)

    @staticmethod
    def _headers(endpoint: Endpoint, body: bytes) -> dict[str, str]:
        signature = WebhookSignature.generate_signature_header(
            body.decode(), endpoint.secret, int(time.time())
        )
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature,
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }

    def _note(self, record_id: str, status: int | None, seconds: float) -> None:
        with self.world.state.transaction():
            record = self.world.state.get("_delivery", record_id)
            if record is None:
                # The sandbox was reset while the receiver was answering.
                return
            record["attempts"].append({"status": status, "at": time.time(), "ms": round(seconds * 1000)})
            tries = len(record["attempts"])
            if status is not None and 200 <= status < 300:
                record["state"] = "done"
                event = self.world.state.get("event", record["event"])
                event["pending_webhooks"] = self._untaken(event["id"])
                self.world.state.save(event)
            elif tries > len(RETRY_DELAYS):
                record["state"] = "failed"
            else:
                self._waiting[record_id] = self.world.clock.now() + RETRY_DELAYS[tries - 1]
            self.world.state.put("_delivery", record_id, record)
            self.wake.notify_all()
