"""What `manage.py doctor` asks about Premium: whether Stripe has its prices."""

from collections.abc import Iterator

from django.conf import settings

from connect.errors import GatewayError
from premium.services.prices import missing_prices


def checks_for_doctor() -> list[str]:
    """Every problem in words, each with what to do about it; without a key Stripe can't be asked."""
    return list(_prices()) if settings.STRIPE_SECRET_KEY else []


def _prices() -> Iterator[str]:
    try:
        missing = missing_prices()
    except GatewayError as error:
        yield f"Stripe can't be asked for Premium's prices ({type(error).__name__}): try again."
        return
    for lookup_key in missing:
        yield f"Stripe has no price {lookup_key} as it should be: run `python manage.py premium_prices`."
