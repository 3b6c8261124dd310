"""Steps: what may happen, how often, and with which values.

They are chosen by one rule of the machine rather than each being a rule: so every run has all of them in the mix that
we want, and a run is a list of calls that can be played again without hypothesis, and shrunk in a minute.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

SHRINKING_SECONDS = 120
Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """One kind of step: how often it is chosen among the others, and what its values are drawn from."""

    weight: int
    values: st.SearchStrategy[dict[str, Any]]


STEPS: dict[str, Step] = {}


def step(weight: int, **values: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """Make a method of the machine a step."""

    def register(method: Callable[..., None]) -> Any:
        STEPS[method.__name__] = Step(weight, st.fixed_dictionaries(values))
        return method

    return register


def draw_call(data: Any, without: frozenset[str]) -> Call:
    """Choose the next step and its values."""
    names = [name for name, each in STEPS.items() if name not in without for _ in range(each.weight)]
    name = data.draw(st.sampled_from(names))
    return name, data.draw(STEPS[name].values)


def play_again(machine: type[Any], calls: list[Call]) -> Exception | None:
    """Play these calls as a run of their own; how it failed, or None."""
    run = machine()
    try:
        try:
            for call in calls:
                run.make(call)
                run.nothing_is_broken()
        finally:
            run.teardown()
    except Exception as error:  # noqa: BLE001  this is what it is looked for
        return error
    return None


def shrink(machine: type[Any], calls: list[Call]) -> list[Call]:
    """Leave out what a failing run doesn't need to fail: halves first, then single steps."""
    kind = type(play_again(machine, calls))
    until = time.monotonic() + SHRINKING_SECONDS
    size = max(len(calls) // 2, 1)
    while size and kind is not type(None):
        start = 0
        while start < len(calls) and time.monotonic() < until:
            fewer = calls[:start] + calls[start + size :]
            if type(play_again(machine, fewer)) is kind:
                calls = fewer
            else:
                start += size
        size //= 2
    return calls


def in_words(calls: list[Call]) -> str:
    """The calls as they can be pasted into a test."""
    lines = [
        f"run.{name}({', '.join(f'{key}={value!r}' for key, value in values.items())})"
        for name, values in calls
    ]
    return "\n".join(lines)
