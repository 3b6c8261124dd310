"""What goes back of Premium: in full where somebody paid twice, and whatever staff refund in Stripe's dashboard.

The intent row with its key is committed before Stripe is asked; an unknown outcome is the same call again.
"""

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from connect import billing_calls, refund_calls
from connect.errors import GatewayError, GatewayRefused
from connect.stripe_objects import Refund as Seen
from maly.codes import make_key
from maly.crash import crash_point
from premium import postings
from premium.models import Customer, PremiumInvoice, PremiumRefund
from premium.services.invoices import invoice_of

logger = logging.getLogger(__name__)
Status = PremiumRefund.Status
GRACE = timedelta(seconds=30)
PENDING_LOOK = timedelta(hours=1)


def refund_invoice(invoice_id: int) -> PremiumRefund | None:
    """Give back all that is left of an invoice's charge; None where nothing is. Safe to call twice.

    Raises GatewayError; the row stays, and a sweep asks again.
    """
    requested = _request(invoice_id)
    return carry_out(requested.pk) if requested else None


def carry_out(refund_id: int) -> PremiumRefund:
    """Ask Stripe for a requested refund under its key, or find it, and record the answer. Raises GatewayError."""
    refund = PremiumRefund.objects.select_related("invoice").get(pk=refund_id)
    if refund.status != Status.REQUESTED:
        return refund
    try:
        seen = _ask(refund)
    except GatewayRefused as error:
        logger.error("premium_refund_refused refund=%s code=%s", refund.code, error.code)
        PremiumRefund.objects.filter(pk=refund.pk, status=Status.REQUESTED).update(
            status=Status.REFUSED, failure_reason=error.message[:200]
        )
        raise
    crash_point("premium_refund.created")
    record_refund(refund.invoice, seen)
    refund.refresh_from_db()
    return refund


def sync_refund(refund_id: str) -> PremiumRefund | None:
    """Fetch a refund and converge to it; None when it is of no invoice of ours. Raises GatewayError."""
    seen = refund_calls.retrieve_refund(refund_id)
    invoice = invoice_of(seen.payment_intent_id)
    return record_refund(invoice, seen) if invoice else None


def sync_refunds_of(payment_intent_id: str) -> list[PremiumRefund]:
    """Converge to every refund of a charge of ours. Raises GatewayError."""
    invoice = invoice_of(payment_intent_id)
    if invoice is None:
        return []
    return [
        record_refund(invoice, seen)
        for seen in refund_calls.list_refunds(payment_intent_id=payment_intent_id)
    ]


def record_refund(invoice: PremiumInvoice, seen: Seen) -> PremiumRefund:
    """Write what Stripe says of a refund and book it: succeeded moves money, failed moves it back."""
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=invoice.customer_id)
        refund = _find(invoice, seen)
        # Failed is the end of it; what was fetched before says less.
        if refund.status not in (Status.FAILED, Status.REFUSED):
            refund.stripe_refund_id = seen.id
            refund.status = _status(seen.status)
            refund.failure_reason = seen.failure_reason[:200]
            _book(refund, seen)
            refund.save()
            _sum_up(invoice)
    crash_point("premium_refund.recorded")
    return refund


def resolve_refunds(*, now: datetime | None = None, limit: int = 100) -> int:
    """Go on with refunds that got no answer; returns how many are decided."""
    before = (now or timezone.now()) - GRACE
    waiting = PremiumRefund.objects.filter(status=Status.REQUESTED, created_at__lte=before)
    decided = 0
    for refund in list(waiting.order_by("created_at")[:limit]):
        try:
            decided += carry_out(refund.pk).status != Status.REQUESTED
        except GatewayError as error:
            logger.warning("premium_refund_unknown refund=%s error=%s", refund.code, type(error).__name__)
    return decided


def follow_refunds(*, now: datetime | None = None, limit: int = 100) -> int:
    """Look at refunds that have been on their way for an hour; returns how many have arrived, or failed."""
    before = (now or timezone.now()) - PENDING_LOOK
    pending = PremiumRefund.objects.filter(status=Status.PENDING, created_at__lte=before)
    decided = 0
    for refund in list(pending.order_by("created_at")[:limit]):
        try:
            found = sync_refund(str(refund.stripe_refund_id))
            decided += found is not None and found.status != Status.PENDING
        except GatewayError as error:
            logger.warning("premium_refund_unread refund=%s error=%s", refund.code, type(error).__name__)
    return decided


def _request(invoice_id: int) -> PremiumRefund | None:
    """The refund of ours of an invoice, made and committed if there is none and something is left."""
    ours = PremiumRefund.objects.filter(invoice_id=invoice_id, idempotency_key__isnull=False)
    try:
        with transaction.atomic():
            invoice = PremiumInvoice.objects.get(pk=invoice_id)
            Customer.objects.select_for_update().get(pk=invoice.customer_id)
            invoice.refresh_from_db()
            left = invoice.charged_amount - invoice.refunded_amount
            if ours.exists() or not left:
                return ours.first()
            made = PremiumRefund.objects.create(
                invoice=invoice,
                amount=left,
                currency=invoice.currency,
                idempotency_key=f"premium-refund-{make_key()}",
            )
    except IntegrityError:
        return ours.first()
    crash_point("premium_refund.requested")
    return made


def _ask(refund: PremiumRefund) -> Seen:
    invoice = refund.invoice
    assert invoice.payment_intent_id is not None, refund.code
    assert refund.idempotency_key is not None, refund.code
    if refund.created_at < timezone.now() - refund_calls.KEY_IS_KNOWN_FOR:
        made = refund_calls.list_refunds(payment_intent_id=invoice.payment_intent_id)
        for known in made:
            if known.code == refund.code:
                return known
    return billing_calls.refund_charge(
        invoice.payment_intent_id,
        amount=refund.amount,
        request=refund.code,
        idempotency_key=refund.idempotency_key,
    )


def _find(invoice: PremiumInvoice, seen: Seen) -> PremiumRefund:
    """The row of a refund: ours by its code, else by Stripe's id, else a new one for Stripe's dashboard."""
    rows = PremiumRefund.objects.filter(invoice=invoice)
    known = (
        rows.filter(stripe_refund_id=seen.id).first()
        or rows.filter(code=seen.code, stripe_refund_id=None).first()
    )
    return known or PremiumRefund(
        invoice=invoice, amount=seen.amount, currency=seen.currency, created_at=seen.created_at
    )


def _status(word: str) -> str:
    """Stripe's word in ours: whoever has to act on a refund, it is on its way."""
    if word == "canceled":
        return Status.FAILED
    return word if word in (Status.SUCCEEDED, Status.FAILED) else Status.PENDING


def _book(refund: PremiumRefund, seen: Seen) -> None:
    refund.invoice.refresh_from_db()
    if refund.status == Status.SUCCEEDED:
        refund.refunded_at = refund.refunded_at or seen.created_at
        postings.refund(refund, at=seen.created_at)
    elif refund.status == Status.FAILED:
        postings.refund_failed(refund, at=timezone.now())


def _sum_up(invoice: PremiumInvoice) -> None:
    given = PremiumRefund.objects.filter(invoice=invoice, status=Status.SUCCEEDED)
    PremiumInvoice.objects.filter(pk=invoice.pk).update(
        refunded_amount=sum(given.values_list("amount", flat=True))
    )
