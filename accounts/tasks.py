"""Sweeps of accounts."""

from celery import shared_task


@shared_task
def forget_idempotent_requests() -> int:
    """Every hour: drop the answers that no client will ask for again."""
    from accounts.services.idempotency import forget_old_requests

    return forget_old_requests()
