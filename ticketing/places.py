"""What an address says of its town; people write addresses in one line, in many ways."""

import re

# A country, or a state, that stands behind the town.
REGION = re.compile(
    r"[A-Z]{2,3}|USA|U\.S\.A\.|United (States|Kingdom)|England|Scotland|Wales|Ireland|Northern Ireland"
)


def town_of(address: str) -> str:
    """The town in an address, without postcode, state and country: Bristol; '' where none can be told."""
    parts = [_without_postcode(part) for part in address.split(",")]
    named = [part for part in parts[1:] if part and not REGION.fullmatch(part)]
    return named[-1] if named else ""


def _without_postcode(part: str) -> str:
    """Words with a digit are house numbers and postcodes."""
    return " ".join(word for word in part.split() if not any(letter.isdigit() for letter in word))
