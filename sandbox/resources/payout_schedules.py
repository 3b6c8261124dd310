"""When an account is paid out: its schedule, which parts of it belong together, and the next run."""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.errors import invalid
from sandbox.world import PLATFORM, World

DAY = 24 * 3600
WORK = "run_payouts"
DEFAULT: dict[str, Any] = {"delay_days": 2, "interval": "daily"}
LONGEST_DELAY = 31
ANCHORS: dict[str, tuple[str, ...]] = {
    "weekly": ("weekly_anchor", "weekly_payout_days"),
    "monthly": ("monthly_anchor", "monthly_payout_days"),
}
_PARAM = "settings[payouts][schedule]"


def merged_schedule(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a schedule after an update; an anchor goes with its own interval only."""
    if not new:
        return old
    interval = new.get("interval", old["interval"])
    _check(old, new, interval)
    delay = new.get("delay_days", old["delay_days"])
    merged = {"delay_days": 2 if delay == "minimum" else delay, "interval": interval}
    anchors = ANCHORS.get(interval, ())
    # A new anchor replaces the old one, in whichever of its two forms that was given.
    source = new if any(anchor in new for anchor in anchors) else old
    return merged | {anchor: source[anchor] for anchor in anchors if anchor in source}


def _check(old: dict[str, Any], new: dict[str, Any], interval: str) -> None:
    """Refuse parts that don't belong together; raises `StripeError`."""
    for name, anchors in ANCHORS.items():
        given = [anchor for anchor in anchors if anchor in new]
        if given and interval != name:
            raise invalid(
                f"You can only specify {given[0]} when the payout interval is {name}.",
                param=f"{_PARAM}[{given[0]}]",
            )
        if len(given) > 1:
            raise invalid(
                f"You may only specify one of these parameters: {anchors[0]}, {anchors[1]}.",
                param=f"{_PARAM}[{anchors[1]}]",
            )
    anchors = ANCHORS.get(interval, ())
    if anchors and new.get("interval") and not any(anchor in new or anchor in old for anchor in anchors):
        raise invalid(
            f"You must specify {anchors[0]} when the payout interval is {interval}.",
            param=f"{_PARAM}[{anchors[0]}]",
        )
    days = [
        *new.get("monthly_payout_days", []),
        *([new["monthly_anchor"]] if "monthly_anchor" in new else []),
    ]
    if any(not 1 <= day <= 31 for day in days):
        raise invalid("Monthly anchors must be between 1 and 31.", param=f"{_PARAM}[monthly_anchor]")
    delay = new.get("delay_days", 0)
    if isinstance(delay, int) and not 0 <= delay <= LONGEST_DELAY:
        raise invalid(f"The delay must be between 0 and {LONGEST_DELAY} days.", param=f"{_PARAM}[delay_days]")


def schedule_of(world: World, account: str) -> dict[str, Any]:
    """Return the schedule of an account; '' is the platform, which begins with Stripe's default."""
    row = world.state.get("account", account or PLATFORM)
    schedule: dict[str, Any] = row["settings"]["payouts"]["schedule"] if row else DEFAULT
    return schedule


def days_until_available(world: World, account: str) -> int:
    """Return after how many days an account's payments are available: what its schedule calls the delay."""
    return int(schedule_of(world, account)["delay_days"])


def plan_run(world: World, account: str, *, anew: bool = False) -> None:
    """Plan an account's next automatic payout if it has something to pay out; `anew` after a change of schedule."""
    key = f"{WORK}:{account or PLATFORM}"
    if anew:
        world.clock.cancel(key)
    schedule = schedule_of(world, account)
    if schedule["interval"] == "manual" or world.state.get("_task", key):
        return
    if any(owner == account and total["available"] > 0 for (owner, _), total in world.totals.items()):
        world.clock.plan(
            WORK, seconds_until_run(schedule, world.clock.now()), account or PLATFORM, account=account
        )


def seconds_until_run(schedule: dict[str, Any], now: float) -> float:
    """Return how long it is until the next payout of a schedule.

    A daily one is made a day after the money is there, so that it doesn't depend on the time of day; the others
    at midnight (UTC, by the virtual clock) of their days.
    """
    if schedule["interval"] == "daily":
        return DAY
    today = datetime.fromtimestamp(now, UTC).date()
    day = next(
        today + timedelta(ahead) for ahead in range(1, 64) if _is_payday(schedule, today + timedelta(ahead))
    )
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - now


def _is_payday(schedule: dict[str, Any], day: date) -> bool:
    if schedule["interval"] == "weekly":
        wanted = schedule.get("weekly_payout_days") or [schedule["weekly_anchor"]]
        return calendar.day_name[day.weekday()].lower() in wanted
    days = schedule.get("monthly_payout_days") or [schedule["monthly_anchor"]]
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day in days or (day.day == last and max(days) > last)
