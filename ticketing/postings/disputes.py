"""Disputes: what a buyer's bank takes, what is taken back from the organizer meanwhile, and how it ends.

D is what was withdrawn, d Stripe's fee, X what was recovered from the organizer, share its part of D.
"""

from datetime import datetime

from ledger import chart
from ledger.services.posting import credit, debit
from ticketing.models import Dispute, Order, TransferReversal
from ticketing.postings.base import post_of_order


def dispute_opened(order: Order, opened: Dispute, *, at: datetime) -> None:
    """D leaves our balance until the dispute is decided, and d for good."""
    lines = [
        debit(chart.dispute(opened.stripe_dispute_id, order.organization), opened.withdrawn_amount),
        debit(chart.expense_dispute_fees(), opened.fee_amount),
        credit(chart.platform(), opened.withdrawn_amount + opened.fee_amount),
    ]
    source, currency = opened.stripe_dispute_id, opened.currency
    post_of_order("dispute_opened", source, order, lines, at=at, currency=currency)


def dispute_recovered(order: Order, taken: TransferReversal, *, at: datetime) -> None:
    """X of the organizer's share comes back from its balance, and is held until the dispute is decided."""
    assert taken.stripe_id is not None, taken.pk
    assert taken.dispute is not None, taken.pk
    organization = order.organization
    lines = [
        debit(chart.platform(), taken.amount),
        debit(chart.organizer(organization), taken.amount),
        credit(chart.connected(organization), taken.amount),
        credit(chart.dispute_hold(taken.dispute.stripe_dispute_id, organization), taken.amount),
    ]
    post_of_order("dispute_recovered", taken.stripe_id, order, lines, at=at)


def dispute_won(order: Order, won: Dispute, *, fee_returned: int, at: datetime) -> None:
    """D is ours to hold again; of d as much as Stripe returns, which is nothing in most countries."""
    lines = [
        debit(chart.platform(), won.reinstated_amount + fee_returned),
        credit(chart.dispute(won.stripe_dispute_id, order.organization), won.reinstated_amount),
        credit(chart.expense_dispute_fees(), fee_returned),
    ]
    post_of_order("dispute_won", won.stripe_dispute_id, order, lines, at=at, currency=won.currency)


def dispute_lost(order: Order, lost: Dispute, *, owed: int, at: datetime) -> None:
    """D is gone: X is the organizer's loss, `owed` (share − X) what it still owes us, the rest our own loss."""
    organization = order.organization
    lines = [
        debit(chart.dispute_hold(lost.stripe_dispute_id, organization), lost.recovered_amount),
        debit(chart.receivable_organizer(organization), owed),
        debit(chart.expense_dispute_loss(), lost.withdrawn_amount - lost.recovered_amount - owed),
        credit(chart.dispute(lost.stripe_dispute_id, organization), lost.withdrawn_amount),
    ]
    post_of_order("dispute_lost", lost.stripe_dispute_id, order, lines, at=at)
