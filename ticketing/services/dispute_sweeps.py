"""The sweeps over disputes: what nobody told us of, what is still open, what got no answer. Each may run at will."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from connect import dispute_calls
from connect.errors import GatewayError
from ticketing.models import Dispute, Ticket
from ticketing.services.dispute_answers import carry_out_answer
from ticketing.services.dispute_news import remind_of_disputes
from ticketing.services.disputes import sync_dispute
from ticketing.services.refundable import GONE

logger = logging.getLogger(__name__)
# How long whoever asked first may take.
GRACE = timedelta(seconds=30)
LOOK_BACK = timedelta(days=2)


def find_disputes(*, now: datetime | None = None, limit: int = 200) -> int:
    """Look at disputes that no event told of, and at all that are open; staff are reminded of what is due.

    Returns how many disputes of ours were looked at.
    """
    now = now or timezone.now()
    wanted = dict.fromkeys([*_list_new(now), *_unfinished(limit)])
    found = sum(_try(sync_dispute, dispute_id) for dispute_id in wanted)
    remind_of_disputes(now=now)
    return found


def resolve_dispute_answers(*, now: datetime | None = None, limit: int = 100) -> int:
    """Go on with answers that Stripe hasn't confirmed; how many it has now.

    Reversals and transfers that wait are gone on with by `refund_sweeps` and `transfers`, whatever they are for.
    """
    now = now or timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    waiting = Dispute.objects.filter(free, answered_at=None, answer_asked_at__lte=now - GRACE).exclude(
        answer=""
    )
    return sum(
        _try(carry_out_answer, pk) for pk in list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])
    )


def _list_new(now: datetime) -> list[str]:
    """Disputes of the last days that are not known here."""
    try:
        made = [dispute.id for dispute in dispute_calls.list_disputes(created_after=now - LOOK_BACK)]
    except GatewayError as error:
        logger.warning("disputes_not_listed error=%s", type(error).__name__)
        return []
    known = Dispute.objects.filter(stripe_dispute_id__in=made).values_list("stripe_dispute_id", flat=True)
    return [one for one in made if one not in set(known)]


def _unfinished(limit: int) -> list[str]:
    """Disputes that are open, and lost ones whose order has a ticket again, of a refund that came to nothing."""
    is_open = Q(closed_at=None)
    has_ticket = Q(
        status__in=GONE,
        withdrawn_amount__gt=F("reinstated_amount"),
        order__status="disputed",
        order__tickets__status=Ticket.Status.VALID,
    )
    # Those that were looked at longest ago, so that none is forgotten behind many others.
    rows = Dispute.objects.filter(is_open | has_ticket).order_by("synced_at").distinct()
    return list(rows.values_list("stripe_dispute_id", flat=True)[:limit])


def _try(work: Callable[[Any], object], key: int | str) -> bool:
    try:
        return bool(work(key))
    except GatewayError as error:
        logger.warning("dispute_not_looked_at dispute=%s error=%s", key, type(error).__name__)
        return False
