"""Somebody who subscribed twice, in two tabs: the second subscription is ended at Stripe and refunded in full."""

import logging

from connect import billing_calls
from connect.errors import GatewayError, GatewayRefused
from maly.crash import crash_point
from premium.models import Customer, PremiumInvoice, Subscription
from premium.services.refunds import refund_invoice
from premium.services.subscriptions import follow_subscription

logger = logging.getLogger(__name__)


def end_extra(subscription_id: int) -> bool:
    """End a subscription that is one too many and give its money back; whether all of that is done.

    Stripe's silence is no fault of whoever asked: the sweep goes on with it. Safe to call twice.
    """
    subscription = Subscription.objects.get(pk=subscription_id)
    assert subscription.is_extra, subscription
    try:
        if not subscription.is_over:
            _end(subscription)
        for invoice_id in _charged(subscription):
            refund_invoice(invoice_id)
    except GatewayError as error:
        logger.warning("extra_not_ended subscription=%s error=%s", subscription, type(error).__name__)
        return False
    return True


def end_extras_of(customer: Customer) -> None:
    """End whatever is too many of one person's, whichever of two was heard of last."""
    extra = Subscription.objects.filter(customer=customer, is_extra=True)
    for extra_id in list(extra.order_by("pk").values_list("pk", flat=True)):
        end_extra(extra_id)


def end_extras(*, limit: int = 100) -> int:
    """Go on with those that aren't ended or not refunded yet; returns how many are done with."""
    alive = Subscription.objects.filter(is_extra=True).exclude(status__in=Subscription.ENDED)
    paid = Subscription.objects.filter(is_extra=True, invoices__charged_amount__gt=0)
    unpaid_back = paid.filter(invoices__refunds__isnull=True)
    ids = {*alive.values_list("pk", flat=True)[:limit], *unpaid_back.values_list("pk", flat=True)[:limit]}
    return sum(end_extra(pk) for pk in sorted(ids))


def _end(subscription: Subscription) -> None:
    try:
        billing_calls.cancel_subscription(subscription.stripe_subscription_id)
    except GatewayRefused as error:
        if error.status != 404:  # it has ended already
            raise
    crash_point("premium_extra.canceled")
    follow_subscription(subscription.stripe_subscription_id)
    subscription.refresh_from_db()


def _charged(subscription: Subscription) -> list[int]:
    invoices = PremiumInvoice.objects.filter(subscription=subscription, charged_amount__gt=0)
    return list(invoices.order_by("pk").values_list("pk", flat=True))
