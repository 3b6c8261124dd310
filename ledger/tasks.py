"""Sweeps of the ledger."""

from celery import shared_task

from ledger.services.heads import export_heads
from ledger.services.sealing import seal_transactions
from ledger.services.violations import check_ledger


@shared_task
def seal_ledger() -> None:
    """Every ten seconds: seal what has committed, and export the heads of the days that have ended."""
    seal_transactions()
    export_heads()


@shared_task
def verify_changes() -> int:
    """Every minute: verify what was written since the last clean run; returns how many rows break an invariant."""
    return len(check_ledger(is_full=False).violations)


@shared_task
def verify_books() -> int:
    """Every night: verify everything there is."""
    return len(check_ledger().violations)
