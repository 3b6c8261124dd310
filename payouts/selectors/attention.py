"""What waits for a person, whichever app it belongs to: one list, so that staff look in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from connect.models import StripeEvent
from payouts.models import MoneyException
from ticketing.models import CancelledOrder, Dispute, OrganizerReceivable, Payment, Refund

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that waits: what it is called, why it waits, since when."""

    pk: Any
    name: str
    reason: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Group:
    """Things of one kind that wait, the longest first; `model` names them in the admin's URLs. `items` are some."""

    title: str
    model: str
    count: int
    items: list[Item]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where things of one kind are found, and how one of them is told."""

    title: str
    rows: Callable[[], QuerySet[Any]]
    since: str
    name: Callable[[Any], str]
    reason: Callable[[Any], str]


SOURCES = (
    Source(
        title="Differences with Stripe",
        rows=lambda: MoneyException.objects.filter(cleared_at=None, acknowledged_at=None),
        since="first_seen_at",
        name=str,
        reason=lambda row: row.words,
    ),
    Source(
        title="Payments that don't match their order",
        rows=lambda: Payment.objects.filter(status=Payment.Status.REVIEW).select_related("order"),
        since="created_at",
        name=lambda row: row.order.code,
        reason=lambda row: row.review_reason,
    ),
    Source(
        title="Refunds",
        rows=lambda: Refund.objects.filter(needs_staff=True),
        since="created_at",
        name=lambda row: row.code,
        reason=lambda row: row.staff_reason or row.failure_reason,
    ),
    Source(
        title="Money that organizers owe and that isn't taken by itself",
        rows=lambda: OrganizerReceivable.objects.filter(
            needs_staff=True, amount__gt=F("settled_amount") + F("written_off_amount")
        ).select_related("organization"),
        since="created_at",
        name=lambda row: row.organization.slug,
        reason=lambda _row: "A refund that was made at Stripe left the organizer's part with it.",
    ),
    Source(
        title="Disputes",
        rows=lambda: Dispute.objects.filter(needs_staff=True).select_related("order"),
        since="opened_at",
        name=lambda row: row.order.code,
        reason=lambda row: row.staff_reason,
    ),
    Source(
        title="Orders of cancelled events",
        rows=lambda: CancelledOrder.objects.filter(state="needs_staff").select_related("order"),
        since="due_at",
        name=lambda row: row.order.code,
        reason=lambda row: row.error,
    ),
    Source(
        title="Events of Stripe's that were given up",
        rows=lambda: StripeEvent.objects.filter(status=StripeEvent.Status.DEAD, acknowledged_at=None),
        since="received_at",
        name=lambda row: row.type,
        reason=lambda row: row.error,
    ),
)


def count_attention() -> int:
    """How many things wait for a person."""
    return sum(source.rows().count() for source in SOURCES)


def list_attention() -> list[Group]:
    """What waits for a person, by kind; two statements for each."""
    return [_group(source) for source in SOURCES]


def _group(source: Source) -> Group:
    rows = source.rows()
    return Group(
        title=source.title,
        model=f"{rows.model._meta.app_label}_{rows.model._meta.model_name}",
        count=rows.count(),
        items=[
            Item(
                pk=row.pk,
                name=source.name(row),
                reason=source.reason(row),
                since=getattr(row, source.since),
            )
            for row in rows.order_by(source.since)[:SHOWN]
        ],
    )
