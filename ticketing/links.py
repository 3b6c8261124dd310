"""Absolute links that buyers get, with the order's key in them; built here, never from a request."""

from urllib.parse import urlencode

from django.conf import settings

from ticketing.models import Event, Order


def event_url(event: Event) -> str:
    return f"{settings.SITE_URL}/e/{event.slug}/"


def order_url(order: Order) -> str:
    """The buyer's page of an order; whoever has this link may see it."""
    return f"{settings.SITE_URL}/o/{order.code}/?{urlencode({'key': order.key})}"


def success_url() -> str:
    """Where Stripe sends the buyer after paying; Stripe fills in the session's id."""
    return f"{settings.SITE_URL}/payment-success?session_id={{CHECKOUT_SESSION_ID}}"


def cancel_url(order: Order) -> str:
    """Where Stripe's page leads whoever leaves it."""
    return f"{settings.SITE_URL}/payment-cancel?{urlencode({'order': order.code, 'key': order.key})}"
