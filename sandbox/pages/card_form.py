"""The fields of a card on a hosted page: what stands in them at first, and what is wrong with them."""

import re
import time
from collections.abc import Iterable
from typing import Any

from sandbox.cards import Card, find_card
from sandbox.errors import StripeError
from sandbox.pages.render import grouped

# What stands in the form at first, so that a demo needs no typing.
FILLED = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": ""}
_EXPIRY = re.compile(r"^(\d{1,2})\s*/?\s*(\d{2}|\d{4})$")


def card_problems(form: dict[str, str]) -> dict[str, str]:
    """Return what is wrong with a card's fields, in words, by field."""
    problems = {}
    try:
        find_card(form.get("number", ""))
    except StripeError:
        problems["number"] = "Enter a complete card number, such as 4242 4242 4242 4242."
    expiry = expiry_of(form.get("expiry", ""))
    now = time.localtime()
    if expiry is None:
        problems["expiry"] = "Enter the expiry date as MM / YY."
    elif (expiry[1], expiry[0]) < (now.tm_year, now.tm_mon):
        problems["expiry"] = "This card has expired. Enter a date in the future."
    if not re.fullmatch(r"\d{3,4}", form.get("cvc", "")):
        problems["cvc"] = "Enter the three or four digits of the security code."
    return problems


def expiry_of(text: str) -> tuple[int, int] | None:
    """Return (month, four-digit year) of an expiry date as typed, or None."""
    match = _EXPIRY.match(text)
    if not match or not 1 <= int(match[1]) <= 12:
        return None
    year = int(match[2])
    return int(match[1]), year + 2000 if year < 100 else year


def card_rows(cards: Iterable[Card]) -> list[dict[str, Any]]:
    """Return test cards as the pages list them."""
    return [{"number": card.number, "shown": grouped(card.number), "note": card.note} for card in cards]
