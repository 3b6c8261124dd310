"""Selling: the charge and what Stripe makes of it."""

from datetime import datetime

from ledger import chart
from ledger.services.posting import credit, debit
from ticketing.models import Order, Payment
from ticketing.postings.base import post_of_order


def sale(order: Order, payment: Payment, *, at: datetime) -> None:
    """The charge: G is ours to hold, G − A of it the organizer's, A our revenue."""
    assert payment.charge_id is not None, payment.pk
    lines = [
        debit(chart.platform(), payment.amount),
        credit(chart.organizer(order.organization), payment.amount - payment.application_fee_amount),
        credit(chart.revenue_platform_fee(), order.platform_fee_amount),
        credit(chart.revenue_processing_recovered(), order.processing_fee_amount),
    ]
    post_of_order("sale", payment.charge_id, order, lines, at=at)


def charge_money(order: Order, payment: Payment, *, at: datetime) -> None:
    """What Stripe made of the charge, as far as it is known: its own fee, the transfer, the application fee."""
    if payment.balance_transaction_id and payment.stripe_fee_amount:
        lines = [
            debit(chart.expense_stripe_fees(), payment.stripe_fee_amount),
            credit(chart.platform(), payment.stripe_fee_amount),
        ]
        post_of_order("stripe_fee", payment.balance_transaction_id, order, lines, at=at)
    connected = chart.connected(order.organization)
    if payment.transfer_id:
        lines = [debit(connected, payment.amount), credit(chart.platform(), payment.amount)]
        post_of_order("transfer", payment.transfer_id, order, lines, at=at)
    if payment.application_fee_id and payment.application_fee_amount:
        lines = [
            debit(chart.platform(), payment.application_fee_amount),
            credit(connected, payment.application_fee_amount),
        ]
        post_of_order("application_fee", payment.application_fee_id, order, lines, at=at)
