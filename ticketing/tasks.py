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
