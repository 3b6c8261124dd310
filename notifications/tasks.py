"""Sending what is due. Work lives in PostgreSQL; these tasks are only woken by Redis or by the clock."""

from celery import shared_task


@shared_task
def send_due_messages() -> int:
    """Send every message that is due, one lease at a time; returns how many were tried."""
    from notifications.services.sending import claim_due_messages, send_claimed

    tried = 0
    while (claim := claim_due_messages()).leases:
        send_claimed(claim)
        tried += len(claim.leases)
    return tried
