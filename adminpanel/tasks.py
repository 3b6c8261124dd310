"""Sweeps of the cockpit."""

from celery import shared_task

from adminpanel.services import revenue


@shared_task
def refresh_revenue() -> None:
    """Every five minutes: bring the revenue views up to date."""
    revenue.refresh_revenue()
