"""Who is told what about a dispute: the platform's staff what to do and until when, the organizer what it means."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from notifications.services.members import tell_members
from notifications.services.outbox import enqueue
from ticketing.models import Dispute

WAITING = (Dispute.Status.NEEDS_RESPONSE, Dispute.Status.WARNING_NEEDS_RESPONSE)
# Days before the deadline at which staff are reminded, the nearest first.
REMINDERS = (1, 3)


def tell_opened(dispute: Dispute) -> None:
    """Tell staff of a new dispute or inquiry, and the organizer's owners and admins once the bank claims the money."""
    _tell_staff("dispute_opened", dispute, "")
    if not dispute.is_inquiry:
        _tell_organizer("dispute_opened", dispute)


def tell_closed(dispute: Dispute) -> None:
    """Tell the organizer's owners and admins how a dispute ended; an inquiry that came to nothing is nobody's news."""
    if not dispute.is_inquiry:
        _tell_organizer("dispute_closed", dispute)


def tell_reopened(dispute: Dispute) -> None:
    """Tell staff that a bank has decided anew."""
    _tell_staff("dispute_opened", dispute, ":reopened")


def remind_of_disputes(*, now: datetime | None = None) -> int:
    """Remind staff of answers that are due in three days, and again in one; how many disputes wait for one."""
    now = now or timezone.now()
    soon = Dispute.objects.filter(
        status__in=WAITING,
        answer="",
        closed_at=None,
        due_by__gt=now,
        due_by__lte=now + timedelta(days=max(REMINDERS)),
    )
    for dispute in soon:
        assert dispute.due_by is not None
        days = next(days for days in REMINDERS if dispute.due_by <= now + timedelta(days=days))
        _tell_staff("dispute_due", dispute, f":{days}")
    return len(soon)


def _tell_staff(kind: str, dispute: Dispute, which: str) -> None:
    enqueue(
        kind,
        key=f"{kind}:{dispute.stripe_dispute_id}:staff{which}",
        to=settings.PLATFORM_SUPPORT_EMAIL,
        ids={"dispute": dispute.pk, "for": "staff"},
    )


def _tell_organizer(kind: str, dispute: Dispute) -> None:
    tell_members(
        kind,
        organization_id=dispute.organization_id,
        key=f"{kind}:{dispute.stripe_dispute_id}",
        ids={"dispute": dispute.pk, "for": "organizer"},
    )
