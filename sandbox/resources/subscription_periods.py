"""The periods of a subscription: whole calendar months and years from its anchor, days and weeks by the second.

A subscription has a time of its own. It begins with the wall clock and moves on with the virtual clock and with the
control call that advances it, so that its old end is always its new start.
"""

import calendar
from datetime import UTC, datetime
from typing import Any

from sandbox.state import StripeObject
from sandbox.world import World

RENEWAL = "renew_subscription"
DAY = 24 * 3600
_SECONDS = {"day": DAY, "week": 7 * DAY}
_MONTHS = {"month": 1, "year": 12}


def next_end(anchor: int, start: int, recurring: dict[str, Any]) -> int:
    """Return the end of the period that begins at `start`; all are Unix times.

    The anchor's day is kept where the month has it: from 31 January to 28 February to 31 March.
    """
    count, interval = int(recurring["interval_count"]), recurring["interval"]
    if interval in _SECONDS:
        length = count * _SECONDS[interval]
        return start + length - (start - anchor) % length
    step, number = count * _MONTHS[interval], 1
    while (end := _months_later(anchor, number * step)) <= start:
        number += 1
    return end


def _months_later(anchor: int, months: int) -> int:
    moment = datetime.fromtimestamp(anchor, UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def item_of(subscription: StripeObject) -> StripeObject:
    """Return the one item of a subscription."""
    item: StripeObject = subscription["items"]["data"][0]
    return item


def period_of(subscription: StripeObject) -> tuple[int, int]:
    """Return the start and the end of the current period."""
    item = item_of(subscription)
    return item["current_period_start"], item["current_period_end"]


def own_now(world: World, subscription: StripeObject) -> int:
    """Return the present moment in a subscription's own time: what is left of its period, before its end."""
    if subscription["ended_at"]:
        return int(subscription["ended_at"])
    start, end = period_of(subscription)
    task = world.state.get("_task", f"{RENEWAL}:{subscription['id']}")
    if task is None:
        return end
    now = round(end - (task["due"] - world.clock.now()))
    return int(min(end, max(start, now)))


def plan_renewal(world: World, subscription: StripeObject, seconds: float) -> None:
    """Let the current period end in so many seconds of the virtual clock."""
    world.clock.plan(RENEWAL, max(0.0, seconds), subscription["id"], subscription=subscription["id"])


def seconds_left(world: World, subscription: StripeObject) -> float:
    """Return how long the virtual clock has to run until the period ends."""
    task = world.state.get("_task", f"{RENEWAL}:{subscription['id']}")
    left: float = task["due"] - world.clock.now() if task else 0.0
    return left
