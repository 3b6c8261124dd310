"""Stripe's objects as Maly knows them: what the gateway answers. Amounts are minor units of `currency`."""

from connect.stripe_objects.accounts import Account, AccountLink, Bank, PayoutSchedule
from connect.stripe_objects.balances import Balance, BalanceTransaction, Payout
from connect.stripe_objects.base import Data, hide_ids, id_of, moment
from connect.stripe_objects.disputes import Dispute
from connect.stripe_objects.payments import Charge, PaymentIntent, Session
from connect.stripe_objects.refunds import Moved, Refund

__all__ = [
    "Account",
    "AccountLink",
    "Balance",
    "BalanceTransaction",
    "Bank",
    "Charge",
    "Data",
    "Dispute",
    "Moved",
    "PaymentIntent",
    "Payout",
    "PayoutSchedule",
    "Refund",
    "Session",
    "hide_ids",
    "id_of",
    "moment",
]
