"""Three templates make a mail: `templates/mail/<kind>.subject.txt`, `.txt` and `.html`."""

import dataclasses
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from notifications.registry import Attachment, Mail


def render_mail(
    kind: str, context: dict[str, Any], *, attachments: list[Attachment] | None = None, reply_to: str = ""
) -> Mail:
    """Render the mail of `kind`; the subject is one line, whatever people named their event."""
    context = {
        "platform_name": settings.PLATFORM_NAME,
        "support_email": settings.PLATFORM_SUPPORT_EMAIL,
        "site_url": settings.SITE_URL,
        **context,
    }
    subject = " ".join(render_to_string(f"mail/{kind}.subject.txt", context).split())
    mail = Mail(
        subject=subject,
        text=render_to_string(f"mail/{kind}.txt", context).strip() + "\n",
        html=render_to_string(f"mail/{kind}.html", context | {"subject": subject}),
        reply_to=reply_to,
    )
    return dataclasses.replace(mail, attachments=attachments or [])
