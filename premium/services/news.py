"""What people are told of their Premium: each mail once, by a key of Stripe's facts, however often the news comes.

kind                     ids                              when
premium_welcome          subscription                     it begins
premium_receipt          invoice                          a card was charged
premium_payment_failed   invoice, is_last                 a payment failed; is_last: the grace is over in 2 days
premium_canceled         subscription, reason             scheduled: it was asked to end with its period ·
                                                          ended: it is over · extra: paid twice, the second is refunded
premium_ending           subscription                     3 days before it ends with its period
"""

from notifications.services.outbox import enqueue
from premium.models import PremiumInvoice, Subscription

Status = Subscription.Status
LIVELY = (Status.ACTIVE, Status.TRIALING)
SCHEDULED, ENDED, EXTRA = "scheduled", "ended", "extra"


def tell_of_subscription(subscription: Subscription) -> None:
    """Queue what its present state has to say, customer locked."""
    if subscription.is_extra:
        tell_canceled(subscription, reason=EXTRA)
        return
    if subscription.status in LIVELY:
        _tell("premium_welcome", subscription)
    if subscription.status == Status.CANCELED:
        tell_canceled(subscription, reason=ENDED)
    elif subscription.cancel_at_period_end and subscription.canceled_at:
        asked_at = int(subscription.canceled_at.timestamp())
        tell_canceled(subscription, reason=SCHEDULED, key=f":{asked_at}")


def tell_canceled(subscription: Subscription, *, reason: str, key: str = "") -> None:
    """That it is to end, is over, or was one too many."""
    enqueue(
        "premium_canceled",
        key=f"premium_canceled:{subscription.stripe_subscription_id}:{reason}{key}",
        to=subscription.user.email,
        ids={"subscription": subscription.pk, "reason": reason},
    )


def tell_ending(subscription: Subscription) -> None:
    """That Premium ends in a few days; once for each period."""
    end = int(subscription.current_period_end.timestamp())
    _tell("premium_ending", subscription, key=f":{end}")


def tell_of_invoice(invoice: PremiumInvoice) -> None:
    """The receipt once it is charged, or that a payment failed: once for each attempt.

    Somebody whose very first payment fails is on Stripe's page and sees it there.
    """
    if invoice.charged_amount:
        enqueue(
            "premium_receipt",
            key=f"premium_receipt:{invoice.stripe_invoice_id}",
            to=invoice.user.email,
            ids={"invoice": invoice.pk},
        )
    elif invoice.is_failing and invoice.billing_reason != "subscription_create":
        tell_payment_failed(invoice, key=str(invoice.attempt_count), is_last=False)


def tell_payment_failed(invoice: PremiumInvoice, *, key: str, is_last: bool) -> None:
    """That a payment failed and how to fix it."""
    enqueue(
        "premium_payment_failed",
        key=f"premium_payment_failed:{invoice.stripe_invoice_id}:{key}",
        to=invoice.user.email,
        ids={"invoice": invoice.pk, "is_last": is_last},
    )


def _tell(kind: str, subscription: Subscription, *, key: str = "") -> None:
    enqueue(
        kind,
        key=f"{kind}:{subscription.stripe_subscription_id}{key}",
        to=subscription.user.email,
        ids={"subscription": subscription.pk},
    )
