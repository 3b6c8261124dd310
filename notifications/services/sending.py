"""Sending what is queued: each message is leased to one worker, tried until it is taken, and given up at last."""

import hashlib
import logging
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from maly.crash import crash_point
from notifications.models import Message
from notifications.registry import Mail, render_message
from notifications.services.push_sending import send_note

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 12
# Claimed so often and never failed: worker after worker has died over it.
DEADLY_ATTEMPTS = 36
LEASE = timedelta(minutes=2)
# What must be left of a lease to begin with a message; a mail server may take EMAIL_TIMEOUT for each of its answers.
ENOUGH = timedelta(seconds=60)
CLAIM = """
UPDATE notifications_message SET lease_until = clock_timestamp() + %s * interval '1 second', attempts = attempts + 1
WHERE id IN (
    SELECT id FROM notifications_message
    WHERE state = 'queued' AND due_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id, lease_until
"""


@dataclass(frozen=True)
class Claim:
    """Messages that are one worker's: each with its lease's end, and the moment after which none is begun."""

    leases: dict[int, datetime]
    begin_by: float  # by this process's own clock, which nobody sets


def claim_due_messages(limit: int = 20) -> Claim:
    """Lease up to `limit` due messages to this worker and commit; another worker gets others."""
    begin_by = time.monotonic() + (LEASE - ENOUGH).total_seconds()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, [LEASE.total_seconds(), limit])
        return Claim(dict(sorted(cursor.fetchall())), begin_by)  # the buyer before the organizer


def send_claimed(claim: Claim) -> None:
    """Send what this worker has leased, over one connection to the mail server; what is too late to begin is free."""
    carrier = get_connection()
    try:
        for message_id, lease_until in claim.leases.items():
            if time.monotonic() < claim.begin_by:
                send_message(message_id, lease_until=lease_until, carrier=carrier)
            else:
                _give_back(message_id, lease_until)
    finally:
        carrier.close()


def send_message(message_id: int, *, lease_until: datetime, carrier: BaseEmailBackend) -> None:
    """Render and send one leased message and record the outcome; a failure is retried later, with full jitter.

    Mail can't be exactly once: a crash between the provider's yes and our commit sends it again, under the same
    Message-ID. A message whose lease another worker has by now is left alone.
    """
    message = Message.objects.get(pk=message_id)
    if message.state != Message.State.QUEUED or message.lease_until != lease_until:
        return
    if message.attempts > DEADLY_ATTEMPTS:
        _record_failure(message, RuntimeError("Each worker that took this message died."))
        return
    crash_point("message.before_send")
    try:
        provider_id = _hand_over(message, carrier)
    except Exception as error:  # noqa: BLE001  a mail server or a template may fail in any way; the row remembers
        carrier.close()
        _record_failure(message, error)
        return
    crash_point("message.sent")
    message.state, message.sent_at, message.error = Message.State.SENT, timezone.now(), ""
    message.provider_id = provider_id
    message.save(update_fields=["state", "sent_at", "error", "provider_id"])
    logger.info("message_sent key=%s kind=%s", message.key, message.kind)


def _give_back(message_id: int, lease_until: datetime) -> None:
    """End a lease under which nothing was tried: a slow mail server mustn't use up the attempts of those behind it."""
    Message.objects.filter(pk=message_id, state=Message.State.QUEUED, lease_until=lease_until).update(
        lease_until=None, attempts=F("attempts") - 1
    )


def _hand_over(message: Message, carrier: BaseEmailBackend) -> str:
    """Give a message to who carries it; returns what they will call it, empty for a push."""
    if message.channel != Message.Channel.MAIL:
        send_note(message)
        return ""
    mail = render_message(message.kind, message.ids)
    # Read after all that the mail says: it may be another's by now (outbox.readdress).
    message.refresh_from_db(fields=["to"])
    email = build_email(message, mail)
    email.connection = carrier
    carrier.open()
    email.send()
    return _provider_id(email)


def build_email(message: Message, mail: Mail) -> EmailMultiAlternatives:
    """The mail with its recipient and a Message-ID that every retry repeats."""
    digest = hashlib.sha256(f"{settings.SECRET_KEY}:{message.key}".encode()).hexdigest()[:32]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    headers = {"Message-ID": f"<{digest}@{domain}>", "X-Maly-Kind": message.kind}
    if mail.unsubscribe_url:
        # RFC 8058: the mail program's own button posts to this address.
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    email = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[message.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers=headers,
    )
    # Comes back with the provider's webhooks, should we have died before we kept its own id.
    email.metadata = {"message": str(message.pk)}  # type: ignore[attr-defined]
    if mail.html:
        email.attach_alternative(mail.html, "text/html")
    for attachment in mail.attachments:
        email.attach(attachment.to_mime())
    return email


def _provider_id(email: EmailMultiAlternatives) -> str:
    """What the provider's webhooks will call this mail; a plain mail server knows it by its Message-ID alone."""
    status = getattr(email, "anymail_status", None)
    return str(getattr(status, "message_id", None) or email.extra_headers["Message-ID"])[:200]


def _record_failure(message: Message, error: Exception) -> None:
    message.error = f"{type(error).__name__}: {error}"[:2000].replace("\x00", "")
    message.lease_until = None
    if message.attempts >= MAX_ATTEMPTS:
        message.state = Message.State.DEAD
        logger.error("message_dead key=%s error=%s", message.key, type(error).__name__)
    else:
        seconds = random.uniform(0, min(3600, 5 * 2**message.attempts))  # noqa: S311  jitter, no secret
        message.due_at = timezone.now() + timedelta(seconds=seconds)
        logger.warning("message_failed key=%s attempt=%s", message.key, message.attempts)
    message.save(update_fields=["error", "lease_until", "state", "due_at"])
