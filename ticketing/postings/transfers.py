"""Making organizers whole: our own transfers, which give back what was taken from them."""

from datetime import datetime

from ledger import chart
from ledger.services.posting import credit, debit
from ticketing.models import Order, OrganizerTransfer
from ticketing.postings.base import post_of_order


def organizer_made_whole(order: Order, sent: OrganizerTransfer, *, was_recovered: bool, at: datetime) -> None:
    """After a failed refund: what is the organizer's stands in our balance, and goes back into its own.

    What was taken later, to recover a receivable that nobody owes any more, is the organizer's again as well.
    """
    assert sent.stripe_id is not None, sent.pk
    organization = order.organization
    lines = [debit(chart.connected(organization), sent.amount), credit(chart.platform(), sent.amount)]
    if was_recovered:
        lines += [
            debit(chart.receivable_organizer(organization), sent.amount),
            credit(chart.organizer(organization), sent.amount),
        ]
    post_of_order("organizer_made_whole", sent.stripe_id, order, lines, at=at)


def dispute_returned(order: Order, sent: OrganizerTransfer, *, dispute_id: str, at: datetime) -> None:
    """After a won dispute (`dispute_id` is Stripe's): what was recovered from the organizer is its own again."""
    assert sent.stripe_id is not None, sent.pk
    organization = order.organization
    lines = [
        debit(chart.connected(organization), sent.amount),
        debit(chart.dispute_hold(dispute_id, organization), sent.amount),
        credit(chart.platform(), sent.amount),
        credit(chart.organizer(organization), sent.amount),
    ]
    post_of_order("dispute_returned", sent.stripe_id, order, lines, at=at)
