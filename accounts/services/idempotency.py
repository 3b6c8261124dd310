"""Idempotency keys of our own API: the first answer to a key is kept and given again.

A key is claimed by a row before any work is done and held by a lease, so that a process that dies frees it. The lease's
end doubles as the claim's name: only its holder may store an answer.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from accounts.models import IdempotentRequest

# Longer than the slowest request (two tries at Stripe), shorter than a person's patience.
LEASE = timedelta(seconds=60)
KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Claim:
    """The right to answer a request; `lease_until` tells it from an earlier claim whose lease ran out."""

    request_id: int
    lease_until: datetime


@dataclass(frozen=True)
class KeptAnswer:
    """What the first request was answered."""

    status: int
    body: Any


def claim_key(caller: str, *, key: str, request_hash: str) -> Claim | KeptAnswer:
    """Claim a caller's key, or return the answer that is kept under it. Must not run inside a transaction.

    Raises IdempotencyKeyReused when the key came with another request, IdempotencyKeyInUse while the first runs.
    """
    now = timezone.now()
    defaults = {"request_hash": request_hash, "lease_until": now + LEASE}
    row, created = IdempotentRequest.objects.get_or_create(caller=caller, key=key, defaults=defaults)
    if created:
        return Claim(row.pk, row.lease_until)
    if row.request_hash != request_hash:
        raise IdempotencyKeyReused
    if row.response_status is not None:
        return KeptAnswer(row.response_status, row.response_body)
    lapsed = IdempotentRequest.objects.filter(pk=row.pk, response_status__isnull=True, lease_until__lte=now)
    if not lapsed.update(lease_until=now + LEASE):
        raise IdempotencyKeyInUse
    return Claim(row.pk, now + LEASE)


def keep_answer(claim: Claim, *, status: int, body: Any) -> None:
    """Keep the answer under its key; 5xx and 429 are forgotten, so that the same request may be tried again."""
    held = IdempotentRequest.objects.filter(pk=claim.request_id, lease_until=claim.lease_until)
    if status >= 500 or status == 429:
        held.filter(response_status__isnull=True).update(lease_until=timezone.now())
    else:
        held.update(response_status=status, response_body=body)


def forget_old_requests() -> int:
    """Delete what is older than a day; returns how many. Safe at any time: a request takes seconds."""
    deleted, _ = IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    return deleted


def hash_request(method: str, path: str, body: Any) -> str:
    """What makes two requests the same: method, path and the parsed body, whatever the order of its keys."""
    text = json.dumps([method, path, body], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
