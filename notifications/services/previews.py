"""Messages as staff look at them: each kind with its newest real ids, else with something that it could be about.

A sample is made for that, and rolled back.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from accounts.mail_samples import PREFIXES, sample_mail
from maly.errors import NotFound
from notifications import registry
from notifications.models import Message


@dataclass(frozen=True)
class Preview:
    """A rendered message that is sent to nobody; `source` says what it was made from."""

    kind: str
    source: str
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: list[tuple[str, str]] = field(default_factory=list)  # name, type


def preview_kinds() -> list[str]:
    """Every kind of message, those about accounts last."""
    return [*registry.kinds(), *PREFIXES]


def preview_message(kind: str) -> Preview:
    """The message of a kind; empty when there is nothing yet to show it with. Raises NotFound for an unknown kind."""
    if kind in PREFIXES:
        return _of_account(kind)
    if kind not in registry.kinds():
        raise NotFound
    with transaction.atomic():
        found = _newest(kind) or _example(kind)
        transaction.set_rollback(True)
    return found or Preview(kind, "")


def _newest(kind: str) -> Preview | None:
    """As it was sent last; None if it never was, is private, or what it was about is gone."""
    sent = Message.objects.filter(kind=kind, channel=Message.Channel.MAIL).order_by("-pk").first()
    if sent is None or registry.is_private(kind):
        return None
    try:
        return _rendered(kind, "message", sent.ids)
    except ObjectDoesNotExist:
        return None


def _example(kind: str) -> Preview | None:
    ids = registry.example_ids(kind)
    return _rendered(kind, "example", ids) if ids is not None else None


def _rendered(kind: str, source: str, ids: dict[str, Any]) -> Preview:
    mail = registry.render_message(kind, ids)
    attachments = [(one.name, one.mimetype) for one in mail.attachments]
    return Preview(kind, source, mail.subject, mail.text, _with_pictures(mail), attachments)


def _of_account(kind: str) -> Preview:
    mail: EmailMultiAlternatives = sample_mail(kind)
    html = next((str(part[0]) for part in mail.alternatives if part[1] == "text/html"), "")
    return Preview(kind, "sample", str(mail.subject), str(mail.body), html)


def _with_pictures(mail: registry.Mail) -> str:
    """The HTML with its inline pictures as data, since a page has no parts to refer to."""
    html = mail.html
    for one in mail.attachments:
        if one.content_id:
            data = base64.b64encode(one.content).decode()
            html = html.replace(f"cid:{one.content_id}", f"data:{one.mimetype};base64,{data}")
    return html
