"""Sending notes to browsers: one message becomes one for each browser, and each of those is posted to its service."""

import json
from urllib.parse import urlsplit

import http_ece
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from py_vapid import Vapid02

from notifications.models import Message, PushSubscription
from notifications.services.outbox import keep_all
from notifications.services.push import is_push_service, render_note
from notifications.vapid import decode

# A ticket's news is worth a day; a browser that is offline for longer reads its mail.
SECONDS_TO_LIVE = 24 * 3600
TIMEOUT_SECONDS = 10


class PushRefused(Exception):
    """Raised when a push service doesn't take a note; the message is tried again later."""


def send_note(message: Message) -> None:
    """Send a push message: to each browser of its topics by a message of its own, or to its one browser.

    Raises PushRefused. A browser whose subscription is gone is forgotten, and that is no error.
    """
    if message.channel == Message.Channel.PUSH:
        _fan_out(message)
    elif message.subscription and is_push_service(message.subscription.endpoint):  # both may have ended since
        _post(message, message.subscription)


def _fan_out(message: Message) -> None:
    """Queue one message for each browser; repeated, their keys make them the same ones."""
    note = render_note(message.kind, message.ids)
    seen: dict[str, PushSubscription] = {}
    for subscription in PushSubscription.objects.filter(topic__in=note.topics).order_by("pk"):
        seen.setdefault(subscription.endpoint, subscription)
    with transaction.atomic():
        keep_all(
            [
                Message(
                    channel=Message.Channel.BROWSER,
                    kind=message.kind,
                    key=f"{message.key}:{subscription.pk}",
                    ids=message.ids,
                    subscription=subscription,
                )
                for subscription in seen.values()
            ]
        )


def _post(message: Message, subscription: PushSubscription) -> None:
    note = render_note(message.kind, message.ids)
    if subscription.topic not in note.topics:
        return  # no longer its reader's: the order moved to another address, or the member left
    shown = {"title": note.title, "body": note.body, "url": note.url, "tag": note.tag}
    headers = {
        **_authorization(subscription.endpoint),
        "Content-Encoding": "aes128gcm",
        "TTL": str(SECONDS_TO_LIVE),
        "Urgency": "high",
    }
    status = _carry(subscription.endpoint, _encrypt(json.dumps(shown).encode(), subscription), headers)
    if status in (404, 410):  # RFC 8030 7.3: the subscription has ended
        PushSubscription.objects.filter(endpoint=subscription.endpoint).delete()
    elif not 200 <= status < 300:
        raise PushRefused(f"The push service answered {status}.")


def _carry(endpoint: str, content: bytes, headers: dict[str, str]) -> int:
    try:
        answer = requests.post(
            endpoint, data=content, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        # Its text names the endpoint, which is a secret between the browser and us.
        raise PushRefused(f"The push service wasn't reached: {type(error).__name__}.") from None
    return answer.status_code


def _encrypt(content: bytes, subscription: PushSubscription) -> bytes:
    """RFC 8291: readable by this browser alone, with a key pair for this one message."""
    encrypted: bytes = http_ece.encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decode(subscription.p256dh),
        auth_secret=decode(subscription.auth),
        version="aes128gcm",
    )
    return encrypted


def _authorization(endpoint: str) -> dict[str, str]:
    """RFC 8292: who sends, signed for this push service and for half a day."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(timezone.now().timestamp()) + 12 * 3600,
        "sub": f"mailto:{settings.PLATFORM_SUPPORT_EMAIL}",
    }
    signed: dict[str, str] = Vapid02.from_raw(settings.VAPID_PRIVATE_KEY.encode()).sign(claims)
    return signed
