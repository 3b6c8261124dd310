"""The sweeps as tasks; when each runs is in maly/celery.py."""

import logging

from celery import shared_task

from connect import billing_calls, mirror
from connect.gateway import patiently

logger = logging.getLogger(__name__)


@shared_task
def resolve_unanswered() -> int:
    """Customers, checkouts, changes of plan, refunds: whatever asked Stripe and has no answer."""
    from premium.services import changes, checkouts, extras, refunds, sweeps

    with patiently():
        return (
            sweeps.resolve_customers()
            + checkouts.resolve_checkouts()
            + changes.resolve_changes()
            + extras.end_extras()
            + refunds.resolve_refunds()
        )


@shared_task
def follow_subscriptions() -> int:
    """Subscriptions and invoices that nobody told us of, Stripe's fees that came later, refunds long on their way."""
    from premium.services import invoices, refunds, sweeps

    with patiently():
        return (
            sweeps.follow_subscriptions_due()
            + invoices.follow_open_invoices()
            + invoices.record_missing_fees()
            + refunds.follow_refunds()
        )


@shared_task
def follow_time() -> int:
    """What time alone changes: reminders, and the fee of hosts whose Premium began or ended."""
    from premium.services import sweeps

    return sweeps.tell_what_is_coming() + sweeps.follow_host_fees()


@shared_task
def mirror_subscription(subscription_id: str) -> None:
    """Feed dj-stripe's copies of a subscription, its customer and its price. The mirror's faults stay its own."""
    try:
        with patiently():
            raw = billing_calls.retrieve_subscription(subscription_id).raw
        mirror.feed_subscription(raw, customer=raw["customer"])
    except Exception:  # whatever dj-stripe stumbles over
        logger.exception("mirror_failed object=subscription")


@shared_task
def mirror_invoice(invoice_id: str) -> None:
    """Feed dj-stripe's copy of an invoice. The mirror's faults are logged and stay its own."""
    try:
        with patiently():
            invoice = billing_calls.retrieve_invoice(invoice_id)
            customer = billing_calls.retrieve_customer(invoice.customer_id)
        mirror.feed_invoice(invoice.raw, customer=customer)
    except Exception:  # whatever dj-stripe stumbles over
        logger.exception("mirror_failed object=invoice")
