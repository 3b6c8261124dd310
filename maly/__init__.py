"""Maly: open-source event ticketing for marketplaces on Stripe Connect."""

from maly.celery import app as celery_app

__all__ = ["celery_app"]
