"""The audit log: one entry for everything that moves money, changes payment settings or who may do either."""

from collections.abc import Mapping
from typing import Any

from structlog.contextvars import get_contextvars

from accounts.models import AuditEntry, Organization, User


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
    values only. Without an `actor_kind` a user counts as a member and nobody as a sweep.
    """
    default = AuditEntry.Actor.MEMBER if actor else AuditEntry.Actor.SWEEP
    return AuditEntry.objects.create(
        action=action,
        organization=organization,
        subject=subject,
        actor=actor,
        actor_kind=actor_kind or default,
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason,
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )
