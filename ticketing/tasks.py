"""The sweeps as tasks; when each runs is in maly/celery.py."""

import logging

from celery import shared_task

from connect import dispute_calls, mirror, refund_calls
from connect.gateway import patiently

logger = logging.getLogger(__name__)


@shared_task
def expire_holds() -> int:
    from ticketing.services.holds import expire_due_holds

    with patiently():
        return expire_due_holds()


@shared_task
def find_paid_sessions() -> int:
    from ticketing.services import session_sweeps

    with patiently():
        return session_sweeps.find_paid_sessions()


@shared_task
def resolve_requested_payments() -> int:
    from ticketing.services import holds

    with patiently():
        return holds.resolve_requested_payments()


@shared_task
def record_missing_charge_money() -> int:
    from ticketing.services import charges

    with patiently():
        return charges.record_missing_charge_money()


@shared_task
def resolve_refunds() -> int:
    from ticketing.services import refund_sweeps

    with patiently():
        return refund_sweeps.resolve_refunds()


@shared_task
def recover_receivables() -> int:
    from ticketing.services import refund_sweeps

    with patiently():
        return refund_sweeps.recover_receivables()


@shared_task
def find_refunds() -> int:
    from ticketing.services import refund_sweeps

    with patiently():
        return refund_sweeps.find_refunds()


@shared_task
def resolve_transfers() -> int:
    from ticketing.services import transfers

    with patiently():
        return transfers.resolve_transfers()


@shared_task
def work_off_cancellations() -> int:
    from ticketing.services import cancellation_work

    with patiently():
        return cancellation_work.work_off_cancellations(for_seconds=8)


@shared_task
def find_disputes() -> int:
    from ticketing.services import dispute_sweeps

    with patiently():
        return dispute_sweeps.find_disputes()


@shared_task
def resolve_dispute_answers() -> int:
    from ticketing.services import dispute_sweeps

    with patiently():
        return dispute_sweeps.resolve_dispute_answers()


@shared_task
def mirror_dispute(dispute_id: str) -> None:
    """Feed dj-stripe's copy of a dispute. The mirror's faults are logged and stay its own."""
    try:
        with patiently():
            dispute = dispute_calls.retrieve_dispute(dispute_id)
        mirror.feed_dispute(dispute.raw)
    except Exception:  # whatever dj-stripe stumbles over
        logger.exception("mirror_failed object=dispute")


@shared_task
def mirror_refund(refund_id: str) -> None:
    """Feed dj-stripe's copy of a refund. The mirror's faults are logged and stay its own."""
    try:
        with patiently():
            refund = refund_calls.retrieve_refund(refund_id)
        mirror.feed_refund(refund.raw)
    except Exception:  # whatever dj-stripe stumbles over
        logger.exception("mirror_failed object=refund")


@shared_task
def tell_of_the_day() -> int:
    """Queue yesterday's sales for the members who want one email a day."""
    from ticketing.services import sales_news

    return sales_news.tell_of_the_day()
