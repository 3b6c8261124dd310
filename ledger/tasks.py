"""Sweeps of the ledger."""

from celery import shared_task

from ledger.services.heads import export_heads
from ledger.services.sealing import seal_transactions


@shared_task
def seal_ledger() -> None:
    """Every ten seconds: seal what has committed, and export the heads of the days that have ended."""
    seal_transactions()
    export_heads()
