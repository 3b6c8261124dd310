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
        if part.get_content_maintype() == "text":
            part.set_param("charset", "utf-8")
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
    unsubscribe_url: str = ""


Renderer = Callable[[dict[str, Any]], Mail]
Example = Callable[[], dict[str, Any]]
_renderers: dict[str, Renderer] = {}
_examples: dict[str, Example] = {}
_private: set[str] = set()


def message(
    kind: str, *, example: Example | None = None, is_private: bool = False
) -> Callable[[Renderer], Renderer]:
    """Register the function that renders messages of `kind` from their ids.

    `example` gives the ids of something that such a message could be about, for staff to look at before the first one
    is sent; it may make a sample, since it runs in a transaction that is rolled back. A private kind is never shown to
    staff as somebody got it.
    """

    def register(render: Renderer) -> Renderer:
        assert kind not in _renderers or _renderers[kind].__module__ == render.__module__, kind
        _renderers[kind] = render
        if example is not None:
            _examples[kind] = example
        if is_private:
            _private.add(kind)
        return render

    return register


def kinds() -> list[str]:
    """Every kind of message that an app has registered."""
    return sorted(_renderers)


def example_ids(kind: str) -> dict[str, Any] | None:
    """The ids of something that a message of `kind` could be about; None if no example was registered."""
    return _examples[kind]() if kind in _examples else None


def is_private(kind: str) -> bool:
    """Whether a kind is never shown to staff as somebody got it."""
    return kind in _private


def render_message(kind: str, ids: dict[str, Any]) -> Mail:
    """The mail of a queued message; raises KeyError for a kind that no app has registered."""
    return _renderers[kind](ids)
