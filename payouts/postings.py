"""The bookkeeping of payouts: which account is debited and which is credited by each event of a payout.

An organizer's payout leaves its balance at Stripe, is on its way (clearing), and once it is paid we owe the organizer
that much less. The platform's own goes the same way to our bank. A payout below 0, which Stripe takes from the bank,
turns every line round.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organization
from ledger import chart
from ledger.chart import Account
from ledger.models import LedgerTransaction
from ledger.services.posting import credit, debit, post
from payouts.models import BalanceTransaction, OrganizerPayout, PlatformPayout

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


# What staff may say that a movement of no known kind was; the organizer's own where it is on an organizer's balance.
EXPLANATIONS: dict[str, Callable[[], Account]] = {
    "expense:stripe_fees": chart.expense_stripe_fees,
    "expense:dispute_fees": chart.expense_dispute_fees,
    "expense:refund_loss": chart.expense_refund_loss,
    "bank:platform": chart.bank_platform,
}


def unmatched(movement: BalanceTransaction, *, organization: Organization | None) -> LedgerTransaction:
    """A movement at Stripe of no known kind: its net against suspense:unmatched, until somebody says what it was."""
    return _of_movement("unmatched", movement, chart.suspense_unmatched(organization), organization)


def explained(
    movement: BalanceTransaction, *, account: str, organization: Organization | None
) -> LedgerTransaction:
    """What such a movement was, by staff: its net against the account that they named."""
    against = chart.organizer(organization) if organization else EXPLANATIONS[account]()
    return _of_movement("explained", movement, against, organization)


def _of_movement(
    kind: str, movement: BalanceTransaction, against: Account, organization: Organization | None
) -> LedgerTransaction:
    at_stripe = chart.connected(organization) if organization else chart.platform()
    came, went = (at_stripe, against) if movement.net_amount > 0 else (against, at_stripe)
    amount = abs(movement.net_amount)
    return post(
        kind,
        source=movement.stripe_id,
        currency=movement.currency,
        lines=[debit(came, amount), credit(went, amount)],
        occurred_at=movement.created_at,
        organization=organization,
        subject=f"movement:{movement.stripe_id}",
    )


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
