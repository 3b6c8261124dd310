"""Idempotency keys: the first answer again, 400 for other parameters, 409 while the first is under way."""

import hashlib
import json
from typing import Any

from sandbox.errors import StripeError, invalid
from sandbox.world import World

MAX_KEY = 255
# Stripe may forget a key after a day; then the same key begins a new request.
LIFETIME = 24 * 3600
TABLE = "_idempotency"


class IdempotencyKeys:
    """Answers by (account, key), and the keys of requests that are under way."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._under_way: set[str] = set()

    def begin(self, account: str, key: str, path: str, params: dict[str, Any]) -> tuple[int, str] | None:
        """Return the kept (status, body) of a key, or None after noting that its request is under way."""
        if len(key) > MAX_KEY:
            raise invalid(f"Idempotency keys must be at most {MAX_KEY} characters. You provided {len(key)}.")
        with self._world.state.lock:
            name = f"{account}/{key}"
            kept = self._world.state.get(TABLE, name)
            if kept and self._world.clock.now() - kept["at"] < LIFETIME:
                self._check(kept, key, path, params)
                return kept["status"], kept["body"]
            if name in self._under_way:
                raise StripeError(
                    "There is currently another in-progress request using this Stripe Idempotent Key (that probably "
                    "means you submitted twice, and the other request is still going through): "
                    f"{key}. If you're seeing this frequently, please try again.",
                    status=409,
                    code="idempotency_key_in_use",
                )
            self._under_way.add(name)
            return None

    def is_under_way(self, account: str, key: str) -> bool:
        """Tell whether a key's request has begun and isn't over."""
        return f"{account}/{key}" in self._under_way

    def end(self, account: str, key: str) -> None:
        """Note that a key's request is over."""
        with self._world.state.lock:
            self._under_way.discard(f"{account}/{key}")

    def keep(self, account: str, key: str, path: str, params: dict[str, Any], status: int, body: str) -> None:
        """Remember an answer; it is journalled together with what the request changed."""
        row = {
            "path": path,
            "params": _digest(params),
            "status": status,
            "body": body,
            "at": self._world.clock.now(),
        }
        self._world.state.put(TABLE, f"{account}/{key}", row)

    @staticmethod
    def _check(kept: dict[str, Any], key: str, path: str, params: dict[str, Any]) -> None:
        if kept["path"] != path:
            message = (
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{path}' vs '{kept['path']}'). Try using a key other than '{key}' if you meant to execute a "
                "different request."
            )
        elif kept["params"] != _digest(params):
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
        else:
            return
        raise StripeError(message, error_type="idempotency_error")


def _digest(params: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
