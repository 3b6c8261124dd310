"""The test cards: what each number does."""

import hashlib
from dataclasses import dataclass

from sandbox.errors import invalid


@dataclass(frozen=True)
class Card:
    """A card number and its behaviour; `decline` is (code, decline code, message)."""

    number: str
    note: str
    decline: tuple[str, str, str] | None = None
    asks_3ds: bool = False
    available_at_once: bool = False
    disputed: str | None = None
    # Can be kept for later, and fails whenever it is charged.
    fails_later: bool = False

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]

    @property
    def brand(self) -> str:
        """The card's network, by its first digits."""
        return {"3": "amex", "5": "mastercard", "6": "discover"}.get(self.number[0], "visa")

    @property
    def fingerprint(self) -> str:
        """A text that is the same for the same number and doesn't show it."""
        return hashlib.sha256(self.number.encode()).hexdigest()[:16]


DECLINED = ("card_declined", "generic_decline", "Your card was declined.")
SHORT = ("card_declined", "insufficient_funds", "Your card has insufficient funds.")

# In the order in which the payment page offers them.
SPECIAL = (
    Card("4242424242424242", "Pays"),
    Card("4000000000000077", "Pays; the money is available at once", available_at_once=True),
    Card("4000000000003220", "Asks for a 3D Secure check first", asks_3ds=True),
    Card("4000000000000002", "Declined by the bank", decline=DECLINED),
    Card("4000000000009995", "Declined: insufficient funds", decline=SHORT),
    Card("4000000000000259", "Pays, then the payment is disputed", disputed="fraudulent"),
)
MORE = (
    Card("4000000000000069", "Expired", decline=("expired_card", "expired_card", "Your card has expired.")),
    Card(
        "4000000000000127",
        "Wrong security code",
        decline=("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    ),
    Card(
        "4000000000000119",
        "Processing error",
        decline=(
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
)
FAILING = Card("4000000000000341", "Is kept, then every charge fails", decline=DECLINED, fails_later=True)
# In the order in which the billing portal offers them.
KEPT = (
    SPECIAL[0],
    Card("5555555555554444", "Pays (Mastercard)"),
    FAILING,
    Card("4000000000000002", "Can't be kept: declined by the bank", decline=DECLINED),
)
_BY_NUMBER = {card.number: card for card in (*SPECIAL, *MORE, FAILING)}


def find_card(number: str) -> Card:
    """Return the card of a number as typed; raises `StripeError` (`incorrect_number`) for one that is none."""
    digits = number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19 and _passes_luhn(digits)):
        raise invalid("Your card number is invalid.", param="card", code="incorrect_number")
    return _BY_NUMBER.get(digits) or Card(digits, "Pays")


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
