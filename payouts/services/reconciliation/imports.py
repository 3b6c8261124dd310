"""Importing Stripe's balance transactions: page by page, each committed, taken up again where it was interrupted."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Case, F, Max, Min, When
from django.utils import timezone

from connect import gateway
from connect.errors import GatewayError, GatewayRefused
from connect.list_calls import Span, page_transactions
from connect.models import ConnectedAccount, mask_account_id
from connect.services.accounts import GONE
from connect.stripe_objects import BalanceTransaction as Movement
from ledger import chart
from maly.crash import crash_point
from payouts.models import BalanceImport, BalanceTransaction

logger = logging.getLogger(__name__)

# A movement may become visible a little after the second that it is dated with.
OVERLAP = timedelta(hours=1)
# What is pending this long after its day isn't asked for with everything since; it is a difference by then.
REFRESHED_FOR = timedelta(days=7)
MOST_OLD = 20
CLOSED = "The account was closed."
FIELDS = [
    "books",
    "type",
    "category",
    "status",
    "amount",
    "fee_amount",
    "application_fee_amount",
    "net_amount",
    "currency",
    "source_id",
    "transfer_id",
    "payment_id",
    "reversal_id",
    "application_fee_id",
    "description",
    "created_at",
    "available_at",
    "imported_at",
]


@dataclass
class Imported:
    """What an import brought: how many movements, and which accounts couldn't be read."""

    rows: int = 0
    unread: list[BalanceImport] = field(default_factory=list)


def find_imports(account_id: str | None = None) -> list[BalanceImport]:
    """The accounts whose movements are imported, made for new ones: the platform first, then by the oldest import.

    `account_id` names one of them; "" is the platform.
    """
    accounts = ConnectedAccount.objects.exclude(stripe_account_id=None).select_related("organization")
    known = set(BalanceImport.objects.values_list("account_id", flat=True))
    wanted = {"": chart.platform().code}
    for account in accounts.order_by("pk").iterator(chunk_size=500):
        wanted[str(account.stripe_account_id)] = chart.connected(account.organization).code
    BalanceImport.objects.bulk_create(
        [BalanceImport(account_id=key, books=books) for key, books in wanted.items() if key not in known],
        ignore_conflicts=True,
    )
    _mark_closed()
    rows = BalanceImport.objects.order_by(
        Case(When(account_id="", then=0), default=1), F("complete_at").asc(nulls_first=True), "pk"
    )
    return list(rows if account_id is None else rows.filter(account_id=account_id))


def import_movements(imports: Iterable[BalanceImport]) -> Imported:
    """Import what is new of each account. One that can't be read is noted and passed over, whatever the reason."""
    done = Imported()
    for row in imports:
        if row.error == CLOSED:
            done.unread.append(row)
            continue
        try:
            with gateway.patiently():
                done.rows += import_account(row)
        except GatewayError as error:
            _note(row, error)
            done.unread.append(row)
    return done


def import_account(row: BalanceImport) -> int:
    """Import one account's movements since the last complete import; returns how many were read.

    Every page is kept as it comes. An interrupted listing goes on behind its last page, and what has happened since is
    listed after it. Raises GatewayError.
    """
    read = _list(row) if row.listing_after else 0
    row.listing_began_at = timezone.now()
    read += _list(row)
    read += _refresh_pending(row)
    logger.info("movements_imported account=%s rows=%s", _masked(row), read)
    return read


def _list(row: BalanceImport) -> int:
    """List down to the last complete import, newest first; `complete_at` moves on only when the end was reached."""
    span = Span(since=row.complete_at - OVERLAP if row.complete_at else None)
    read = 0
    for movements, has_more in page_transactions(row.account_id, span, after=row.listing_after):
        _keep(row, movements)
        read += len(movements)
        if has_more:
            row.listing_after = movements[-1].id
            row.save(update_fields=["listing_after", "listing_began_at"])
        crash_point("reconciliation.page_kept")
    row.complete_at, row.listing_began_at, row.listing_after = row.listing_began_at, None, ""
    row.error, row.unreachable_since = "", None
    row.save()
    return read


def _refresh_pending(row: BalanceImport) -> int:
    """Read those again whose money should be available by now: the recent ones together, old ones a few at a time."""
    now = timezone.now()
    pending = BalanceTransaction.objects.filter(account_id=row.account_id, status="pending")
    due = pending.filter(available_at__range=(now - REFRESHED_FOR, now))
    ends = due.aggregate(since=Min("created_at"), until=Max("created_at"))
    spans = [Span(**ends)] if ends["since"] else []
    old = pending.filter(available_at__lt=now - REFRESHED_FOR).order_by("imported_at")[:MOST_OLD]
    spans += [Span(since=each.created_at, until=each.created_at) for each in old]
    read = 0
    for span in spans:
        for movements, _has_more in page_transactions(row.account_id, span):
            _keep(row, movements)
            read += len(movements)
    return read


def _keep(row: BalanceImport, movements: list[Movement]) -> None:
    BalanceTransaction.objects.bulk_create(
        [_as_row(row, movement) for movement in movements],
        update_conflicts=True,
        unique_fields=["account_id", "stripe_id"],
        update_fields=FIELDS,
    )


def _as_row(row: BalanceImport, movement: Movement) -> BalanceTransaction:
    return BalanceTransaction(
        account_id=row.account_id,
        books=row.books,
        stripe_id=movement.id,
        type=movement.type,
        category=movement.category,
        status=movement.status,
        amount=movement.amount,
        fee_amount=movement.fee,
        application_fee_amount=movement.application_fee,
        net_amount=movement.net,
        currency=movement.currency,
        source_id=movement.source_id or "",
        transfer_id=movement.transfer_id or "",
        payment_id=movement.payment_id or "",
        reversal_id=movement.reversal_id or "",
        application_fee_id=movement.application_fee_id or "",
        description=movement.description,
        created_at=movement.created_at,
        available_at=movement.available_at,
    )


def _mark_closed() -> None:
    """An account that was closed isn't asked again; one that came back is."""
    closed = ConnectedAccount.objects.exclude(deauthorized_at=None).values("stripe_account_id")
    BalanceImport.objects.filter(account_id__in=closed, unreachable_since=None).update(
        unreachable_since=timezone.now(), error=CLOSED
    )
    BalanceImport.objects.filter(error=CLOSED).exclude(account_id__in=closed).update(
        unreachable_since=None, error=""
    )


def _note(row: BalanceImport, error: GatewayError) -> None:
    """Keep why an account couldn't be read, and since when if it is Stripe that refuses it."""
    is_gone = isinstance(error, GatewayRefused) and error.status in GONE
    row.error = (error.message if isinstance(error, GatewayRefused) else type(error).__name__)[:200]
    row.unreachable_since = (row.unreachable_since or timezone.now()) if is_gone else None
    row.save(update_fields=["error", "unreachable_since"])
    logger.warning("movements_unread account=%s error=%s", _masked(row), type(error).__name__)


def _masked(row: BalanceImport) -> str:
    return mask_account_id(row.account_id) if row.account_id else "platform"
