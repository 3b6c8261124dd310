"""An organization's balance at Stripe, asked for each time: a remembered one would be wrong when it matters."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import Organization
from connect import gateway
from payouts.access import require_account


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount in minor units of its currency."""

    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class BalanceNow:
    """What can be paid out, what has yet to settle, and when Stripe said so."""

    available: list[Money]
    pending: list[Money]
    as_of: datetime


def read_balance(organization: Organization) -> BalanceNow:
    """What Stripe holds for the organization, in minor units by currency.

    Raises OrganizerNotConnected, StripeUnavailable.
    """
    account = require_account(organization)
    as_of = timezone.now()
    with gateway.answering_people():
        balance = gateway.retrieve_balance(str(account.stripe_account_id))
    return BalanceNow(available=_rows(balance.available), pending=_rows(balance.pending), as_of=as_of)


def _rows(amounts: dict[str, int]) -> list[Money]:
    return [Money(amount=amount, currency=currency) for currency, amount in sorted(amounts.items())]
