"""Money at Stripe that nothing of ours explains: booked to suspense:unmatched until a person, or later code, does."""

import logging
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organization, User
from accounts.services.audit import record
from ledger.models import LedgerTransaction
from ledger.services.posting import reverse
from maly.errors import Invalid
from maly.money import CURRENCIES
from payouts import postings
from payouts.models import BalanceTransaction, MoneyException
from payouts.services.reconciliation.statements import ORIGIN

logger = logging.getLogger(__name__)

# A kind that was unknown when it was booked, and that this version knows.
KNOWN_BY_NOW = f"""
SELECT posted.id FROM ledger_ledgertransaction posted
JOIN payouts_balancetransaction moved ON moved.stripe_id = posted.source
WHERE posted.kind = 'unmatched' AND ({ORIGIN}) IS NOT NULL
    AND NOT EXISTS (SELECT FROM ledger_ledgertransaction undone WHERE undone.reverses_id = posted.id)
"""  # noqa: S608


def suspend_unknown(transaction_ids: Iterable[str]) -> set[str]:
    """Book these movements to suspense, each once; returns the ids of those that are."""
    rows = BalanceTransaction.objects.filter(stripe_id__in=list(transaction_ids), currency__in=CURRENCIES)
    booked = set()
    for row in rows.exclude(net_amount=0):
        with transaction.atomic():
            postings.unmatched(row, organization=organization_of(row.books))
        booked.add(row.stripe_id)
        logger.warning("movement_unknown movement=%s type=%s", row.stripe_id, row.type)
    return booked


def reverse_explained() -> int:
    """Undo the suspense of movements whose kind is known by now; what explains them is posted by its own recipe."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN_BY_NOW, {})
        ids = [row[0] for row in cursor.fetchall()]
    for posted in LedgerTransaction.objects.filter(pk__in=ids):
        with transaction.atomic():
            reverse(posted, source=posted.source, occurred_at=timezone.now())
    return len(ids)


def is_suspended(transaction_id: str) -> bool:
    """Whether a movement still stands in suspense."""
    return _suspended(transaction_id).exists()


def explain(exception: MoneyException, *, account: str, actor: User, reason: str) -> LedgerTransaction:
    """Book a movement of no known kind to what it was, and take it out of suspense; the exception clears itself.

    `account` is one of `postings.EXPLANATIONS`. Raises Invalid for another one, without a reason, or where nothing
    stands in suspense.
    """
    if account not in postings.EXPLANATIONS:
        raise Invalid(_("Choose what it was."), attr="account")
    if not reason.strip():
        raise Invalid(_("Say what it was and how you know."), attr="reason")
    movement_id = exception.subject.rpartition(":")[2]
    row = BalanceTransaction.objects.filter(stripe_id=movement_id, books=exception.books).first()
    with transaction.atomic():
        posted = _suspended(movement_id).select_for_update(of=("self",)).first()
        if row is None or posted is None:
            raise Invalid(_("Nothing of this stands in suspense any more."))
        reverse(posted, source=movement_id, occurred_at=row.created_at)
        explained = postings.explained(row, account=account, organization=organization_of(row.books))
        MoneyException.objects.filter(pk=exception.pk).update(cleared_at=timezone.now())
        record(
            "money_exception.explained",
            organization=organization_of(row.books),
            subject=f"money-exception:{exception.pk}",
            actor=actor,
            actor_kind=AuditEntry.Actor.STAFF,
            after={"movement": movement_id, "account": account},
            reason=reason.strip(),
        )
    return explained


def organization_of(books: str) -> Organization | None:
    """Whose balance at Stripe it is; None: the platform's."""
    _stripe, _colons, owner = books.partition(":connected:")
    return Organization.objects.get(pk=int(owner)) if owner else None


def _suspended(transaction_id: str) -> QuerySet[LedgerTransaction]:
    return LedgerTransaction.objects.filter(kind="unmatched", source=transaction_id, reversal=None)
