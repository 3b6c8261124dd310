"""Finding orders by whatever staff have in hand: a code, a buyer's address, any id of Stripe's.

Every way leads to an order through a column that has an index, so that a search costs the same among millions.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q

from ledger.models import LedgerTransaction
from payouts.models import PayoutLine
from ticketing.models import (
    ApplicationFeeRefund,
    Dispute,
    Order,
    OrganizerTransfer,
    Payment,
    Refund,
    Ticket,
    TransferReversal,
)

LONGEST_SEARCH = 200
# A payout may hold more orders than anybody looks through; its own page has all of them.
MOST_FOUND = 1000
LETTERS = "0-9A-HJKMNP-TV-Z"
ORDER_CODE = re.compile(rf"(?:M-?)?([{LETTERS}]{{7}})")
REFUND_CODE = re.compile(rf"R-[{LETTERS}]{{7}}")
TICKET_CODE = re.compile(rf"([{LETTERS}]{{5}})-?([{LETTERS}]{{5}})")
STRIPE_ID = re.compile(r"[a-z]{2,6}_[0-9A-Za-z_]{1,120}")
Ids = Iterable[int | None]


def tidy(search: str) -> str:
    """A search as it is looked for and shown: one line, without what PostgreSQL can't even look for."""
    return " ".join(search.replace("\x00", "").split())[:LONGEST_SEARCH]


def found_by(search: str) -> Q:
    """The orders that a tidy search names; of what is no code, address or id there are none."""
    if "@" in search:
        return Q(email=search.lower())
    code = search.upper()
    if named := ORDER_CODE.fullmatch(code):
        return Q(code=f"M-{named[1]}")
    if REFUND_CODE.fullmatch(code):
        return _of(_orders(Refund, code=code))
    if named := TICKET_CODE.fullmatch(code):
        return _of(_orders(Ticket, code=named[1] + named[2]))
    if STRIPE_ID.fullmatch(search):
        return _of(_find_by_stripe_id(search))
    return Q(pk__in=[])


def is_payout(search: str) -> bool:
    return search.startswith("po_") and STRIPE_ID.fullmatch(search) is not None


def _find_by_stripe_id(identifier: str) -> set[int]:
    """By the column that holds ids of its kind, else by the ledger and the lines of payouts."""
    prefix = identifier.partition("_")[0]
    found = {order for find in WAYS.get(prefix, ()) for order in find(identifier) if order is not None}
    return found or _find_among_movements(identifier)


def _find_among_movements(identifier: str) -> set[int]:
    """What Stripe calls otherwise: an application fee, a balance transaction, the organizer's own payment."""
    lines = PayoutLine.objects.filter(Q(balance_transaction_id=identifier) | Q(source_id=identifier))
    ids = {order for order in lines.values_list("order", flat=True)[:MOST_FOUND] if order is not None}
    posted = LedgerTransaction.objects.filter(kind__in=POSTED_BY_ID, source=identifier)
    codes = [subject.removeprefix("order:") for subject in posted.values_list("subject", flat=True)]
    return ids | set(Order.objects.filter(code__in=codes).values_list("pk", flat=True))


def _orders(model: Any, **wanted: str) -> Ids:
    ids: Ids = model.objects.filter(**wanted).values_list("order", flat=True)[:MOST_FOUND]
    return ids


def _by(model: Any, column: str, path: str = "order") -> Callable[[str], Ids]:
    """The orders of the rows in which a column is the id."""

    def find(identifier: str) -> Ids:
        ids: Ids = model.objects.filter(**{column: identifier}).values_list(path, flat=True)[:MOST_FOUND]
        return ids

    return find


def _by_payout(identifier: str) -> Ids:
    lines = PayoutLine.objects.filter(payout__stripe_payout_id=identifier, order__isnull=False)
    return lines.order_by("-order").values_list("order", flat=True).distinct()[:MOST_FOUND]


def _of(ids: Ids) -> Q:
    return Q(pk__in=[order for order in ids if order is not None])


# Stripe's prefixes, and where an id of that kind stands. The ledger's kinds are those that it posts by Stripe's ids.
POSTED_BY_ID = ("application_fee", "stripe_fee", "fee_refunded", "transfer")
WAYS: dict[str, tuple[Callable[[str], Ids], ...]] = {
    "cs": (_by(Payment, "session_id"),),
    "pi": (_by(Payment, "payment_intent_id"),),
    "ch": (_by(Payment, "charge_id"),),
    "py": (_by(Payment, "charge_id"),),
    "re": (_by(Refund, "stripe_refund_id"),),
    "pyr": (_by(Refund, "stripe_refund_id"),),
    "dp": (_by(Dispute, "stripe_dispute_id"),),
    "du": (_by(Dispute, "stripe_dispute_id"),),
    "tr": (_by(Payment, "transfer_id"), _by(OrganizerTransfer, "stripe_id")),
    "trr": (_by(TransferReversal, "stripe_id", "payment__order"),),
    "fr": (_by(ApplicationFeeRefund, "stripe_id", "payment__order"),),
    "po": (_by_payout,),
}
