"""What tests of money compare: Stripe's balances and the ledger's, in minor units of US dollars."""

from dataclasses import dataclass

from connect import gateway
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from ticketing.models import Order


@dataclass(frozen=True)
class Books:
    """Who has what, from Stripe's own balances; `owed` is what organizers owe by our ledger."""

    organizer: int
    platform: int
    owed: int = 0


def held_by(account_id: str, currency: str = "usd") -> int:
    """Everything that an account has at Stripe, pending and available; "" is the platform."""
    held = gateway.retrieve_balance(account_id)
    return held.available.get(currency, 0) + held.pending.get(currency, 0)


def read_books(order: Order) -> Books:
    """Stripe's balances of the order's organizer and of the platform, which the ledger must say too."""
    assert order.connected_account is not None
    assert order.connected_account.stripe_account_id is not None
    organization = order.organization
    at_stripe = held_by(order.connected_account.stripe_account_id), held_by("")
    ours = (
        balance(chart.connected(organization), currency="usd"),
        balance(chart.platform(), currency="usd"),
    )
    assert ours == at_stripe
    assert -balance(chart.organizer(organization), currency="usd") == ours[0]
    assert verify_ledger().violations == []
    return Books(*ours, owed=balance(chart.receivable_organizer(organization), currency="usd"))
