"""What workers do for payouts; when each sweep runs is in maly/celery.py. Each is safe to run twice and at any time."""

import logging

from celery import shared_task

from connect import gateway, mirror

logger = logging.getLogger(__name__)
# A first import of a long history takes its time; what it has read is kept. Less than the broker's visibility timeout.
RUN_SECONDS = 3000


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
def apply_payout_holds() -> int:
    from payouts.services import holding

    with gateway.patiently():
        return holding.apply_holds()


@shared_task
def release_held_payouts() -> int:
    from payouts.services import holding_releases

    with gateway.patiently():
        return holding_releases.release_due()


@shared_task(soft_time_limit=RUN_SECONDS, time_limit=RUN_SECONDS + 60)
def reconcile_with_stripe() -> None:
    """Import what Stripe moved and compare it with the books, once a day with Stripe's balances too."""
    from payouts.services.reconciliation import runs

    try:
        runs.reconcile(with_balances=runs.are_balances_due())
    except runs.RunUnderWay:
        logger.info("reconciliation_under_way")


@shared_task
def mirror_payout(account_id: str, payout_id: str) -> None:
    """Feed dj-stripe's copy of a payout. The mirror's faults are logged and stay its own."""
    try:
        with gateway.patiently():
            payout = gateway.retrieve_payout(account_id, payout_id)
        mirror.feed_payout(payout.raw)
    except Exception:  # whatever dj-stripe stumbles over
        logger.exception("mirror_failed object=payout")
