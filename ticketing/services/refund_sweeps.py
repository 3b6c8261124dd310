"""The sweeps over refunds: what got no answer, what nobody told us of, what is owed. Each may run at any time."""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import F, Q
from django.utils import timezone

from connect import refund_calls
from connect.errors import GatewayError
from ticketing.models import ApplicationFeeRefund, OrganizerReceivable, Refund, TransferReversal
from ticketing.services.fee_refunds import give_fee_back
from ticketing.services.receivables import recover_from_organization
from ticketing.services.refund_attempts import carry_out_refund, finish_refund
from ticketing.services.refund_records import record_refund
from ticketing.services.reversals import carry_out_reversal

logger = logging.getLogger(__name__)
# How long whoever asked first may take.
GRACE = timedelta(seconds=30)
PENDING_LOOK = timedelta(hours=1)
LOOK_BACK = timedelta(days=2)


def resolve_refunds(*, now: datetime | None = None, limit: int = 100) -> int:
    """Go on with refunds, fee refunds and reversals that got no answer; returns how many are decided now."""
    now = now or timezone.now()
    before = now - GRACE
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    waiting = Refund.objects.filter(free, status=Refund.Status.REQUESTED, created_at__lte=before)
    decided = 0
    for refund_id in list(waiting.order_by("pk").values_list("pk", flat=True)[:limit]):
        decided += carry_out_refund(refund_id).status != Refund.Status.REQUESTED
    fees = ApplicationFeeRefund.objects.filter(status="requested", created_at__lte=before)
    decided += sum(give_fee_back(pk) for pk in list(fees.order_by("pk").values_list("pk", flat=True)[:limit]))
    return decided + _resolve_reversals(before, limit)


def recover_receivables(*, limit: int = 100) -> int:
    """Take what organizers owe from their balances; minor units recovered, over all currencies."""
    owing = OrganizerReceivable.objects.filter(
        needs_staff=False, amount__gt=F("settled_amount") + F("written_off_amount")
    )
    ids = owing.order_by("organization_id").values_list("organization_id", flat=True).distinct()[:limit]
    return sum(recover_from_organization(pk) for pk in list(ids))


def find_refunds(*, now: datetime | None = None, limit: int = 200) -> int:
    """Look for refunds that no event told of, made in Stripe's dashboard or changed since; how many were recorded."""
    now = now or timezone.now()
    try:
        made = [refund.id for refund in refund_calls.list_refunds(created_after=now - LOOK_BACK)]
    except GatewayError as error:
        logger.warning("refunds_not_listed error=%s", type(error).__name__)
        return 0
    settled = Refund.objects.exclude(status=Refund.Status.PENDING)
    known = set(settled.filter(stripe_refund_id__in=made).values_list("stripe_refund_id", flat=True))
    pending = Refund.objects.filter(status=Refund.Status.PENDING, created_at__lte=now - PENDING_LOOK)
    waiting = pending.exclude(stripe_refund_id=None).values_list("stripe_refund_id", flat=True)
    wanted = dict.fromkeys([*(one for one in made if one not in known), *waiting[:limit]])
    return sum(_sync(refund_id) for refund_id in wanted if refund_id)


def sync_refund(refund_id: str) -> Refund | None:
    """Fetch a refund and converge to it; None when it is none of ours. Raises GatewayUnavailable, GatewayRefused."""
    refund = record_refund(refund_calls.retrieve_refund(refund_id))
    if refund is not None and refund.status in (Refund.Status.SUCCEEDED, Refund.Status.PENDING):
        finish_refund(refund)
    return refund


def sync_refunds_of(charge_id: str) -> list[Refund]:
    """The same for every refund of a charge. Raises GatewayUnavailable, GatewayRefused."""
    made = [sync_refund(known.id) for known in refund_calls.list_refunds(charge_id=charge_id)]
    return [refund for refund in made if refund is not None]


def _sync(refund_id: str) -> bool:
    try:
        return sync_refund(refund_id) is not None
    except GatewayError as error:
        logger.warning("refund_not_synced refund=%s error=%s", refund_id, type(error).__name__)
        return False
    except DatabaseError as error:
        # More than was paid, which no row of ours can say: the reconciliation does. The others go on.
        logger.error("refund_not_recorded refund=%s error=%s", refund_id, type(error).__name__)
        return False


def _resolve_reversals(before: datetime, limit: int) -> int:
    rows = TransferReversal.objects.filter(status="requested", created_at__lte=before)
    done = 0
    for reversal_id in list(rows.order_by("pk").values_list("pk", flat=True)[:limit]):
        try:
            done += carry_out_reversal(reversal_id) > 0
        except GatewayError as error:
            logger.warning("reversal_unknown reversal=%s error=%s", reversal_id, type(error).__name__)
    return done
