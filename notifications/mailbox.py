"""An email backend that keeps mails in the database, for the demo's mailbox and the tests."""

import base64
from collections.abc import Sequence
from email.mime.base import MIMEBase
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from notifications.models import MailboxMail


class MailboxBackend(BaseEmailBackend):
    """Keeps every mail as a MailboxMail."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        MailboxMail.objects.bulk_create([_keep(message) for message in email_messages])
        return len(email_messages)


def _keep(message: EmailMessage) -> MailboxMail:
    alternatives = getattr(message, "alternatives", [])
    html = next((content for content, mimetype in alternatives if mimetype == "text/html"), "")
    return MailboxMail(
        to=list(message.recipients()),
        subject=message.subject,
        kind=message.extra_headers.get("X-Maly-Kind", ""),
        text=message.body,
        html=html,
        message_id=message.extra_headers.get("Message-ID", ""),
        attachments=[_keep_attachment(attachment) for attachment in message.attachments],
    )


def _keep_attachment(attachment: Any) -> dict[str, str]:
    if isinstance(attachment, MIMEBase):
        content = attachment.get_payload(decode=True)
        assert isinstance(content, bytes)
        content_id = (attachment.get("Content-ID") or "").strip("<>")
        name, mimetype = attachment.get_filename() or "", attachment.get_content_type()
    else:
        name, content, mimetype = attachment
        content, content_id = content.encode() if isinstance(content, str) else content, ""
    return {
        "name": name,
        "type": mimetype,
        "content_id": content_id,
        "content": base64.b64encode(content).decode(),
    }
