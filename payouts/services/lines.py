"""What a payout is made of: as Stripe itemises it, or for one that was asked for by hand, as we allocate it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, Sum
from django.utils import timezone

from connect import gateway
from connect.models import ConnectedAccount
from connect.stripe_objects import BalanceTransaction
from maly.crash import crash_point
from maly.money import allocate
from payouts.models import SENT_BACK, OrganizerPayout, PayoutLine
from ticketing.models import OrganizerTransfer, Payment, TransferReversal

logger = logging.getLogger(__name__)

# What settles later than this after younger money is looked for only when the younger doesn't suffice.
SETTLES_WITHIN = timedelta(days=30)
SENT_BACK_TYPES = ("payout_failure", "payout_cancel")


@dataclass(frozen=True)
class Part:
    """A movement of the balance, or the part of it that one payout takes; minor units."""

    transaction: BalanceTransaction
    net: int
    fee: int


@dataclass(frozen=True)
class Origin:
    """The order a movement belongs to, and the dispute that took it or gave it back, by their keys."""

    order_id: int | None = None
    dispute_id: int | None = None


NOWHERE = Origin()


def sync_lines(payout: OrganizerPayout) -> None:
    """Find out once what a payout is made of and keep it as lines, with their orders and disputes.

    Stripe itemises automatic payouts only. A manual one, and every earlier one of its account that has no lines yet,
    gets our own allocation. Raises GatewayError.
    """
    if payout.automatic:
        account_id = str(payout.connected_account.stripe_account_id)
        itemised = gateway.list_payout_transactions(account_id, payout.stripe_payout_id)
        crash_point("payout.lines_fetched")
        _record_itemised(payout, itemised)
    else:
        _allocate(payout)
    payout.refresh_from_db(fields=["lines_synced_at"])
    crash_point("payout.lines_recorded")


def _record_itemised(payout: OrganizerPayout, itemised: Sequence[BalanceTransaction]) -> None:
    with transaction.atomic():
        locked = OrganizerPayout.objects.select_for_update().get(pk=payout.pk)
        if locked.lines_synced_at is None:
            _write(locked, [Part(each, each.net, each.fee) for each in reversed(itemised)], is_ours=False)


def _allocate(payout: OrganizerPayout) -> None:
    """Allocate by the account's younger movements first read; by all of them if those don't suffice."""
    account = payout.connected_account
    since = _allocated_until(payout)
    for created_after in [since, None] if since else [None]:
        settled = gateway.list_settled_transactions(
            str(account.stripe_account_id), currency=payout.currency, created_after=created_after
        )
        crash_point("payout.lines_fetched")
        if _allocate_waiting(account, payout.currency, settled, may_be_short=created_after is None):
            return


def _allocated_until(payout: OrganizerPayout) -> datetime | None:
    """From when on movements can be unpaid: a while before the youngest one that is a line already."""
    lines = PayoutLine.objects.filter(
        payout__connected_account=payout.connected_account, currency=payout.currency
    )
    youngest: datetime | None = lines.aggregate(youngest=Max("occurred_at"))["youngest"]
    return youngest - SETTLES_WITHIN if youngest else None


def _allocate_waiting(
    account: ConnectedAccount, currency: str, settled: Sequence[BalanceTransaction], *, may_be_short: bool
) -> bool:
    """Give lines to the account's manual payouts that have none, oldest first; False when the movements ran out.

    The account's row is locked, so that no movement is given to two payouts; sales to it go on meanwhile.
    """
    with transaction.atomic():
        ConnectedAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        waiting = OrganizerPayout.objects.filter(
            connected_account=account, currency=currency, automatic=False, lines_synced_at=None
        ).order_by("created_at", "id")
        for payout in waiting.select_for_update():
            parts = choose_parts(payout, _unpaid_parts(account, settled))
            missing = payout.amount - sum(part.net for part in parts)
            if missing and not may_be_short:
                return False
            if missing:
                logger.warning("payout_not_explained payout=%s missing=%s", payout, missing)
            _write(payout, parts, is_ours=True)
    return True


def choose_parts(payout: OrganizerPayout, unpaid: Sequence[Part]) -> list[Part]:
    """The settled movements that a manual payout takes, oldest first; the last one is split if it is too much.

    Stripe doesn't say which they are. What was taken from the balance counts at once, so that a payout of all that is
    available takes every movement.
    """
    before = [part for part in unpaid if part.transaction.created_at <= payout.created_at]
    chosen = [part for part in before if part.net < 0]
    missing = payout.amount - sum(part.net for part in chosen)
    for part in before:
        if part.net < 0:
            continue
        if not missing:
            break
        if part.net > missing:
            fee, _rest = allocate(part.fee, [missing, part.net - missing])
            part = Part(part.transaction, missing, fee)  # noqa: PLW2901
        chosen.append(part)
        missing -= part.net
    return chosen


def _unpaid_parts(account: ConnectedAccount, settled: Sequence[BalanceTransaction]) -> list[Part]:
    """What no payout has taken of the settled movements, oldest first.

    A payout isn't a movement to pay out, nor what a manual one brought back: that frees its lines instead.
    """
    by_hand = set(
        OrganizerPayout.objects.filter(connected_account=account, automatic=False).values_list(
            "stripe_payout_id", flat=True
        )
    )
    # Stripe lists the newest first, which orders what happened within a second.
    movements = [
        each
        for each in reversed(settled)
        if each.type != "payout" and not (each.type in SENT_BACK_TYPES and each.source_id in by_hand)
    ]
    taken = _taken(account, [each.id for each in movements])
    parts = []
    for each in sorted(movements, key=lambda one: (one.available_at, one.created_at)):
        net, fee = taken.get(each.id, (0, 0))
        if each.id not in taken or each.net != net:
            parts.append(Part(each, each.net - net, each.fee - fee))
    return parts


def _taken(account: ConnectedAccount, transaction_ids: list[str]) -> dict[str, tuple[int, int]]:
    """Net and fee of each movement that payouts have taken, minor units.

    What Stripe has itemised is taken, whatever became of the payout. Our own allocation counts unless the payout was
    sent back, or an automatic one has taken it over: then Stripe lists the manual payout itself among the lines.
    """
    lines = PayoutLine.objects.filter(payout__connected_account=account)
    taken_over = lines.filter(allocated=False, type="payout").values("source_id")
    ours = Q(allocated=True) & (Q(payout__status__in=SENT_BACK) | Q(payout__stripe_payout_id__in=taken_over))
    counted = lines.filter(balance_transaction_id__in=transaction_ids).exclude(ours)
    sums = (
        counted.order_by()
        .values("balance_transaction_id")
        .annotate(net=Sum("net_amount"), fee=Sum("fee_amount"))
    )
    return {row["balance_transaction_id"]: (row["net"], row["fee"]) for row in sums}


def _write(payout: OrganizerPayout, parts: Sequence[Part], *, is_ours: bool) -> None:
    origins = _find_origins(payout, [part.transaction for part in parts])
    PayoutLine.objects.bulk_create(
        [
            PayoutLine(
                payout=payout,
                balance_transaction_id=part.transaction.id,
                type=part.transaction.type,
                source_id=part.transaction.source_id or "",
                description=part.transaction.description,
                order_id=origins.get(part.transaction.source_id, NOWHERE).order_id,
                dispute_id=origins.get(part.transaction.source_id, NOWHERE).dispute_id,
                amount=part.net + part.fee,
                fee_amount=part.fee,
                net_amount=part.net,
                currency=part.transaction.currency,
                allocated=is_ours,
                occurred_at=part.transaction.created_at,
            )
            for part in parts
        ]
    )
    payout.lines_synced_at = timezone.now()
    payout.save(update_fields=["lines_synced_at"])


def _find_origins(
    payout: OrganizerPayout, movements: Sequence[BalanceTransaction]
) -> dict[str | None, Origin]:
    """Origins by the source of a movement: a payment is known by its transfer, a refund by its reversal or payment."""
    known = {**_by_transfer(payout, movements), **_by_reversal(movements)}
    found: dict[str | None, Origin] = {}
    for each in movements:
        origin = known.get(each.transfer_id) or known.get(each.reversal_id)
        if each.source_id and origin:
            found[each.source_id] = origin
    payments = {each.payment_id for each in movements if each.payment_id}
    paid_before = PayoutLine.objects.filter(
        payout__connected_account_id=payout.connected_account_id, source_id__in=payments, order__isnull=False
    )
    orders: dict[str | None, int | None] = dict(paid_before.values_list("source_id", "order_id"))
    orders |= {source: origin.order_id for source, origin in found.items()}
    for each in movements:
        if each.source_id and each.payment_id in orders:
            found.setdefault(each.source_id, Origin(orders[each.payment_id]))
    return found


def _by_transfer(
    payout: OrganizerPayout, movements: Sequence[BalanceTransaction]
) -> dict[str | None, Origin]:
    transfers = [each.transfer_id for each in movements if each.transfer_id]
    paid = Payment.objects.filter(
        order__organization_id=payout.organization_id, transfer_id__in=transfers
    ).values_list("transfer_id", "order_id")
    # What goes to an organizer once more: after a failed refund, or a dispute that was won.
    given_back = OrganizerTransfer.objects.filter(
        order__organization_id=payout.organization_id, stripe_id__in=transfers
    ).values_list("stripe_id", "order_id", "dispute_id")
    return {
        **{transfer_id: Origin(order_id) for transfer_id, order_id in paid},
        **{transfer_id: Origin(order_id, dispute_id) for transfer_id, order_id, dispute_id in given_back},
    }


def _by_reversal(movements: Sequence[BalanceTransaction]) -> dict[str | None, Origin]:
    reversals = [each.reversal_id for each in movements if each.reversal_id]
    taken_back = TransferReversal.objects.filter(stripe_id__in=reversals).values_list(
        "stripe_id", "payment__order_id", "dispute_id"
    )
    return {stripe_id: Origin(order_id, dispute_id) for stripe_id, order_id, dispute_id in taken_back}
