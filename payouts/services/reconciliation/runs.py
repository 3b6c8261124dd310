"""One run: import, compare in both directions, keep what differs."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from payouts.models import BalanceImport, MoneyException, Reconciliation
from payouts.services.reconciliation.balances import compare_balances, readable_comparisons
from payouts.services.reconciliation.findings import Finding, record_findings
from payouts.services.reconciliation.imports import CLOSED, find_imports, import_movements
from payouts.services.reconciliation.movements import compare_movements
from payouts.services.reconciliation.payout_lines import compare_payouts

logger = logging.getLogger(__name__)

# What happened so lately may be known to one side only.
GRACE = timedelta(minutes=5)
# A little less than a day, so that of the hourly runs always the same one does it.
BALANCES_EVERY = timedelta(hours=23, minutes=30)
LOCK = 0x6D616C797265636F  # of the session; "malyreco" in ASCII
Tell = Callable[[str], None]


class RunUnderWay(MalyError):
    """Raised when another run is at work; two would ask Stripe for the same."""

    code = "RUN_UNDER_WAY"
    status = 409
    message = _("Another reconciliation is under way. Wait until it has ended.")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run did, and every difference that is open after it."""

    imported: int
    compared: int
    unread: list[BalanceImport]
    balances: list[str]
    open: list[MoneyException]

    @property
    def failed(self) -> list[BalanceImport]:
        """The accounts that should have been readable; of those that were closed nothing new is known."""
        return [row for row in self.unread if row.error != CLOSED]


def reconcile(
    *,
    account_id: str | None = None,
    with_import: bool = True,
    with_balances: bool = True,
    grace: timedelta = GRACE,
    tell: Tell = logger.info,
) -> Outcome:
    """Bring what Stripe moved, compare it with the books both ways, and keep each difference until it is gone.

    `account_id` looks at one account ("" is the platform), `with_import` False at what is there already, asking Stripe
    nothing. Younger than `grace` is left to the next run. `tell` hears how far it is. Raises RunUnderWay.
    """
    started_at = timezone.now()
    with _alone():
        imports = find_imports(account_id)
        tell(f"Comparing {len(imports)} accounts at Stripe with the books.")
        books = sorted({row.books for row in imports}) if account_id is not None else None
        imported, unread = _import(imports, tell) if with_import else (0, [])
        compared = compare_movements(books=books, grace=grace)
        # After what is of no known kind has been booked to suspense.
        read = [row for row in imports if row.books not in {lost.books for lost in unread}]
        compared_balances = compare_balances(read, grace=grace) if with_balances and with_import else []
        tell(f"Compared {compared} movements and {len(compared_balances)} balances.")
        compare_payouts(books=books)
        left = open_exceptions(books)
        run = _note_run(
            started_at, imported, compared, len(left), compared_balances, is_whole=account_id is None
        )
    logger.info("reconciled movements=%s open=%s run=%s", compared, len(left), run)
    return Outcome(imported=imported, compared=compared, unread=unread, balances=compared_balances, open=left)


def are_balances_due(*, now: datetime | None = None) -> bool:
    """Whether Stripe's balances were last compared a day ago, or one of them wasn't what the ledger said.

    It takes two more calls for each account.
    """
    since = (now or timezone.now()) - BALANCES_EVERY
    if not Reconciliation.objects.filter(has_balances=True, finished_at__gte=since).exists():
        return True
    as_booked = F("ledger_amount") + F("in_flight_amount")
    return readable_comparisons().exclude(stripe_amount=as_booked).exists()


def open_exceptions(books: list[str] | None = None) -> list[MoneyException]:
    """Every difference that is open, the oldest first."""
    rows = MoneyException.objects.filter(cleared_at=None).order_by("first_seen_at", "pk")
    return list(rows if books is None else rows.filter(books__in=books))


def _import(imports: list[BalanceImport], tell: Tell) -> tuple[int, list[BalanceImport]]:
    done = import_movements(imports)
    tell(f"Imported {done.rows} movements.")
    lost = [row for row in done.unread if row.unreachable_since and row.error != CLOSED]
    record_findings(
        [_unreadable(row) for row in lost],
        kinds=[MoneyException.Kind.UNREADABLE],
        books=[row.books for row in imports],
    )
    return done.rows, done.unread


def _unreadable(row: BalanceImport) -> Finding:
    return Finding(
        kind=MoneyException.Kind.UNREADABLE,
        subject=f"{row.books}:{row.account_id}",
        words=(
            f"Stripe refuses to show the movements of {row.books}: {row.error} If the account was closed, its event "
            "account.application.deauthorized is missing; otherwise check the key's permissions."
        ),
        books=row.books,
        ids=[row.account_id],
    )


def _note_run(
    started_at: datetime, imported: int, compared: int, left: int, balances: list[str], *, is_whole: bool
) -> str:
    """Keep a row of a run over everything, for `doctor`."""
    if not is_whole:
        return "partial"
    run = Reconciliation.objects.create(
        started_at=started_at,
        finished_at=timezone.now(),
        imported=imported,
        compared=compared,
        open_exceptions=left,
        has_balances=bool(balances),
    )
    return str(run.pk)


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only run, in any process, until the end of the block."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise RunUnderWay
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
