"""The virtual clock: work that falls due later, done in order when time passes or is moved on.

The wall clock, `created` times and signatures stay real; only due times are virtual. A delay is counted from
the moment at which the work is planned, so a session made after the clock was moved lives as long as any other.
"""

import heapq
import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.world import World

Work = Callable[..., None]
_WORKS: dict[str, Work] = {}


def work(name: str) -> Callable[[Work], Work]:
    """Register what is done for planned work of this name: called with the world and the planned arguments."""

    def register(function: Work) -> Work:
        _WORKS[name] = function
        return function

    return register


class Clock:
    """Virtual time and the agenda of planned work, both kept in the state."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._numbers = itertools.count(1)
        self._agenda: list[tuple[float, int, str]] = []
        # The moment at which time stands still while it is moved on.
        self._standing: float | None = None
        self.load()

    def load(self) -> None:
        """Read offset and agenda from the state."""
        self._offset: float = self._world.state.get("_clock", "offset") or 0.0
        self._agenda = []
        for task in self._world.state.values("_task"):
            self._push(task)

    def now(self) -> float:
        """Return virtual time in seconds: the wall clock plus all that it was moved on."""
        return time.time() + self._offset if self._standing is None else self._standing

    def plan(self, name: str, delay: float, key: str = "", /, **arguments: Any) -> str:
        """Plan work of a registered name in `delay` seconds; the same `key` replaces what was planned under it."""
        number = next(self._numbers)
        task_id = f"{name}:{key}" if key else f"{name}#{time.time_ns()}.{number}"
        task = {"id": task_id, "due": self.now() + delay, "work": name, "arguments": arguments}
        with self._world.wake:
            self._world.state.put("_task", task_id, task)
            self._push(task)
            self._world.wake.notify_all()
        return task_id

    def cancel(self, task_id: str) -> None:
        """Drop planned work."""
        self._world.state.remove("_task", task_id)

    def next_due(self) -> float | None:
        """Return the virtual time of the next planned work, or None."""
        with self._world.state.lock:
            self._drop_stale()
            return self._agenda[0][0] if self._agenda else None

    def run_due(self, until: float | None = None) -> int:
        """Do everything due by `until` (default: now), in order of due time; return how much was done."""
        done = 0
        while True:
            with self._world.state.transaction():
                limit = self.now() if until is None else until
                self._drop_stale()
                if not self._agenda or self._agenda[0][0] > limit:
                    return done
                _due, _number, task_id = heapq.heappop(self._agenda)
                task = self._world.state.get("_task", task_id)
                self._world.state.remove("_task", task_id)
                _WORKS[task["work"]](self._world, **task["arguments"])
                done += 1

    def advance(self, seconds: float) -> int:
        """Move virtual time on, stopping at each piece of work so that what it plans falls due in its turn.

        Time stands still meanwhile, so that work planned for two days later is done after moving on by two days.
        """
        with self._world.state.transaction():
            start = self._standing = self.now()
            done = 0
            try:
                while (due := self.next_due()) is not None and due <= start + seconds:
                    self._standing = max(start, due)
                    done += self.run_due()
            finally:
                self._standing = None
                self._offset = start + seconds - time.time()
                self._world.state.put("_clock", "offset", self._offset)
            return done

    def _push(self, task: dict[str, Any]) -> None:
        heapq.heappush(self._agenda, (task["due"], next(self._numbers), task["id"]))

    def _drop_stale(self) -> None:
        # Cancelled or replanned work leaves its old entry behind; the table has the last word.
        while self._agenda:
            due, _number, task_id = self._agenda[0]
            task = self._world.state.get("_task", task_id)
            if task and task["due"] == due:
                return
            heapq.heappop(self._agenda)
