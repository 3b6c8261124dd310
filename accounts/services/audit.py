"""The audit log: one entry for everything that moves money, changes payment settings or who may do either."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from structlog.contextvars import get_contextvars

from accounts.models import AuditEntry, Organization, User

# What staff said about the work under way; None when it isn't theirs.
_staff_reason: ContextVar[str | None] = ContextVar("staff_reason", default=None)


@contextmanager
def as_staff(reason: str = "") -> Iterator[None]:
    """Record what users do in this block as acts of platform staff, with the reason that staff gave for it."""
    token = _staff_reason.set(reason)
    try:
        yield
    finally:
        _staff_reason.reset(token)


def record(
    action: str,
    *,
    organization: Organization | None = None,
    subject: str = "",
    actor: User | None = None,
    actor_kind: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write down who did what and why, in the caller's transaction, so that neither stands without the other.

    `action` is dotted (fees.override_set), `subject` names the object (order:M-7K2QX4C), `before` and `after` hold JSON
    values only. Without an `actor_kind` a user counts as a member, within `as_staff` as staff, and nobody as a sweep.
    """
    said = _staff_reason.get()
    user = AuditEntry.Actor.MEMBER if said is None else AuditEntry.Actor.STAFF
    default = user if actor else AuditEntry.Actor.SWEEP
    return AuditEntry.objects.create(
        action=action,
        organization=organization,
        subject=subject,
        actor=actor,
        actor_kind=actor_kind or default,
        before=dict(before or {}),
        after=dict(after or {}),
        reason="\n".join(dict.fromkeys(words for words in (reason, said if actor else "") if words)),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )
