"""What a difference means and what is to be done about it, for staff who read it cold."""

from typing import Protocol

from maly.money import CURRENCIES, format_amount
from payouts.models import BalanceTransaction, MoneyException

Kind = MoneyException.Kind


class Sides(Protocol):
    """What both sides know of a key."""

    @property
    def books(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def at_stripe(self) -> int: ...
    @property
    def in_ledger(self) -> int: ...
    @property
    def types(self) -> list[str]: ...


def in_words(amount: int, currency: str) -> str:
    """A signed amount; Stripe may hold a currency that nothing here is sold in."""
    if currency not in CURRENCIES:
        return f"{amount} {currency.upper()}"
    return f"-{format_amount(-amount, currency)}" if amount < 0 else format_amount(amount, currency)


def _stripe(each: Sides) -> str:
    return in_words(each.at_stripe, each.currency)


def _ours(each: Sides) -> str:
    return in_words(each.in_ledger, each.currency)


def _missing_here(each: Sides) -> str:
    kinds = " and ".join(each.types)
    return (
        f"Stripe moved {_stripe(each)} ({kinds}) on {each.books}, and the ledger has nothing of {each.key}. "
        "Events that were lost are caught up within 10 minutes, refunds and payouts made at Stripe within the hour; "
        "if it stays, look the id up in Stripe's dashboard, find out who made it, and let it be recorded."
    )


def _missing_at_stripe(each: Sides) -> str:
    return (
        f"The ledger booked {_ours(each)} on {each.books} for {each.key}, and Stripe has no such movement there. "
        "Look the id up in Stripe's dashboard; if it never happened, reverse the posting."
    )


def _amount(each: Sides) -> str:
    return (
        f"Stripe moved {_stripe(each)} for {each.key} on {each.books}, the ledger booked {_ours(each)}. "
        "Stripe's amount counts: reverse the posting and book what Stripe says."
    )


def _stripe_fee(each: Sides) -> str:
    return (
        f"Stripe's fee is {in_words(-each.at_stripe, each.currency)} in {each.key}, the ledger booked "
        f"{in_words(-each.in_ledger, each.currency)}. Stripe's amount counts: reverse the posting and book its fee."
    )


def _application_fee(each: Sides) -> str:
    return (
        f"Of application fee {each.key} Stripe moved {_stripe(each)} on {each.books}, the ledger booked "
        f"{_ours(each)}. Compare the fee and its refunds in Stripe's dashboard with the order; Stripe's amount counts."
    )


def _duplicate(each: Sides) -> str:
    if abs(each.in_ledger) > abs(each.at_stripe):
        return (
            f"{each.key} is booked more than once on {each.books}: {_ours(each)}, where Stripe moved "
            f"{_stripe(each)}. Reverse the posting that is too much."
        )
    return (
        f"Stripe moved {_stripe(each)} for {each.key} on {each.books}, more than once what the ledger has: "
        f"{_ours(each)}. Ask Stripe's support before anything is booked."
    )


def _late(each: Sides) -> str:
    return (
        f"{each.key} is booked on {each.books} with a time more than a week from Stripe's own. The amount is right; "
        "the statement of one month has it and the other hasn't. Reverse it and book it with Stripe's time."
    )


def _unknown(each: Sides) -> str:
    kinds = " and ".join(each.types)
    return (
        f"Stripe moved {_stripe(each)} on {each.books} as {each.key} ({kinds}), which is of no kind that Maly knows. "
        "It is booked to suspense:unmatched. Find out what it was in Stripe's dashboard and say so with "
        "the action “Explain”."
    )


def overdue(row: BalanceTransaction) -> str:
    """Money that should be available by now."""
    return (
        f"{in_words(row.net_amount, row.currency)} of {row.stripe_id} was to be available on "
        f"{row.available_at:%Y-%m-%d} and is still pending on {row.books}. See in Stripe's dashboard whether the "
        "balance is held; ask Stripe's support."
    )


def wrong_account(ours: Sides, theirs: Sides) -> str:
    return (
        f"{ours.key} is booked on {ours.books}, {_ours(ours)}, but Stripe moved {_stripe(theirs)} on {theirs.books}. "
        "Reverse the posting and book it where Stripe has it."
    )


def other_currency(ours: Sides, theirs: Sides) -> str:
    return (
        f"{ours.key} is booked on {ours.books} as {_ours(ours)}, but Stripe moved {_stripe(theirs)}. "
        "Reverse the posting and book it in Stripe's currency."
    )


SAID = {
    Kind.MISSING_HERE: _missing_here,
    Kind.MISSING_AT_STRIPE: _missing_at_stripe,
    Kind.AMOUNT: _amount,
    Kind.STRIPE_FEE: _stripe_fee,
    Kind.APPLICATION_FEE: _application_fee,
    Kind.DUPLICATE: _duplicate,
    Kind.LATE: _late,
    Kind.UNKNOWN: _unknown,
}
MOVED = {Kind.WRONG_ACCOUNT: wrong_account, Kind.CURRENCY: other_currency}
