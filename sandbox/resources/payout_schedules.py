"""The payout schedule of a connected account: which parts belong together."""

from typing import Any

from sandbox.errors import invalid

ANCHORS = {
    "weekly": ("weekly_anchor", "weekly_payout_days"),
    "monthly": ("monthly_anchor", "monthly_payout_days"),
}
_PARAM = "settings[payouts][schedule]"


def merged_schedule(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a schedule after an update; an anchor goes with its own interval only."""
    if not new:
        return old
    interval = new.get("interval", old["interval"])
    for name in ("weekly", "monthly"):
        for anchor in ANCHORS[name]:
            if anchor in new and interval != name:
                raise invalid(
                    f"You can only specify {anchor} when the payout interval is {name}.",
                    param=f"{_PARAM}[{anchor}]",
                )
    anchors = ANCHORS.get(interval, ())
    if anchors and new.get("interval") and not any(anchor in new or anchor in old for anchor in anchors):
        raise invalid(
            f"You must specify {anchors[0]} when the payout interval is {interval}.",
            param=f"{_PARAM}[{anchors[0]}]",
        )
    day = new.get("monthly_anchor")
    if day is not None and not 1 <= day <= 31:
        raise invalid("Monthly anchors must be between 1 and 31.", param=f"{_PARAM}[monthly_anchor]")
    delay = new.get("delay_days", old["delay_days"])
    merged = {"delay_days": 2 if delay == "minimum" else delay, "interval": interval}
    for anchor in anchors:
        if anchor in new or anchor in old:
            merged[anchor] = new.get(anchor, old.get(anchor))
    return merged
