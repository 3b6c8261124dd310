"""Which account is debited and credited when tickets are sold and refunded: one function for each business event.

G is what the buyer paid, A the application fee, R a refund and a what of the fee goes back with it. Each runs in the
transaction of the row that it tells of, and posts once however often it is called. Amounts are minor units.
"""

from ticketing.postings.refunds import (
    fee_refunded,
    receivable_recovered,
    refund,
    refund_failed,
    transfer_reversed,
)
from ticketing.postings.sales import charge_money, sale

__all__ = [
    "charge_money",
    "fee_refunded",
    "receivable_recovered",
    "refund",
    "refund_failed",
    "sale",
    "transfer_reversed",
]
