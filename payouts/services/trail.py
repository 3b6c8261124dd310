"""The money trail of an order: every movement of its money as the ledger has it, from the buyer to the bank.

Steps come from postings: those of the order itself, and of each payout that holds some of its money, as far as they are
this order's. What a step does is read from the accounts that it moved, so that a kind nobody has thought of yet shows
all the same. Amounts are minor units of the order's currency; what somebody gains is positive, what it gives negative.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from django.db.models import Prefetch, Sum

from ledger.models import LedgerEntry, LedgerTransaction
from payouts.models import SENT_BACK, OrganizerPayout, PayoutLine
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


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What has moved, in its order, and what is still to come."""

    steps: list[Step]
    pending: list[Pending]


def read_trail(order: Order) -> Trail:
    """The money trail of an order, in a fixed number of statements however long it is."""
    own = _postings_of([f"order:{order.code}"], order.currency)
    steps = [(posted, _step(posted, _entries_of(posted))) for posted in own]
    steps += _payout_steps(order)
    # Stripe's time is in seconds; within one, what was posted first happened first.
    steps.sort(key=lambda pair: (pair[0].occurred_at.replace(microsecond=0), pair[0].pk))
    return Trail(steps=_with_balance([step for _, step in steps]), pending=list_pending(order, own))


def _with_balance(steps: Sequence[Step]) -> list[Step]:
    balances = accumulate(step.organizer for step in steps)
    return [replace(step, organizer_balance=now) for step, now in zip(steps, balances, strict=True)]


def _payout_steps(order: Order) -> list[tuple[LedgerTransaction, Step]]:
    """What happened to the payouts that hold some of the order's money, each with the order's part of it."""
    parts = _parts_of_payouts(order)
    payouts = {f"payout:{one.stripe_payout_id}": one for one in OrganizerPayout.objects.filter(pk__in=parts)}
    steps = []
    for posted in _postings_of(list(payouts), order.currency):
        payout = payouts[posted.subject]
        share = parts[payout.pk]
        # A payout's entries are its whole amount on either side; the order has its share of each.
        entries = [
            (code, share if (amount > 0) == (payout.amount > 0) else -share)
            for code, amount in _entries_of(posted)
        ]
        steps.append((posted, _step(posted, entries, arrives_at=payout.arrival_date)))
    return [(posted, step) for posted, step in steps if step.amount]


def _parts_of_payouts(order: Order) -> dict[int, int]:
    """The order's part of each payout that holds some of its money, by the payout's key.

    What a bank sent back is in the next payout as one line, and with it the part of every order in it.
    """
    rows = PayoutLine.objects.filter(order=order, currency=order.currency).order_by().values_list("payout_id")
    parts = Counter(dict(rows.annotate(net=Sum("net_amount"))))
    found = dict(parts)
    while found:
        returned = OrganizerPayout.objects.filter(pk__in=found, status__in=SENT_BACK)
        before = {one.stripe_payout_id: one for one in returned}
        again = PayoutLine.objects.filter(source_id__in=before, type__in=OF_A_PAYOUT, currency=order.currency)
        sums = again.order_by().values_list("payout_id", "source_id").annotate(net=Sum("net_amount"))
        found_next: Counter[int] = Counter()
        for payout_id, source_id, net in sums if before else []:
            # The whole payout came back, or went once more: its amount with either sign.
            sign = 1 if (net > 0) == (before[source_id].amount > 0) else -1
            found_next[payout_id] += sign * found[before[source_id].pk] if net else 0
        parts.update(found_next)
        found = {payout_id: part for payout_id, part in found_next.items() if part}
    return dict(parts)


def _postings_of(subjects: Sequence[str], currency: str) -> list[LedgerTransaction]:
    found = LedgerTransaction.objects.filter(subject__in=subjects, currency=currency)
    entries = Prefetch("entries", LedgerEntry.objects.select_related("account"))
    return list(found.order_by("occurred_at", "id").prefetch_related(entries))


def _entries_of(posted: LedgerTransaction) -> list[tuple[str, int]]:
    return [(entry.account.code, entry.amount) for entry in posted.entries.all()]


def _step(
    posted: LedgerTransaction, entries: list[tuple[str, int]], *, arrives_at: datetime | None = None
) -> Step:
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
