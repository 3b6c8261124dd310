"""Faults on request: what a client must survive, injected into the next matching API requests."""

import threading
from dataclasses import dataclass
from typing import Any

from sandbox.errors import StripeError

EFFECTS = ("error_500", "error_429", "timeout", "timeout_after_success", "drop_connection", "latency_ms")


@dataclass
class Fault:
    """One effect, for the next `times` HTTP requests of a method (None: any) whose path begins with `path`."""

    method: str | None
    path: str
    effect: str
    times: int
    value: int

    def as_json(self) -> dict[str, Any]:
        """Return the fault as the control calls show it."""
        return dict(vars(self))


class Faults:
    """The faults that are still to happen, oldest first; one request meets at most one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Plan none."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """Return the faults that are still to happen."""
        with self._lock:
            return list(self._faults)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.method in (None, method) and path.startswith(fault.path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None


def error_of(effect: str) -> StripeError | None:
    """Return the error that an effect answers with, if it is one."""
    if effect == "error_500":
        return StripeError("An unknown error occurred", status=500, error_type="api_error")
    if effect == "error_429":
        return StripeError(
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
            status=429,
            code="rate_limit",
            headers={"Stripe-Rate-Limited-Reason": "global-rate"},
        )
    return None
