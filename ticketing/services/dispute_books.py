"""What a dispute moves, written down: withdrawn, recovered from the organizer, given back, or gone.

Each runs in the transaction that has locked order, payment and dispute. Amounts are minor units of its currency.
"""

from datetime import datetime

from django.db.models import Sum

from accounts.services import audit
from connect.stripe_objects import Dispute as StripeDispute
from maly.money import share_of
from ticketing import postings
from ticketing.models import (
    Dispute,
    Order,
    OrganizerReceivable,
    OrganizerTransfer,
    Payment,
    TransferReversal,
)
from ticketing.services.refundable import ACTIVE
from ticketing.services.review_refunds import book_loss_in_review
from ticketing.services.transfers import write_transfer


def share_of_organizer(payment: Payment, dispute: Dispute) -> int:
    """The organizer's share of what was withdrawn: what it got of that money, less what refunds have taken.

    In proportion where only a part is disputed. Nothing of a payment that waits for staff: nobody knows whose it is.
    """
    if payment.status != Payment.Status.SUCCEEDED:
        return 0
    refunded = payment.refunds.filter(status__in=ACTIVE).aggregate(
        total=Sum("amount", default=0), fee=Sum("fee_amount", default=0)
    )
    others = payment.disputes.exclude(pk=dispute.pk).filter(reinstated_amount=0)
    other = others.aggregate(total=Sum("withdrawn_amount", default=0), share=Sum("share_amount", default=0))
    got: int = (
        payment.amount
        - payment.application_fee_amount
        - (refunded["total"] - refunded["fee"])
        - other["share"]
    )
    left = payment.amount - refunded["total"] - other["total"]
    if left > dispute.withdrawn_amount:
        got = share_of(got, dispute.withdrawn_amount, left)
    return max(0, min(got, dispute.withdrawn_amount))


def book_withdrawal(order: Order, payment: Payment, dispute: Dispute, answer: StripeDispute) -> None:
    """The bank took the disputed money, and Stripe its fee."""
    assert answer.withdrawn_at is not None, dispute
    dispute.withdrawn_amount, dispute.fee_amount = answer.withdrawn_amount, answer.fee_amount
    dispute.share_amount = share_of_organizer(payment, dispute)
    postings.dispute_opened(order, dispute, at=answer.withdrawn_at)


def has_gone_back_twice(payment: Payment, dispute: Dispute) -> bool:
    """Whether refunds and disputes that weren't won took more than was paid: a bank may not know of a refund."""
    refunds = payment.refunds.filter(status__in=ACTIVE).aggregate(total=Sum("amount", default=0))
    others = payment.disputes.exclude(pk=dispute.pk).filter(reinstated_amount=0)
    other = others.aggregate(total=Sum("withdrawn_amount", default=0))
    return bool(refunds["total"] + other["total"] + dispute.withdrawn_amount > payment.charged_amount)


def book_recovery(
    order: Order, payment: Payment, dispute: Dispute, taken: TransferReversal, *, at: datetime
) -> None:
    """A part of the organizer's share came back; a dispute that was won meanwhile gives it back at once."""
    dispute.recovered_amount += taken.amount
    dispute.save(update_fields=["recovered_amount"])
    postings.dispute_recovered(order, taken, at=at)
    audit.record(
        "dispute.recovered",
        organization=order.organization,
        subject=f"order:{order.code}",
        after={"amount": taken.amount, "currency": dispute.currency, "of": dispute.share_amount},
    )
    write_return(order, payment, dispute)


def book_reinstatement(order: Order, payment: Payment, dispute: Dispute, answer: StripeDispute) -> None:
    """The bank gave the money back: ours again, and what the organizer gave for it is its own again."""
    assert answer.reinstated_at is not None, dispute
    dispute.reinstated_amount = answer.reinstated_amount
    dispute.fee_amount -= answer.fee_returned_amount
    postings.dispute_won(order, dispute, fee_returned=answer.fee_returned_amount, at=answer.reinstated_at)
    write_return(order, payment, dispute)


def write_return(order: Order, payment: Payment, dispute: Dispute) -> OrganizerTransfer | None:
    """Write the transfer of what a won dispute's organizer is still to get back, if there is anything."""
    live = dispute.organizer_transfers.exclude(status="refused")
    given = live.aggregate(total=Sum("amount", default=0))["total"]
    due = min(dispute.recovered_amount, dispute.reinstated_amount) - given
    if due <= 0:
        return None
    purpose = OrganizerTransfer.Purpose.DISPUTE_RETURNED
    return write_transfer(order, payment, amount=due, purpose=purpose, dispute=dispute)


def book_loss(order: Order, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    """The money is gone: what was recovered stays ours, what is missing of the share is owed, the rest is our loss."""
    if payment.received is not None:
        book_loss_in_review(order, payment, dispute, at=at)
        return
    dispute.share_amount = share_of_organizer(payment, dispute)
    owed = max(0, dispute.share_amount - dispute.recovered_amount)
    if owed:
        OrganizerReceivable.objects.create(
            organization=order.organization, dispute=dispute, currency=dispute.currency, amount=owed
        )
    postings.dispute_lost(order, dispute, owed=owed, at=at)
