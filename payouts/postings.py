"""The bookkeeping of payouts: which account is debited and which is credited by each event of a payout.

An organizer's payout leaves its balance at Stripe, is on its way (clearing), and once it is paid we owe the organizer
that much less. The platform's own goes the same way to our bank. A payout below 0, which Stripe takes from the bank,
turns every line round.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organization
from ledger import chart
from ledger.chart import Account
from ledger.models import LedgerTransaction
from ledger.services.posting import credit, debit, post
from payouts.models import OrganizerPayout, PlatformPayout

AnyPayout = OrganizerPayout | PlatformPayout


@dataclass(frozen=True)
class Accounts:
    """Where a payout's money is: at Stripe, on its way, arrived."""

    at_stripe: Account
    on_its_way: Account
    arrived: Account
    organization: Organization | None


def payout_created(payout: AnyPayout) -> LedgerTransaction:
    """Debit clearing:payout, credit the balance at Stripe."""
    books = _accounts(payout)
    return _move("created", payout, debited=books.on_its_way, credited=books.at_stripe, at=payout.created_at)


def payout_paid(payout: AnyPayout) -> LedgerTransaction:
    """Debit what we owe the organizer (of the platform's own: our bank), credit clearing:payout."""
    books = _accounts(payout)
    assert payout.paid_at is not None
    return _move("paid", payout, debited=books.arrived, credited=books.on_its_way, at=payout.paid_at)


def payout_sent_back_on_its_way(payout: AnyPayout) -> LedgerTransaction:
    """Failed or canceled before it was paid: debit the balance at Stripe, credit clearing:payout."""
    books = _accounts(payout)
    assert payout.failed_at is not None
    return _move(
        payout.status, payout, debited=books.at_stripe, credited=books.on_its_way, at=payout.failed_at
    )


def payout_sent_back_after_paid(payout: AnyPayout) -> LedgerTransaction:
    """Failed after it was paid: debit the balance at Stripe, credit what we owe the organizer (our bank)."""
    books = _accounts(payout)
    assert payout.failed_at is not None
    return _move(payout.status, payout, debited=books.at_stripe, credited=books.arrived, at=payout.failed_at)


def _accounts(payout: AnyPayout) -> Accounts:
    if isinstance(payout, PlatformPayout):
        return Accounts(chart.platform(), chart.clearing_payout_platform(), chart.bank_platform(), None)
    owner = payout.organization
    return Accounts(chart.connected(owner), chart.clearing_payout(owner), chart.organizer(owner), owner)


def _move(
    event: str, payout: AnyPayout, *, debited: Account, credited: Account, at: datetime
) -> LedgerTransaction:
    if payout.amount < 0:
        debited, credited = credited, debited
    amount = abs(payout.amount)
    return post(
        f"payout_{event}",
        source=payout.stripe_payout_id,
        currency=payout.currency,
        lines=[debit(debited, amount), credit(credited, amount)],
        occurred_at=at,
        organization=_accounts(payout).organization,
        subject=f"payout:{payout.stripe_payout_id}",
    )
