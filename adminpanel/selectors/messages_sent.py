"""What people were told of something, as the outbox has it: which mail, to whom, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from notifications.models import Delivered, Message

TONES: dict[str, str] = {
    Message.State.QUEUED: "info",
    Message.State.SENT: "success",
    Message.State.DEAD: "danger",
}
HEARD_TONES: dict[str, str] = {
    Delivered.DELAYED: "warning",
    Delivered.BOUNCED: "danger",
    Delivered.COMPLAINED: "danger",
}


@dataclass(frozen=True)
class MessageRow:
    """One message to one person."""

    message: Message

    @property
    def what(self) -> str:
        return self.message.kind.replace("_", " ").capitalize()

    @property
    def to(self) -> str:
        return self.message.to or _("A push to whoever asked")

    @property
    def word(self) -> str:
        """How far it is: what the provider heard of it, once it was sent."""
        message = self.message
        if message.state == Message.State.SENT and message.delivery:
            return str(message.get_delivery_display())
        return str(message.get_state_display())

    @property
    def tone(self) -> str:
        message = self.message
        if message.state == Message.State.SENT and message.delivery in HEARD_TONES:
            return HEARD_TONES[message.delivery]
        return TONES.get(message.state, "")

    @property
    def at(self) -> datetime:
        return self.message.sent_at or self.message.created_at


def read_messages(about: Q) -> list[MessageRow]:
    """The messages of some keys, newest first."""
    mails = Message.objects.filter(about).exclude(channel=Message.Channel.BROWSER)
    return sorted(map(MessageRow, mails), key=lambda row: row.at, reverse=True)
