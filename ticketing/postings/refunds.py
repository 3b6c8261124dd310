"""Giving back: refunds, what comes back with them from the organizer, and what it owes for them."""

from datetime import datetime

from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.posting import credit, debit, reverse
from ticketing.models import ApplicationFeeRefund, Order, OrganizerReceivable, Refund, TransferReversal
from ticketing.postings.base import post_of_order


def refund(order: Order, given: Refund, *, is_owed: bool, at: datetime) -> None:
    """R leaves our balance: R − a the organizer's (or, where its balance was short, what it owes), a our revenue."""
    assert given.stripe_refund_id is not None, given.code
    payer = chart.receivable_organizer if is_owed else chart.organizer
    processing = min(given.processing_part_amount, given.fee_amount)
    lines = [
        debit(payer(order.organization), given.amount - given.fee_amount),
        debit(chart.revenue_platform_fee(), given.fee_amount - processing),
        debit(chart.revenue_processing_recovered(), processing),
        credit(chart.platform(), given.amount),
    ]
    post_of_order("refund", given.stripe_refund_id, order, lines, at=at)


def refund_failed(given: Refund, *, at: datetime) -> None:
    """The buyer's bank sent R back: the refund's posting is undone. Reversal and fee refund stay as they are."""
    assert given.stripe_refund_id is not None, given.code
    posted = LedgerTransaction.objects.filter(kind="refund", source=given.stripe_refund_id).first()
    if posted is not None:
        reverse(posted, source=given.stripe_refund_id, occurred_at=at)


def refund_paid_otherwise(order: Order, given: Refund, *, taken: int, at: datetime) -> None:
    """R failed at Stripe, and we paid the buyer from our bank: with what was taken from the organizer and our fee.

    What a short balance didn't bear is our loss: nobody owes it any more.
    """
    assert given.stripe_refund_id is not None, given.code
    fee = min(given.fee_amount, given.amount - taken)
    processing = min(given.processing_part_amount, fee)
    payer = chart.organizer if given.reverse_transfer else chart.receivable_organizer
    lines = [
        debit(payer(order.organization), taken),
        debit(chart.revenue_platform_fee(), fee - processing),
        debit(chart.revenue_processing_recovered(), processing),
        debit(chart.expense_refund_loss(), given.amount - taken - fee),
        credit(chart.bank_platform(), given.amount),
    ]
    post_of_order("refund_paid_otherwise", given.stripe_refund_id, order, lines, at=at)


def transfer_reversed(order: Order, taken: TransferReversal, *, at: datetime) -> None:
    """With a refund, the transfer comes back from the organizer's balance."""
    assert taken.stripe_id is not None, taken.pk
    lines = [debit(chart.platform(), taken.amount), credit(chart.connected(order.organization), taken.amount)]
    post_of_order("transfer_reversed", taken.stripe_id, order, lines, at=at)


def fee_refunded(order: Order, given: ApplicationFeeRefund, *, at: datetime) -> None:
    """With a refund, a part of the application fee goes to the organizer's balance."""
    assert given.stripe_id is not None, given.pk
    lines = [debit(chart.connected(order.organization), given.amount), credit(chart.platform(), given.amount)]
    post_of_order("fee_refunded", given.stripe_id, order, lines, at=at)


def receivable_recovered(order: Order, taken: TransferReversal, *, at: datetime) -> None:
    """What an organizer owed for a refund is taken from its balance."""
    assert taken.stripe_id is not None, taken.pk
    organization = order.organization
    lines = [
        debit(chart.platform(), taken.amount),
        debit(chart.organizer(organization), taken.amount),
        credit(chart.connected(organization), taken.amount),
        credit(chart.receivable_organizer(organization), taken.amount),
    ]
    post_of_order("receivable_recovered", taken.stripe_id, order, lines, at=at)


def receivable_written_off(
    order: Order, receivable: OrganizerReceivable, *, amount: int, at: datetime
) -> None:
    """What an organizer owes and will never pay is our loss. The source says how far the write-offs have gone."""
    lines = [
        debit(chart.expense_refund_loss(), amount),
        credit(chart.receivable_organizer(order.organization), amount),
    ]
    source = f"receivable:{receivable.pk}:{receivable.written_off_amount}"
    post_of_order("receivable_written_off", source, order, lines, at=at)
