"""The money trail of an order: every movement of its money as the ledger has it, from the buyer to the bank.

Steps come from postings: those of the order itself, and of each payout that holds some of its money, as far as they are
this order's. What a step does is read from the accounts that it moved, so that a kind nobody has thought of yet shows
all the same. Amounts are minor units of the order's currency; what somebody gains is positive, what it gives negative.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, groupby

from django.db.models import F, Q, Sum

from ledger.models import LedgerEntry, LedgerTransaction
from payouts.models import SENT_BACK, OrganizerPayout
from payouts.services.trail_pending import Pending, list_pending
from payouts.wording.trail import in_words
from ticketing.models import Order

# Who has a part in it: the organizer, the platform, and what a dispute or an open question holds back.
ORGANIZER = ("organizer:", "receivable:organizer:")
PLATFORM = ("revenue:", "expense:")
WITHHELD = ("dispute:", "dispute-hold:", "suspense:")
STRIPE_FEES = ("expense:stripe_fees", "expense:dispute_fees")
CONNECTED = "stripe:connected:"
OF_A_PAYOUT = ("payout", "payout_failure", "payout_cancel")
Entry = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One movement: who gains and who gives. The five parties and the bank always add up to zero.

    `amount` is what moved, `at_organizer` how the organizer's balance at Stripe changed, and `organizer_balance` what
    of the order is the organizer's after it, net of what it owes and what was paid out.
    """

    kind: str
    words: str
    id: str
    occurred_at: datetime
    currency: str
    amount: int
    buyer: int
    stripe: int
    platform: int
    organizer: int
    withheld: int
    bank: int
    at_organizer: int
    organizer_balance: int = 0
    arrives_at: datetime | None = None


@dataclass(frozen=True)
class Share:
    """What of a payout is the order's, minor units."""

    payout: OrganizerPayout
    amount: int


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What has moved, in its order, and what is still to come."""

    steps: list[Step]
    pending: list[Pending]


def read_trail(order: Order) -> Trail:
    """The money trail of an order, in a fixed number of statements however long it is.

    What came back from a bank takes one more each time it did. Payments and refunds that are read already aren't again.
    """
    own, shares = f"order:{order.code}", _shares_of_payouts(order)
    steps, kinds = [], set()
    for posted, entries in _postings_of([own, *shares], order.currency):
        if posted.subject == own:
            kinds.add(posted.kind)
            steps.append((posted, _step(posted, entries)))
        elif shares[posted.subject].amount:
            steps.append((posted, _payout_step(posted, entries, shares[posted.subject])))
    # Stripe's time is in seconds; within one, what was posted first happened first.
    steps.sort(key=lambda pair: (pair[0].occurred_at.replace(microsecond=0), pair[0].pk))
    return Trail(steps=_with_balance([step for _, step in steps]), pending=list_pending(order, kinds))


def _with_balance(steps: Sequence[Step]) -> list[Step]:
    balances = accumulate(step.organizer for step in steps)
    return [replace(step, organizer_balance=now) for step, now in zip(steps, balances, strict=True)]


def _payout_step(posted: LedgerTransaction, entries: Sequence[Entry], share: Share) -> Step:
    """What happened to a payout: its entries are its whole amount on either side, the order has its share of each."""
    payout = share.payout
    ours = [
        (code, share.amount if (amount > 0) == (payout.amount > 0) else -share.amount)
        for code, amount in entries
    ]
    return _step(posted, ours, arrives_at=payout.arrival_date)


def _shares_of_payouts(order: Order) -> dict[str, Share]:
    """The order's part of each payout that holds some of its money, by the payout's subject.

    What a bank sent back is in the next payout as one line, and with it the part of every order in it.
    """
    of_order = Q(lines__order=order, lines__currency=order.currency)
    found = OrganizerPayout.objects.filter(of_order).annotate(part=Sum("lines__net_amount"))
    latest = [Share(payout, payout.part) for payout in found]
    parts: Counter[OrganizerPayout] = Counter()
    while latest:
        for share in latest:
            parts[share.payout] += share.amount
        latest = _shares_after(latest, order.currency)
    return {f"payout:{payout.stripe_payout_id}": Share(payout, amount) for payout, amount in parts.items()}


def _shares_after(shares: Sequence[Share], currency: str) -> list[Share]:
    """Of the payouts that were sent back, the shares in the payouts that hold their money since."""
    before: dict[str, Share] = {}
    for share in shares:
        if share.payout.status in SENT_BACK and share.amount:
            before[share.payout.stripe_payout_id] = share
    if not before:
        return []
    of_them = Q(lines__source_id__in=before, lines__type__in=OF_A_PAYOUT, lines__currency=currency)
    found = OrganizerPayout.objects.filter(of_them).annotate(source=F("lines__source_id"))
    after: Counter[OrganizerPayout] = Counter()
    for payout in found.annotate(net=Sum("lines__net_amount")):
        # The whole payout came back, or went once more: its amount with either sign.
        sign = 1 if (payout.net > 0) == (before[payout.source].payout.amount > 0) else -1
        after[payout] += sign * before[payout.source].amount if payout.net else 0
    return [Share(payout, amount) for payout, amount in after.items()]


def _postings_of(subjects: Sequence[str], currency: str) -> Iterator[tuple[LedgerTransaction, list[Entry]]]:
    """The postings of these subjects, each with its entries, in one statement."""
    found = LedgerEntry.objects.filter(transaction__subject__in=subjects, transaction__currency=currency)
    entries = found.select_related("transaction", "account").order_by("transaction_id", "id")
    for _, group in groupby(entries, key=lambda entry: entry.transaction_id):
        together = list(group)
        yield together[0].transaction, [(entry.account.code, entry.amount) for entry in together]


def _step(posted: LedgerTransaction, entries: Sequence[Entry], *, arrives_at: datetime | None = None) -> Step:
    def gained(*accounts: str) -> int:
        return -sum(amount for code, amount in entries if code.startswith(accounts))

    organizer, platform, withheld = gained(*ORGANIZER), gained(*PLATFORM), gained(*WITHHELD)
    left_us = -(organizer + platform + withheld)
    is_payout = posted.subject.startswith("payout:")
    stripe = -gained(*STRIPE_FEES)
    return Step(
        kind=posted.kind,
        words=in_words(posted.kind),
        id=posted.source,
        occurred_at=posted.occurred_at,
        currency=posted.currency,
        amount=max(abs(amount) for _code, amount in entries),
        buyer=0 if is_payout else left_us - stripe,
        stripe=stripe,
        platform=platform,
        organizer=organizer,
        withheld=withheld,
        bank=left_us if is_payout else 0,
        at_organizer=-gained(CONNECTED),
        arrives_at=arrives_at,
    )
