"""From Stripe's invoice to ours: what was asked for, whether it is paid, and the money of its charge in the books."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from connect import billing_calls
from connect.errors import GatewayError
from connect.stripe_objects import Charge
from connect.stripe_objects.billing import Invoice as Seen
from maly.crash import crash_point
from maly.poke import poke
from premium import postings
from premium.models import Customer, PremiumInvoice, Subscription
from premium.services.customers import lock_customer
from premium.services.entitlements import follow_subscriptions
from premium.services.news import tell_of_invoice

logger = logging.getLogger(__name__)
Status = PremiumInvoice.Status
# Stripe books its fee after the charge: `charge.updated` tells, else the sweep asks.
FEE_MISSING_AFTER = timedelta(minutes=2)
# No event that we take tells of an invoice that was given up or withdrawn, as after its subscription's end.
OPEN_LOOK = timedelta(days=1)
OPEN_FOLLOWED_FOR = timedelta(days=90)


def record_invoice(invoice_id: str) -> PremiumInvoice | None:
    """Fetch an invoice and what paid it, and converge: the row, the books, the mails. None when it is nobody's we know.

    What a card was charged is money, whatever the invoice adds up to: an invoice that credit settles posts nothing.
    Safe to call twice. Raises GatewayError.
    """
    asked_at = timezone.now()
    seen = billing_calls.retrieve_invoice(invoice_id)
    if not Customer.objects.filter(stripe_customer_id=seen.customer_id).exists():
        return None
    charge = _charge_of(seen)
    crash_point("premium_invoice.fetched")
    with transaction.atomic():
        customer = lock_customer(seen.customer_id)
        assert customer is not None, seen.id
        invoice = _converge(customer, seen, asked_at)
        if charge is not None:
            _note_charge(invoice, charge)
        tell_of_invoice(invoice)
        follow_subscriptions(customer.user)
        _poke_mirror(invoice)
    crash_point("premium_invoice.recorded")
    if charge is not None and charge.refunded_amount != invoice.refunded_amount:
        _find_refunds(invoice)
    return invoice


def record_charge(payment_intent_id: str) -> PremiumInvoice | None:
    """The same by the payment intent of a charge; None when it paid no invoice of ours."""
    found = invoice_of(payment_intent_id)
    return record_invoice(found.stripe_invoice_id) if found else None


def invoice_of(payment_intent_id: str | None) -> PremiumInvoice | None:
    """The invoice that a payment intent has paid; None where it paid none of ours, or there is no intent."""
    if not payment_intent_id:
        return None
    return PremiumInvoice.objects.filter(payment_intent_id=payment_intent_id).first()


def record_missing_fees(*, now: datetime | None = None, limit: int = 100) -> int:
    """Ask again about charges whose fee is unknown after 2 minutes; returns how many are known now."""
    before = (now or timezone.now()) - FEE_MISSING_AFTER
    unknown = PremiumInvoice.objects.filter(
        charged_amount__gt=0, stripe_fee_amount=None, charged_at__lte=before
    )
    known = 0
    for invoice_id in list(
        unknown.order_by("charged_at").values_list("stripe_invoice_id", flat=True)[:limit]
    ):
        try:
            invoice = record_invoice(invoice_id)
        except GatewayError as error:
            logger.warning("premium_fee_unread invoice=%s error=%s", invoice_id, type(error).__name__)
            continue
        known += bool(invoice and invoice.stripe_fee_amount is not None)
    return known


def follow_open_invoices(*, now: datetime | None = None, limit: int = 100) -> int:
    """Ask daily about invoices that are still to be paid; returns how many are settled one way or the other."""
    now = now or timezone.now()
    waiting = PremiumInvoice.objects.filter(
        status=Status.OPEN, synced_at__lte=now - OPEN_LOOK, issued_at__gte=now - OPEN_FOLLOWED_FOR
    )
    settled = 0
    for invoice_id in list(waiting.order_by("synced_at").values_list("stripe_invoice_id", flat=True)[:limit]):
        try:
            invoice = record_invoice(invoice_id)
        except GatewayError as error:
            logger.warning("premium_invoice_unread invoice=%s error=%s", invoice_id, type(error).__name__)
            continue
        settled += bool(invoice and invoice.status != Status.OPEN)
    return settled


def _charge_of(seen: Seen) -> Charge | None:
    """The charge that paid an invoice; None for one that credit, or money outside Stripe, has settled."""
    if not seen.payment_intent_ids:
        return None
    if len(seen.payment_intent_ids) > 1:
        logger.error("premium_invoice_paid_in_parts invoice=%s", seen.id)
    charge = billing_calls.retrieve_charge_of(seen.payment_intent_ids[0])
    return charge if charge is not None and charge.status == "succeeded" else None


def _converge(customer: Customer, seen: Seen, asked_at: datetime) -> PremiumInvoice:
    """Write what was seen, customer locked; what was read earlier never overwrites, and paid stays paid."""
    known = PremiumInvoice.objects.select_related("user").filter(stripe_invoice_id=seen.id).first()
    if known is not None and (
        known.synced_at > asked_at or (known.status == Status.PAID and seen.status != "paid")
    ):
        return known
    invoice = known or PremiumInvoice(user=customer.user, customer=customer, stripe_invoice_id=seen.id)
    invoice.stripe_subscription_id = seen.subscription_id
    invoice.subscription = Subscription.objects.filter(stripe_subscription_id=seen.subscription_id).first()
    invoice.status, invoice.number, invoice.billing_reason = seen.status, seen.number, seen.billing_reason
    invoice.currency, invoice.total_amount, invoice.due_amount = seen.currency, seen.total, seen.amount_due
    invoice.paid_amount, invoice.attempt_count = seen.paid_amount, seen.attempt_count
    invoice.next_attempt_at, invoice.hosted_url, invoice.pdf_url = (
        seen.next_attempt_at,
        seen.hosted_url,
        seen.pdf_url,
    )
    invoice.issued_at, invoice.paid_at, invoice.synced_at = seen.created_at, seen.paid_at, asked_at
    invoice.save()
    return invoice


def _note_charge(invoice: PremiumInvoice, charge: Charge) -> None:
    """Keep what is known of the charge and post it: the sale once, Stripe's fee once it is booked."""
    invoice.payment_intent_id, invoice.charge_id = charge.payment_intent_id, charge.id
    invoice.charged_amount, invoice.charged_at = charge.amount, charge.created_at
    invoice.card_brand, invoice.card_last4 = charge.card_brand, charge.card_last4
    if charge.stripe_fee_amount is not None:
        invoice.stripe_fee_amount = charge.stripe_fee_amount
        invoice.balance_transaction_id = charge.balance_transaction_id or ""
    invoice.save()
    postings.sale(invoice)
    postings.stripe_fee(invoice)


def _find_refunds(invoice: PremiumInvoice) -> None:
    """What went back before we knew of the charge, so that its event meant nothing to us."""
    from premium.services.refunds import sync_refunds_of  # which follow an invoice

    sync_refunds_of(str(invoice.payment_intent_id))
    invoice.refresh_from_db()


def _poke_mirror(invoice: PremiumInvoice) -> None:
    from premium.tasks import mirror_invoice  # services queue tasks, tasks call services

    poke(mirror_invoice, invoice.stripe_invoice_id)
