"""What each kind of message says: `@message("ticket_confirmation")` in an app's `emails.py`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.mime.nonmultipart import MIMENonMultipart
from typing import Any


@dataclass(frozen=True)
class Attachment:
    """A file on a mail; one with a `content_id` is shown inside the HTML as `cid:<content_id>`."""

    name: str
    mimetype: str
    content: bytes
    content_id: str = ""

    def to_mime(self) -> MIMEBase:
        """The MIME part, inline when the HTML shows it."""
        part = MIMENonMultipart(*self.mimetype.split("/", 1))
        part.set_payload(self.content)
        encode_base64(part)
        part.add_header(
            "Content-Disposition", "inline" if self.content_id else "attachment", filename=self.name
        )
        if self.content_id:
            part.add_header("Content-ID", f"<{self.content_id}>")
        return part


@dataclass(frozen=True)
class Mail:
    """A rendered mail, before it has a recipient."""

    subject: str
    text: str
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    reply_to: str = ""


Renderer = Callable[[dict[str, Any]], Mail]
_renderers: dict[str, Renderer] = {}


def message(kind: str) -> Callable[[Renderer], Renderer]:
    """Register the function that renders messages of `kind` from their ids."""

    def register(render: Renderer) -> Renderer:
        assert kind not in _renderers or _renderers[kind].__module__ == render.__module__, kind
        _renderers[kind] = render
        return render

    return register


def render_message(kind: str, ids: dict[str, Any]) -> Mail:
    """The mail of a queued message; raises KeyError for a kind that no app has registered."""
    return _renderers[kind](ids)
