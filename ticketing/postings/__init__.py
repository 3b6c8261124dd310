"""Which account is debited and credited when tickets are sold and refunded: one function for each business event.

G is what the buyer paid, A the application fee, R a refund and a what of the fee goes back with it. Each runs in the
transaction of the row that it tells of, and posts once however often it is called. Amounts are minor units.
"""

from ticketing.postings.disputes import dispute_lost, dispute_opened, dispute_recovered, dispute_won
from ticketing.postings.refunds import (
    fee_refunded,
    receivable_recovered,
    receivable_written_off,
    refund,
    refund_failed,
    refund_paid_otherwise,
    transfer_reversed,
)
from ticketing.postings.sales import charge_money, sale
from ticketing.postings.transfers import dispute_returned, organizer_made_whole

__all__ = [
    "charge_money",
    "dispute_lost",
    "dispute_opened",
    "dispute_recovered",
    "dispute_returned",
    "dispute_won",
    "fee_refunded",
    "organizer_made_whole",
    "receivable_recovered",
    "receivable_written_off",
    "refund",
    "refund_failed",
    "refund_paid_otherwise",
    "sale",
    "transfer_reversed",
]
