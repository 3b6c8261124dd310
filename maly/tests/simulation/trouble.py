"""What goes wrong in the middle of an action: the process dies, or Stripe's answer never comes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import stripe
from requests.exceptions import ReadTimeout

from maly import crash


class Killed(BaseException):
    """The process is gone: nothing of ours catches this."""


@dataclass(frozen=True)
class Trouble:
    """`kind` is none, killed (at the n-th crash point), lost (the n-th answer of Stripe and every repetition of that
    call), or away (Stripe, from its n-th call on)."""

    kind: str = "none"
    at: int = 1


NONE = Trouble()


class Troublemaker:
    """Stands at every crash point: lets a moment pass, counts, and makes the trouble that was asked for."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._trouble = NONE
        self._points = self._calls = 0
        self._lost = ""
        self.crossed: set[str] = set()
        self.has_struck = False

    def __call__(self, name: str) -> None:
        self._tick()
        self.crossed.add(name)
        self._points += 1
        if self._trouble.kind == "killed" and self._points == self._trouble.at:
            self.has_struck = True
            raise Killed(name)
        if name.startswith("stripe."):
            self._at_stripe(name)

    @contextmanager
    def during(self, trouble: Trouble) -> Iterator[None]:
        """Make this trouble once within the block; a process that was killed ends the block."""
        self._trouble, self._points, self._calls, self._lost, self.has_struck = trouble, 0, 0, "", False
        crash.install_hook(self)
        try:
            yield
        except Killed:
            assert self.has_struck
        finally:
            self._trouble = NONE

    def _at_stripe(self, name: str) -> None:
        is_before = name.endswith(".before")
        self._calls += is_before
        is_due = self._calls >= self._trouble.at
        if self._trouble.kind == "away" and is_before and is_due:
            self._lose()
        is_lost = name == self._lost or (is_due and not self._lost)
        if self._trouble.kind == "lost" and not is_before and is_lost:
            self._lost = name
            self._lose()

    def _lose(self) -> None:
        """What the SDK raises when no answer comes, in a form that a request doesn't repeat."""
        self.has_struck = True
        error = stripe.APIConnectionError("The answer was lost.", should_retry=True)
        raise error from ReadTimeout()
