"""Sending what is due. Work lives in PostgreSQL; these tasks are only woken by Redis or by the clock."""

from celery import shared_task


@shared_task
def send_due_messages() -> int:
    """Send every message that is due, one lease at a time; returns how many were tried."""
    from notifications.services.outbox import claim_due_messages, send_message

    tried = 0
    while claimed := claim_due_messages():
        for message_id in claimed:
            send_message(message_id)
        tried += len(claimed)
    return tried
