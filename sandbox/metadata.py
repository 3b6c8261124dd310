"""Metadata: its limits, and how an update merges into it."""

from typing import Any

from sandbox.errors import invalid

MAX_KEYS, MAX_KEY_LENGTH, MAX_VALUE_LENGTH = 50, 40, 500


def checked_metadata(value: Any, param: str = "metadata") -> dict[str, str]:
    """Return metadata as given, without emptied keys; raises `StripeError` past Stripe's limits."""
    if not value:
        return {}
    if len(value) > MAX_KEYS:
        raise invalid(f"You can have at most {MAX_KEYS} metadata keys; you passed {len(value)}.", param=param)
    for key, text in value.items():
        if len(key) > MAX_KEY_LENGTH:
            raise invalid(
                f"Metadata keys can have up to {MAX_KEY_LENGTH} characters; you passed {len(key)}: {key[:20]}...",
                param=param,
            )
        if len(text) > MAX_VALUE_LENGTH:
            raise invalid(
                f"Metadata values can have up to {MAX_VALUE_LENGTH} characters, but you passed in a value that is "
                f"{len(text)} characters. Invalid value: {text[:30]}...",
                param=f"{param}[{key}]",
            )
    return {key: text for key, text in value.items() if text != ""}


def merged_metadata(old: dict[str, str], new: Any, param: str = "metadata") -> dict[str, str]:
    """Return metadata after an update: given keys are set, emptied ones removed, '' removes all."""
    if new == "":
        return {}
    checked = checked_metadata(new, param)
    merged = {key: text for key, text in old.items() if (new or {}).get(key) != ""} | checked
    if len(merged) > MAX_KEYS:
        raise invalid(
            f"You can have at most {MAX_KEYS} metadata keys; you passed {len(merged)}.", param=param
        )
    return merged
