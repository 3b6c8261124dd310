"""Disputes of Premium's charges, followed for the books: the money is ours alone, and staff answer them at Stripe."""

from django.db import transaction
from django.utils import timezone

from connect import dispute_calls
from connect.stripe_objects import Dispute as Seen
from maly.crash import crash_point
from premium import postings
from premium.models import Customer, PremiumDispute, PremiumInvoice
from premium.services.invoices import invoice_of

LOST = ("lost", "prevented")
CLOSED = ("won", "warning_closed", *LOST)


def sync_dispute(dispute_id: str) -> PremiumDispute | None:
    """Fetch a dispute and converge to it; None when it is of no invoice of ours. Safe to call twice.

    Raises GatewayError.
    """
    seen = dispute_calls.retrieve_dispute(dispute_id)
    invoice = invoice_of(seen.payment_intent_id)
    if invoice is None:
        return None
    crash_point("premium_dispute.fetched")
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=invoice.customer_id)
        return _converge(invoice, seen)


def _converge(invoice: PremiumInvoice, seen: Seen) -> PremiumDispute:
    known = PremiumDispute.objects.filter(stripe_dispute_id=seen.id).first()
    if known is not None and known.closed_at is not None and seen.status not in CLOSED:
        return known
    dispute = known or PremiumDispute(invoice=invoice, stripe_dispute_id=seen.id, opened_at=seen.created_at)
    dispute.status, dispute.reason, dispute.due_by = seen.status, seen.reason, seen.due_by
    dispute.amount, dispute.currency = seen.amount, seen.currency
    _book(dispute, seen)
    if seen.status in CLOSED and dispute.closed_at is None:
        dispute.closed_at = timezone.now()
        if seen.status in LOST and dispute.withdrawn_amount and not dispute.reinstated_amount:
            postings.dispute_lost(dispute, at=dispute.closed_at)
    dispute.save()
    return dispute


def _book(dispute: PremiumDispute, seen: Seen) -> None:
    """Post what has moved on our balance since we looked."""
    if seen.withdrawn_amount and not dispute.withdrawn_amount:
        dispute.withdrawn_amount, dispute.fee_amount = seen.withdrawn_amount, seen.fee_amount
        postings.dispute_opened(dispute, at=seen.withdrawn_at or seen.created_at)
    if seen.reinstated_amount and not dispute.reinstated_amount:
        dispute.reinstated_amount = seen.reinstated_amount
        dispute.fee_returned_amount = seen.fee_returned_amount
        postings.dispute_won(dispute, at=seen.reinstated_at or timezone.now())
