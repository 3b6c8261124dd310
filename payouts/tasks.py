"""What workers do for payouts; when each sweep runs is in maly/celery.py. Each is safe to run twice and at any time."""

import logging

from celery import shared_task

from connect import gateway, mirror

logger = logging.getLogger(__name__)


@shared_task
def find_payouts() -> int:
    from payouts.services import sweeps

    with gateway.patiently():
        return sweeps.find_payouts()


@shared_task
def follow_payouts() -> int:
    from payouts.services import sweeps

    with gateway.patiently():
        return sweeps.follow_payouts()


@shared_task
def resolve_payout_requests() -> int:
    from payouts.services import sweeps

    with gateway.patiently():
        return sweeps.resolve_payout_requests()


@shared_task
def mirror_payout(account_id: str, payout_id: str) -> None:
    """Feed dj-stripe's copy of a payout. The mirror's faults are logged and stay its own."""
    try:
        with gateway.patiently():
            payout = gateway.retrieve_payout(account_id, payout_id)
        mirror.feed_payout(payout.raw)
    except Exception:  # whatever dj-stripe stumbles over
        logger.exception("mirror_failed object=payout")
