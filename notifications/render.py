"""From facts to a mail: by three templates of its own (`<kind>.subject.txt`, `.txt`, `.html`), or as a letter."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from notifications.registry import Attachment, Mail


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail of plain paragraphs, a table of facts and one button; HTML and text say the same from it."""

    subject: str
    heading: str
    paragraphs: list[str]
    preview: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    action: tuple[str, str] | None = None  # the button's words and its address
    after: list[str] = field(default_factory=list)
    footer: str = ""


def render_mail(
    kind: str,
    context: dict[str, Any],
    *,
    attachments: list[Attachment] | None = None,
    reply_to: str = "",
    unsubscribe_url: str = "",
) -> Mail:
    """Render the mail of `kind`; the subject is one line, whatever people named their event."""
    context = {
        "platform_name": settings.PLATFORM_NAME,
        "support_email": settings.PLATFORM_SUPPORT_EMAIL,
        "site_url": settings.SITE_URL,
        "unsubscribe_url": unsubscribe_url,
        **context,
    }
    subject = " ".join(render_to_string(f"mail/{kind}.subject.txt", context).split())
    mail = Mail(
        subject=subject,
        text=render_to_string(f"mail/{kind}.txt", context).strip() + "\n",
        html=render_to_string(f"mail/{kind}.html", context | {"subject": subject}),
        reply_to=reply_to,
        unsubscribe_url=unsubscribe_url,
    )
    return dataclasses.replace(mail, attachments=attachments or [])


def render_letter(
    letter: Letter,
    *,
    attachments: list[Attachment] | None = None,
    reply_to: str = "",
    unsubscribe_url: str = "",
) -> Mail:
    """Render a letter; its footer says of itself why it came."""
    context = {"letter": letter}
    return render_mail(
        "_letter", context, attachments=attachments, reply_to=reply_to, unsubscribe_url=unsubscribe_url
    )
