"""The sweeps as tasks; when each runs is in maly/celery.py."""

from celery import shared_task

from connect.gateway import patiently


@shared_task
def expire_holds() -> int:
    from ticketing.services.holds import expire_due_holds

    with patiently():
        return expire_due_holds()


@shared_task
def resolve_requested_payments() -> int:
    from ticketing.services import holds

    with patiently():
        return holds.resolve_requested_payments() + holds.finish_late_refunds()


@shared_task
def record_missing_charge_money() -> int:
    from ticketing.services import charges

    with patiently():
        return charges.record_missing_charge_money()
