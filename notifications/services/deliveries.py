"""What became of a mail after the provider took it: its webhooks, kept as events, and the message converged to them."""

import hashlib
import json
import logging
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module

from anymail.signals import AnymailTrackingEvent, EventType
from anymail.webhooks.base import AnymailCoreWebhookView
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from maly.mail_url import SIGNING
from notifications.models import Delivered, DeliveryEvent, Message

logger = logging.getLogger(__name__)
# Opens and clicks aren't kept: what a reader does is nobody's business.
MEANINGS = {
    EventType.DEFERRED: Delivered.DELAYED,
    EventType.DELIVERED: Delivered.DELIVERED,
    EventType.BOUNCED: Delivered.BOUNCED,
    EventType.REJECTED: Delivered.BOUNCED,
    EventType.FAILED: Delivered.BOUNCED,
    EventType.COMPLAINED: Delivered.COMPLAINED,
}
RANKS = {value: rank for rank, value in enumerate(Delivered.values)}
LONGEST_DETAIL = 500


def tracking_view() -> AnymailCoreWebhookView | None:
    """django-anymail's reader of the provider's webhooks; None where none is configured, or without any secret."""
    provider = settings.MAIL_PROVIDER
    if not provider or not has_webhook_secret():
        return None
    module = import_module(f"anymail.webhooks.{provider}")
    found = [view for name, view in vars(module).items() if name.lower() == _tracking_name(provider).lower()]
    return found[0]() if found else None


def has_webhook_secret() -> bool:
    """Whether the provider's webhooks are told from anybody's: by a password, or by its signature."""
    return any(settings.ANYMAIL.get(name) for name in ("WEBHOOK_SECRET", *SIGNING.values()))


def read_events(view: AnymailCoreWebhookView, request: HttpRequest) -> list[AnymailTrackingEvent]:
    """The events of a webhook; raises AnymailWebhookValidationFailure for a stranger's."""
    view.run_validators(request)
    return list(view.parse_events(request))


def record_events(events: Iterable[AnymailTrackingEvent]) -> int:
    """Keep what concerns deliveries of our messages; the same again is kept once. Returns how many were about ours."""
    known = 0
    for event in events:
        delivery = MEANINGS.get(event.event_type)
        message = _find_message(event) if delivery else None
        if message is not None and delivery is not None:
            _record(message, event, delivery)
            known += 1
    return known


def _tracking_name(provider: str) -> str:
    return f"{provider.replace('_', '')}TrackingWebhookView"


def _find_message(event: AnymailTrackingEvent) -> Message | None:
    """By the provider's id, or, if we died before we kept that, by our own that came back with it."""
    if event.message_id:
        found = Message.objects.filter(provider_id=_storable(event.message_id, 200)).first()
        if found is not None:
            return found
    own = str((event.metadata or {}).get("message", ""))
    return Message.objects.filter(pk=int(own)).first() if own.isdecimal() and len(own) < 19 else None


def _record(message: Message, event: AnymailTrackingEvent, delivery: Delivered) -> None:
    at = event.timestamp or timezone.now()
    with transaction.atomic():
        message = Message.objects.select_for_update().get(pk=message.pk)
        row = DeliveryEvent(
            message=message,
            event_id=_event_id(event),
            delivery=delivery,
            detail=_storable(event.mta_response or event.description or "", LONGEST_DETAIL),
            occurred_at=at,
        )
        DeliveryEvent.objects.bulk_create([row], ignore_conflicts=True)
        before = message.delivery
        message.delivery, message.delivery_at = _outcome(message)
        message.save(update_fields=["delivery", "delivery_at"])
    if message.delivery != before:
        logger.info("message_delivery message=%s delivery=%s", message.pk, message.delivery)


def _outcome(message: Message) -> tuple[str, datetime]:
    """What all the events say together, in whatever order they came: a complaint stays, a delay gives way."""
    told = list(message.delivery_events.all())
    last = max(
        told,
        key=lambda one: (
            one.delivery == Delivered.COMPLAINED,
            one.delivery != Delivered.DELAYED,
            one.occurred_at,
            RANKS[one.delivery],
        ),
    )
    return last.delivery, last.occurred_at


def _event_id(event: AnymailTrackingEvent) -> str:
    """The provider's own, or a digest of all that it said: not every provider numbers its events."""
    if event.event_id:
        return _storable(event.event_id, 200)
    said = json.dumps([event.event_type, event.message_id, event.esp_event], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _storable(said: object, longest: int) -> str:
    """Without what PostgreSQL can't hold: one such event would come back for days, with all that it came with."""
    return str(said).replace("\x00", "").encode(errors="ignore").decode()[:longest]
