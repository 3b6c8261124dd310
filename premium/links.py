"""Addresses of Premium's pages as Stripe and mails need them: whole. The contract names them."""

from django.conf import settings


def success_url() -> str:
    """Where Stripe sends somebody who has paid; Stripe fills in the session."""
    return f"{settings.SITE_URL}/premium/success?session_id={{CHECKOUT_SESSION_ID}}"


def canceled_url() -> str:
    """Where Stripe sends somebody who left without paying."""
    return f"{settings.SITE_URL}/premium/?canceled=true"


def portal_return_url() -> str:
    """Where Stripe's portal leads back to: what was changed there is read on the way to the billing settings."""
    return f"{billing_url()}return/"


def billing_url() -> str:
    """The person's billing settings."""
    return f"{settings.SITE_URL}/dashboard/settings/billing/"
