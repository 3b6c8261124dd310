"""The outbox: a message is a row in the transaction that made it true, and is sent by a worker afterwards."""

import hashlib
import logging
import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.utils import timezone

from maly.crash import crash_point
from maly.poke import poke
from notifications.models import Message
from notifications.registry import Mail, render_message

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 12
LEASE = timedelta(minutes=2)
CLAIM = """
UPDATE notifications_message SET lease_until = clock_timestamp() + %s, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM notifications_message
    WHERE state = 'queued' AND due_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def enqueue(kind: str, *, key: str, to: str, ids: dict[str, Any]) -> None:
    """Queue a message in the caller's transaction; the same `key` again does nothing."""
    Message.objects.bulk_create([Message(kind=kind, key=key, to=to, ids=ids)], ignore_conflicts=True)
    from notifications.tasks import send_due_messages

    poke(send_due_messages)


def claim_due_messages(limit: int = 20) -> list[int]:
    """Lease up to `limit` due messages to this worker and commit; another worker gets others."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, [LEASE, limit])
        return [row[0] for row in cursor.fetchall()]


def send_message(message_id: int) -> None:
    """Render and send one leased message and record the outcome; a failure is retried later, with full jitter.

    Mail can't be exactly once: a crash between the provider's yes and our commit sends it again, under the same
    Message-ID.
    """
    message = Message.objects.get(pk=message_id)
    if message.state != Message.State.QUEUED:
        return
    crash_point("message.before_send")
    try:
        email = build_email(message, render_message(message.kind, message.ids))
        email.send()
    except Exception as error:  # noqa: BLE001  a mail server or a template may fail in any way; the row remembers
        _record_failure(message, error)
        return
    crash_point("message.sent")
    message.state, message.sent_at, message.error = Message.State.SENT, timezone.now(), ""
    message.provider_id = email.extra_headers["Message-ID"]
    message.save(update_fields=["state", "sent_at", "error", "provider_id"])
    logger.info("message_sent key=%s kind=%s", message.key, message.kind)


def build_email(message: Message, mail: Mail) -> EmailMultiAlternatives:
    """The mail with its recipient and a Message-ID that every retry repeats."""
    digest = hashlib.sha256(f"{settings.SECRET_KEY}:{message.key}".encode()).hexdigest()[:32]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    email = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[message.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": f"<{digest}@{domain}>", "X-Maly-Kind": message.kind},
    )
    if mail.html:
        email.attach_alternative(mail.html, "text/html")
    for attachment in mail.attachments:
        email.attach(attachment.to_mime())
    return email


def _record_failure(message: Message, error: Exception) -> None:
    message.error = f"{type(error).__name__}: {error}"[:2000]
    message.lease_until = None
    if message.attempts >= MAX_ATTEMPTS:
        message.state = Message.State.DEAD
        logger.error("message_dead key=%s error=%s", message.key, type(error).__name__)
    else:
        seconds = random.uniform(0, min(3600, 5 * 2**message.attempts))  # noqa: S311  jitter, no secret
        message.due_at = timezone.now() + timedelta(seconds=seconds)
        logger.warning("message_failed key=%s attempt=%s", message.key, message.attempts)
    message.save(update_fields=["error", "lease_until", "state", "due_at"])
