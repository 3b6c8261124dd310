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


def success_url() -> str:
    """Where Stripe sends the buyer after paying; Stripe fills in the session's id."""
    return f"{settings.SITE_URL}/payment-success?session_id={{CHECKOUT_SESSION_ID}}"


def cancel_url(order: Order) -> str:
    """Where Stripe's page leads whoever leaves it."""
    return f"{settings.SITE_URL}/payment-cancel?{urlencode({'order': order.code, 'key': order.key})}"


def door_url(token: str) -> str:
    """The check-in of one event, for whoever has this link."""
    return f"{settings.SITE_URL}{reverse('ticketing:door', args=[token])}"


def dispute_url(dispute: Dispute) -> str:
    """Where staff answer a dispute."""
    return f"{settings.SITE_URL}{reverse('admin:ticketing_dispute_answer', args=[dispute.pk])}"
