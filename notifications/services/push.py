"""Browsers that asked to be told: who may ask, of what, and what each gets (Push API, RFC 8030, 8291, 8292).

A page gives a browser a signed topic, such as `order:12`; whoever was shown the page may subscribe to it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from accounts.models import User
from maly.errors import Invalid
from notifications.models import Message, PushSubscription
from notifications.vapid import decode

SIGNER = Signer(salt="notifications.push-topic")
# As many devices as one person may have; a thousand made-up ones would make a thousand posts of every note.
MOST_BROWSERS = 20
# Written so plainly that whoever parses it finds the same host: a backslash, say, ends one for some and not for others.
PLAIN_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.:-]+(/[!-\[\]-~]*)?")


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a browser shows: a click opens `url`; a later note with the same `tag` takes its place."""

    title: str
    body: str
    url: str
    tag: str
    topics: list[str]  # who is told


NoteRenderer = Callable[[dict[str, Any]], Note]
_renderers: dict[str, NoteRenderer] = {}


def push_note(kind: str) -> Callable[[NoteRenderer], NoteRenderer]:
    """Register the function that makes notes of `kind` from the ids of its mail, in an app's `pushes.py`."""

    def register(render: NoteRenderer) -> NoteRenderer:
        assert kind not in _renderers or _renderers[kind].__module__ == render.__module__, kind
        _renderers[kind] = render
        return render

    return register


def render_note(kind: str, ids: dict[str, Any]) -> Note:
    """The note of a queued message; raises KeyError for a kind that no app has registered."""
    return _renderers[kind](ids)


def pushes_of(mails: list[Message]) -> list[Message]:
    """The messages by which browsers hear of what these mails say; none where push isn't set up."""
    if not settings.VAPID_PRIVATE_KEY:
        return []
    return [
        Message(channel=Message.Channel.PUSH, kind=mail.kind, key=f"push:{mail.key}", ids=mail.ids)
        for mail in mails
        if mail.kind in _renderers
    ]


def own_topic(name: str, pk: int, user: User) -> str:
    """A topic of somebody's own; like their sessions, what was subscribed to it ends with their password."""
    return f"{name}:{pk}:{user.get_session_auth_hash()[:16]}"


def sign_topic(topic: str) -> str:
    """The right to subscribe to `topic`, for a page that its reader may see."""
    return SIGNER.sign(topic)


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser's subscription as it names it: where to send, and the keys that only it can read by."""

    endpoint: str
    p256dh: str
    auth: str


def subscribe(browser: Browser, *, signed_topic: str) -> PushSubscription:
    """Tell this browser of the topic from now on, as one of MOST_BROWSERS at most. Twice is once. Raises Invalid."""
    topic = _read_topic(signed_topic)
    _check(browser)
    subscription, _made = PushSubscription.objects.update_or_create(
        endpoint=browser.endpoint,
        topic=topic,
        defaults={"p256dh": browser.p256dh, "auth": browser.auth},
    )
    asked = PushSubscription.objects.filter(topic=topic)
    latest = asked.order_by("-pk").values_list("pk", flat=True)[:MOST_BROWSERS]
    asked.exclude(pk__in=list(latest)).delete()
    return subscription


def unsubscribe(endpoint: str, *, signed_topic: str) -> None:
    """Tell this browser of the topic no more. Twice is once. Raises Invalid."""
    PushSubscription.objects.filter(endpoint=endpoint, topic=_read_topic(signed_topic)).delete()


def is_push_service(endpoint: str) -> bool:
    """Whether an address is a known push service's: we post only to those, not to wherever a browser says."""
    if not PLAIN_ENDPOINT.fullmatch(endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    for known in settings.PUSH_SERVICES:
        if "://" in known:
            if f"{parts.scheme}://{parts.netloc}" == known:
                return True
        elif parts.scheme == "https" and port in (None, 443) and f".{host}".endswith(f".{known}"):
            return True
    return False


def _read_topic(signed_topic: str) -> str:
    try:
        return SIGNER.unsign(signed_topic)
    except BadSignature:
        raise Invalid(_("Reload the page and try again."), attr="topic") from None


def _check(browser: Browser) -> None:
    if len(browser.endpoint) > 1000 or not is_push_service(browser.endpoint):
        raise Invalid(_("This browser's push service isn't known here."), attr="endpoint")
    try:
        key = decode(browser.p256dh)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        sound = len(key) == 65 and len(decode(browser.auth)) == 16
    except ValueError:
        sound = False
    if not sound:
        raise Invalid(_("These aren't the keys of a push subscription."), attr="keys")
