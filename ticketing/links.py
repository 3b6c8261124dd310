"""Absolute links that buyers get, with the order's key in them; built here, never from a request."""

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from ticketing.models import Dispute, Event, Order


def event_url(event: Event) -> str:
    return f"{settings.SITE_URL}/e/{event.slug}/"


def order_url(order: Order) -> str:
    """The buyer's page of an order; whoever has this link may see it."""
    return f"{settings.SITE_URL}/o/{order.code}/?{urlencode({'key': order.key})}"


def my_tickets_url(token: str) -> str:
    """What was bought with one address, for whoever reads its mail. Logs keep paths, so the token isn't in the path."""
    return f"{settings.SITE_URL}{reverse('ticketing:my-tickets-link')}?{urlencode({'token': token})}"


def success_url() -> str:
    """Where Stripe sends the buyer after paying; Stripe fills in the session's id."""
    return f"{settings.SITE_URL}/payment-success?session_id={{CHECKOUT_SESSION_ID}}"


def cancel_url(order: Order) -> str:
    """Where Stripe's page leads whoever leaves it."""
    return f"{settings.SITE_URL}/payment-cancel?{urlencode({'order': order.code, 'key': order.key})}"


def door_url(token: str) -> str:
    """The check-in of one event, for whoever has this link."""
    return f"{settings.SITE_URL}{reverse('ticketing:door', args=[token])}"


def organizer_dispute_url(dispute: Dispute) -> str:
    """Where an organizer sees a dispute and says what it knows."""
    return f"{settings.SITE_URL}{reverse('ticketing:dispute', args=[dispute.stripe_dispute_id])}"


def dispute_url(dispute: Dispute) -> str:
    """Where staff answer a dispute."""
    return f"{settings.SITE_URL}{reverse('adminpanel:dispute', args=[dispute.stripe_dispute_id])}"
