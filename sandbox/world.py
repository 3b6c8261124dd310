"""What every part of the sandbox shares: the state, the clock, the log of requests, and the making of events."""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stripe._api_version import _ApiVersion

from sandbox.clock import Clock
from sandbox.ids import new_id
from sandbox.state import State, StripeObject

API_VERSION = _ApiVersion.CURRENT
# How long Stripe's own asynchronous work takes (a charge's transfer, fee and balance transaction), in seconds.
ASYNCHRONOUS_DELAY = 0.3
PLATFORM = "acct_platformsandbox"
APPLICATION = "ca_platformsandbox"


class World:
    """The shared parts. Everything that reads or writes objects does so inside `state.transaction()`."""

    def __init__(self, journal: Path | None = None) -> None:
        self.state = State(journal)
        # Threads that wait for something to happen wait here, without the lock.
        self.wake = threading.Condition(self.state.lock)
        self.clock = Clock(self)
        self.url = ""
        self.automatic = True
        self.totals: dict[tuple[str, str], dict[str, int]] = {}
        # The request that is being answered: events name it.
        self.request: dict[str, str | None] = {"id": None, "idempotency_key": None}
        # The delivery fills these in.
        self.on_event: Callable[[StripeObject, str], None] = lambda event, account: None
        self.is_delivered: Callable[[str], bool] = lambda event_id: True
        self.endpoint_objects: Callable[[], list[StripeObject]] = list
        # What a judge reads: ("request", …), ("answer", …), ("delivery", …), newest last.
        self.tape: deque[tuple[Any, ...]] = deque(maxlen=4_000)
        self.tape_length = 0

    def witness(self, *entry: Any) -> None:
        """Add an entry to the tape."""
        with self.state.lock:
            self.tape.append(entry)
            self.tape_length += 1

    def plan_asynchronous(self, name: str, key: str = "", /, **arguments: Any) -> None:
        """Plan work that Stripe does a moment after it answered."""
        self.clock.plan(name, ASYNCHRONOUS_DELAY if self.automatic else 0, key, **arguments)

    def emit(
        self,
        event_type: str,
        obj: StripeObject,
        *,
        account: str = "",
        previous: dict[str, Any] | None = None,
    ) -> StripeObject:
        """Make the event of a change; `account` is the connected account whose event it is ('' the platform)."""
        data: dict[str, Any] = {"object": copy.deepcopy(obj)}
        if previous:
            data["previous_attributes"] = copy.deepcopy(previous)
        event: StripeObject = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": dict(self.request),
            "type": event_type,
        }
        if account:
            event["account"] = account
        self.state.save(event, owner=account)
        self.on_event(event, account)
        return event
