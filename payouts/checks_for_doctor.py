"""What `manage.py doctor` asks about Stripe and the books: whether they are compared, and whether they match."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Min
from django.utils import timezone

from connect.models import EventCursor
from ledger.models import LedgerTransaction
from payouts.models import MoneyException, Reconciliation
from payouts.services.reconciliation.balances import readable_comparisons

# Each sweep may be missed twice: movements are compared hourly, balances daily, events caught up every ten minutes.
COMPARED_WITHIN = timedelta(hours=3)
BALANCES_WITHIN = timedelta(days=2)
CAUGHT_UP_WITHIN = timedelta(hours=1)


def checks_for_doctor() -> list[str]:
    """Every problem in words, each with what to do about it; none where nothing has been sold for long enough."""
    first = LedgerTransaction.objects.aggregate(first=Min("posted_at"))["first"]
    if first is None or first > timezone.now() - COMPARED_WITHIN:
        return []
    return [*_runs(), *_balances(), *_events(), *_differences()]


def _runs() -> Iterator[str]:
    last = Reconciliation.objects.order_by("-finished_at").first()
    if last is None:
        yield "Stripe and the books were never compared: run `manage.py reconcile`, and see that beat and a worker run."
    elif last.finished_at < timezone.now() - COMPARED_WITHIN:
        yield (
            f"Stripe and the books were last compared on {last.finished_at:%Y-%m-%d %H:%M} UTC: see that beat and a "
            "worker run, or run `manage.py reconcile`."
        )


def _balances() -> Iterator[str]:
    oldest = readable_comparisons().order_by("compared_at").first()
    if oldest and oldest.compared_at < timezone.now() - BALANCES_WITHIN:
        yield (
            f"The balance of {oldest.books} was last compared on {oldest.compared_at:%Y-%m-%d %H:%M} UTC: run "
            "`manage.py reconcile` while few sales are made."
        )


def _events() -> Iterator[str]:
    since = timezone.now() - CAUGHT_UP_WITHIN
    if not EventCursor.objects.filter(account_id="", complete_at__gte=since).exists():
        yield (
            "Events that no webhook brought haven't been caught up for an hour: see that beat and a worker run, or run "
            "`manage.py replay_webhooks --missed`."
        )


def _differences() -> Iterator[str]:
    count = MoneyException.objects.filter(cleared_at=None, acknowledged_at=None).count()
    if count:
        yield f"{count} differences between Stripe and the books are open: see /admin/exceptions/."
