"""The outbox: a message is a row in the transaction that made it true, and is sent by a worker afterwards."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.services.audit import record
from maly.poke import poke
from notifications.models import Message
from notifications.services.push import pushes_of

LARGEST_BATCH = 1000


def enqueue(kind: str, *, key: str, to: str, ids: dict[str, Any], is_news: bool = True) -> None:
    """Queue a mail in the caller's transaction, and a push where its kind has one; the same `key` again does nothing.

    What isn't news, such as tickets that are sent once more, isn't pushed.
    """
    enqueue_all([Message(kind=kind, key=key, to=to, ids=ids)], is_news=is_news)


def enqueue_all(messages: Iterable[Message], *, is_news: bool = True) -> None:
    """As enqueue, for any number of mails: one statement for each thousand."""
    mails = list(messages)
    keep_all(mails + (pushes_of(mails) if is_news else []))


def keep_all(waiting: list[Message]) -> None:
    """Write messages and wake a worker, in the caller's transaction."""
    if not waiting:
        return
    Message.objects.bulk_create(waiting, ignore_conflicts=True, batch_size=LARGEST_BATCH)
    from notifications.tasks import send_due_messages  # services queue tasks, tasks call services

    poke(send_due_messages)


def readdress(*, keys: Iterable[str], was: str, to: str) -> None:
    """Have mails that wait for `was`, or were given up, go to another address, in the caller's transaction.

    Those whose key is one of `keys`, or begins with it and a colon. A mail is rendered when it is sent: whoever had the
    address before must not read what it says now.
    """
    named = Q(pk__in=[])
    for key in keys:
        named |= Q(key=key) | Q(key__startswith=f"{key}:")
    unsent = Message.objects.filter(named, channel=Message.Channel.MAIL, to__iexact=was)
    unsent.exclude(state=Message.State.SENT).update(to=to)


def send_again(messages: Iterable[Message], *, actor: User, reason: str = "") -> int:
    """Queue messages that were given up once more, under their old keys and Message-IDs; returns how many were."""
    count = 0
    with transaction.atomic():
        waiting = Message.objects.select_for_update().filter(pk__in=[message.pk for message in messages])
        for message in waiting.filter(state=Message.State.DEAD).order_by("pk"):
            message.state, message.attempts = Message.State.QUEUED, 0
            message.due_at, message.lease_until = timezone.now(), None
            message.save(update_fields=["state", "attempts", "due_at", "lease_until"])
            record(
                "message.sent_again",
                subject=f"message:{message.pk}",
                actor=actor,
                actor_kind=AuditEntry.Actor.STAFF,
                before={"error": message.error.partition(":")[0]},
                reason=reason,
            )
            count += 1
    return count
