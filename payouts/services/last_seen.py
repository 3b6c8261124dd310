"""Keeping what Stripe last said about an account's money, so that pages needn't wait for it."""

from dataclasses import asdict
from datetime import datetime

from django.utils import timezone

from connect import gateway
from connect.models import ConnectedAccount
from connect.stripe_objects import Account, Balance, Bank
from payouts.models import LastSeen

KEPT = (
    "available",
    "pending",
    "schedule",
    "payouts_enabled",
    "bank_name",
    "bank_last4",
    "is_bank_usable",
    "seen_at",
)


def look_now(account: ConnectedAccount) -> LastSeen:
    """Ask Stripe for the account and its balance (two calls), and keep what it says. Raises GatewayError."""
    account_id, asked_at = str(account.stripe_account_id), timezone.now()
    seen, balance = gateway.retrieve_account(account_id), gateway.retrieve_balance(account_id)
    row = _row(account, seen, balance, asked_at)
    LastSeen.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["connected_account"], update_fields=KEPT
    )
    return row


def _row(account: ConnectedAccount, seen: Account, balance: Balance, asked_at: datetime) -> LastSeen:
    bank = next(iter(seen.banks), Bank())
    return LastSeen(
        connected_account=account,
        available=balance.available,
        pending=balance.pending,
        schedule=asdict(seen.payout_schedule),
        payouts_enabled=seen.payouts_enabled,
        bank_name=bank.name[:100],
        bank_last4=bank.last4[-4:],
        # A payout that failed at one of several banks stops those in its currency only, but that is trouble enough.
        is_bank_usable=all(each.is_usable for each in seen.banks),
        seen_at=asked_at,
    )
