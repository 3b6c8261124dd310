"""Which account is debited and credited when tickets are sold and refunded: one function for each business event.

G is what the buyer paid, A the application fee, R a refund and a what of the fee goes back with it. Each runs in the
transaction of the row that it tells of, and posts once however often it is called. Amounts are minor units.
"""

from datetime import datetime

from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.posting import Line, credit, debit, post, reverse
from ticketing.models import ApplicationFeeRefund, Order, Payment, Refund, TransferReversal


def sale(order: Order, payment: Payment, *, at: datetime) -> None:
    """The charge: G is ours to hold, G − A of it the organizer's, A our revenue."""
    assert payment.charge_id is not None, payment.pk
    lines = [
        debit(chart.platform(), payment.amount),
        credit(chart.organizer(order.organization), payment.amount - payment.application_fee_amount),
        credit(chart.revenue_platform_fee(), order.platform_fee_amount),
        credit(chart.revenue_processing_recovered(), order.processing_fee_amount),
    ]
    _post("sale", payment.charge_id, order, lines, at=at)


def charge_money(order: Order, payment: Payment, *, at: datetime) -> None:
    """What Stripe made of the charge, as far as it is known: its own fee, the transfer, the application fee."""
    if payment.balance_transaction_id and payment.stripe_fee_amount:
        lines = [
            debit(chart.expense_stripe_fees(), payment.stripe_fee_amount),
            credit(chart.platform(), payment.stripe_fee_amount),
        ]
        _post("stripe_fee", payment.balance_transaction_id, order, lines, at=at)
    connected = chart.connected(order.organization)
    if payment.transfer_id:
        lines = [debit(connected, payment.amount), credit(chart.platform(), payment.amount)]
        _post("transfer", payment.transfer_id, order, lines, at=at)
    if payment.application_fee_id and payment.application_fee_amount:
        lines = [
            debit(chart.platform(), payment.application_fee_amount),
            credit(connected, payment.application_fee_amount),
        ]
        _post("application_fee", payment.application_fee_id, order, lines, at=at)


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
    _post("refund", given.stripe_refund_id, order, lines, at=at)


def refund_failed(given: Refund, *, at: datetime) -> None:
    """The buyer's bank sent R back: the refund's posting is undone. Reversal and fee refund stay as they are."""
    assert given.stripe_refund_id is not None, given.code
    posted = LedgerTransaction.objects.filter(kind="refund", source=given.stripe_refund_id).first()
    if posted is not None:
        reverse(posted, source=given.stripe_refund_id, occurred_at=at)


def transfer_reversed(order: Order, taken: TransferReversal, *, at: datetime) -> None:
    """With a refund, the transfer comes back from the organizer's balance."""
    assert taken.stripe_id is not None, taken.pk
    lines = [debit(chart.platform(), taken.amount), credit(chart.connected(order.organization), taken.amount)]
    _post("transfer_reversed", taken.stripe_id, order, lines, at=at)


def fee_refunded(order: Order, given: ApplicationFeeRefund, *, at: datetime) -> None:
    """With a refund, a part of the application fee goes to the organizer's balance."""
    assert given.stripe_id is not None, given.pk
    lines = [debit(chart.connected(order.organization), given.amount), credit(chart.platform(), given.amount)]
    _post("fee_refunded", given.stripe_id, order, lines, at=at)


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
    _post("receivable_recovered", taken.stripe_id, order, lines, at=at)


def _post(kind: str, source: str, order: Order, lines: list[Line], *, at: datetime) -> None:
    post(
        kind,
        source=source,
        currency=order.currency,
        organization=order.organization,
        subject=f"order:{order.code}",
        occurred_at=at,
        lines=lines,
    )
