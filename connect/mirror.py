"""dj-stripe as a mirror of Stripe's objects for the Django admin. Nothing of ours reads it to decide.

dj-stripe looks for an object's owner by the API key, which it stores in clear in its own table, and asks Stripe about
it. Every object here belongs to this platform, so it is told that there is no owner to look for: no key is stored.
It reaches Stripe by settings.STRIPE_API_HOST, which is the gateway's own address.
"""

from typing import Any

from django.conf import settings
from djstripe.models import Account, Payout
from djstripe.models.base import StripeModel

PAYOUT_REFERENCES = (
    "balance_transaction",
    "destination",
    "failure_balance_transaction",
    "original_payout",
    "reversed_by",
)


def _no_owner(_cls: type, _data: Any, api_key: str | None = None, livemode: bool | None = None) -> None:
    """Stands in for dj-stripe's own search, keeping its signature."""


StripeModel._find_owner_account = classmethod(_no_owner)


def feed_account(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copy of a connected account to what the gateway fetched. May raise anything."""
    Account.sync_from_stripe_data(data, api_key=settings.STRIPE_SECRET_KEY)


def feed_payout(data: dict[str, Any]) -> None:
    """Bring dj-stripe's copy of a payout to what the gateway fetched. May raise anything.

    What a payout refers to belongs to the connected account, where dj-stripe, having no owner, can't look: it stays
    in `stripe_data` alone.
    """
    alone = {**data, **dict.fromkeys(PAYOUT_REFERENCES)}
    mirrored = Payout.sync_from_stripe_data(alone, api_key=settings.STRIPE_SECRET_KEY)
    mirrored.stripe_data = data
    mirrored.save(update_fields=["stripe_data"])
